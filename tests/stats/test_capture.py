"""Captured beside reported: an audit of our own feed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.events import LiquidationBar
from powderkeg.domain.time import NS_PER_MINUTE
from powderkeg.stats import capture
from powderkeg.stats.capture import CaptureAudit
from powderkeg.testing.frames import liquidation_frame
from powderkeg.venues import parse_frame

TS_MS = 1_789_570_200_000
(ORDER,) = parse_frame(
    "gate",
    liquidation_frame("gate", venue_symbol="BTC_USDT", position_side="long", qty=25, price=95_000.5, ts_ms=TS_MS),
    TS_MS * 1_000_000,
)


def order(minute, position_side, notional_usd):
    at_ns = ORDER.ts_event_ns + minute * NS_PER_MINUTE + 7
    return msgspec.structs.replace(ORDER, position_side=position_side, notional_usd=notional_usd, ts_event_ns=at_ns)


def bar(minute, long_usd, short_usd, interval_ns=NS_PER_MINUTE):
    at_ns = ORDER.ts_event_ns + minute * NS_PER_MINUTE
    total = None if long_usd is None else long_usd + short_usd
    return LiquidationBar(
        "gate", ORDER.symbol, "test", interval_ns, None, None, long_usd, short_usd, total, None, at_ns, at_ns
    )


orders = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["long", "short"]), st.integers(1, 10**6)), max_size=40)
bars = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)))


@given(orders=orders, bars=bars, data=st.data())
def test_each_interval_holds_its_own_sums_in_any_order(orders, bars, data):
    """Against plain sums; bars may come before, between or after the orders."""
    events = [order(*each) for each in orders] + [bar(minute, *pair) for minute, pair in bars.items()]
    audit = CaptureAudit(NS_PER_MINUTE)
    for event in data.draw(st.permutations(events)):
        audit.update(event)
    rows = audit.rows()
    assert [(row.from_ns - ORDER.ts_event_ns) // NS_PER_MINUTE for row in rows] == sorted(bars)
    for row, minute in zip(rows, sorted(bars), strict=True):
        wanted = tuple(
            sum(usd for at, side, usd in orders if (at, side) == (minute, whose)) for whose in ("long", "short")
        )
        assert row.captured_usd == wanted
        assert row.reported_usd == bars[minute]
        assert row.captured_ratio == (sum(wanted) / sum(bars[minute]) if sum(bars[minute]) else None)


def test_the_last_bar_of_an_interval_counts():
    """A venue pushes the running minute again and again."""
    audit = CaptureAudit(NS_PER_MINUTE)
    for event in (bar(0, 100, 0), order(0, "long", 150.0), bar(0, 200, 100)):
        audit.update(event)
    assert audit.rows()[0].captured_ratio == pytest.approx(0.5)


def test_what_is_not_known_is_left_out():
    """Bars of another interval, bars without figures, orders without notional."""
    audit = CaptureAudit(NS_PER_MINUTE)
    for event in (bar(0, 1, 1, interval_ns=60 * NS_PER_MINUTE), bar(1, None, None), order(2, "short", None)):
        audit.update(event)
    assert audit.rows() == ()
    audit.update(bar(2, 0.0, 10.0))
    assert audit.rows()[0].captured_usd == (0.0, 0.0)


def test_memory_is_bounded(monkeypatch):
    """The oldest intervals are forgotten."""
    monkeypatch.setattr(capture, "MAX_INTERVALS", 3)
    audit = CaptureAudit(NS_PER_MINUTE)
    for minute in range(10):
        audit.update(bar(minute, 1.0, 1.0))
        audit.update(order(minute, "long", 1.0))
    assert len(audit.rows()) == 3
    assert audit.rows()[-1].captured_ratio == pytest.approx(0.5)
