"""Streaming totals equal the batch sum to the last bit, for any window, any order of arrival, after every update."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stats_naive import T0, exact_sum, liquidation, window_sum

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S
from powderkeg.stats import liquidations
from powderkeg.stats.liquidations import WINDOWS_NS, LiquidationSums, LiquidationTotals
from powderkeg.stats.undercount import sampled_orders_of, undercounts
from powderkeg.stats.window import Bars

HOUR = NS_PER_HOUR


@st.composite
def events(draw, most=40):
    """Orders over 30 hours at odd nanoseconds, some of unknown notional, on a few series."""
    made = []
    for _ in range(draw(st.integers(1, most))):
        usd = draw(st.one_of(st.none(), st.floats(0.01, 1e9)))
        made.append(
            liquidation(
                T0 + draw(st.integers(0, 30 * HOUR)),
                usd,
                venue=draw(st.sampled_from(["bybit", "binance-usdm"])),
                symbol=draw(st.sampled_from(["BTC/USDT:USDT", "1000PEPE/USDT:USDT"])),
                position_side=draw(st.sampled_from(["long", "short"])),
                coverage=draw(st.sampled_from(["all", "latest_per_second"])),
                price=1.0 if usd is None else usd / 7,
            )
        )
    return made


def filled(events, **more):
    totals = LiquidationTotals(**more)
    for event in events:
        totals.update(event)
    return totals


@given(events(), st.sampled_from(WINDOWS_NS), st.integers(0, 31 * HOUR))
def test_every_window_equals_the_batch_sum(made, window_ns, offset):
    """Sum, count, largest and unknown count of each series, at any nanosecond as the end, half-open."""
    as_of_ns = T0 + offset
    found = filled(made, retention_ns=60 * HOUR).groups(as_of_ns, window_ns)
    inside = [event for event in made if as_of_ns - window_ns <= event.ts_event_ns < as_of_ns]
    assert sum(group.count for group in found) == len(inside)
    for group in found:
        key = (group.venue, group.symbol, group.position_side, group.coverage)
        same = [e for e in inside if (e.venue, e.symbol, e.position_side, e.coverage) == key]
        known = [e for e in same if e.notional_usd is not None]
        assert group.notional_usd == exact_sum(e.notional_usd for e in known)
        assert group.unknown_notional_count == len(same) - len(known)
        if known:
            largest = min(known, key=lambda e: (-e.notional_usd, e.ts_event_ns))
            assert (group.largest_usd, group.largest_ts_ns) == (largest.notional_usd, largest.ts_event_ns)
            assert group.largest_price == largest.price
        else:
            assert group.largest_usd is None


@given(events(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(made, random):
    """Shuffled events give the same groups and orders, bit for bit."""
    shuffled = random.sample(made, len(made))
    as_of_ns = T0 + 31 * HOUR
    one, other = filled(made, retention_ns=60 * HOUR), filled(shuffled, retention_ns=60 * HOUR)
    assert set(one.groups(as_of_ns, 31 * HOUR)) == set(other.groups(as_of_ns, 31 * HOUR))


@given(events())
def test_history_bars_add_up_to_the_window(made):
    """Bars of an hour over a span sum to the window of that span, and each bar holds its own hour."""
    totals = filled(made, retention_ns=60 * HOUR)
    bars = totals.bars((T0, T0 + 31 * HOUR), HOUR)
    assert exact_sum(bar.notional_usd for bar in bars) == pytest.approx(window_sum(made, T0, T0 + 31 * HOUR), rel=1e-12)
    assert sum(bar.count for bar in bars) == len(made)
    for bar in bars:
        members = {"venue": bar.venue, "symbol": bar.symbol, "position_side": bar.position_side}
        assert bar.notional_usd == window_sum(made, bar.open_ns, bar.open_ns + HOUR, coverage=bar.coverage, **members)


@given(events())
def test_sampled_orders_are_those_of_the_events(made):
    """The columns that feed estimates are the same whether read from the totals or from the events."""
    span = (T0, T0 + 31 * HOUR)
    columns = filled(made, retention_ns=60 * HOUR).sampled_orders(span)
    direct = sampled_orders_of(made)
    assert columns.feeds == direct.feeds
    found, wanted = (undercounts(orders, *(span[0], 31 * HOUR)) for orders in (columns, direct))
    assert found.keys() == wanted.keys()
    for key, figures in wanted.items():
        assert found[key].total.floor_usd == pytest.approx(figures.total.floor_usd)
        assert found[key].total.estimate_usd == pytest.approx(figures.total.estimate_usd)


@given(events())
def test_bars_of_sums_are_the_bars_of_the_totals(made):
    """The streaming bars, told as the watermark passes, hold what the totals hold of the same hours."""
    stream = Bars(HOUR, 60 * HOUR, LiquidationSums)
    told = [bar for event in made for bar in stream.update(event).bars] + list(stream.flush())
    found = {msgspec.structs.replace(group, open_ns=bar.open_ns) for bar in told for group in bar.figure}
    assert found == set(filled(made, retention_ns=60 * HOUR).bars((T0, T0 + 31 * HOUR), HOUR))


def test_removing_and_adding_does_not_drift():
    """A huge order that leaves the window leaves nothing of itself behind."""
    totals = filled([liquidation(T0, 1e15 - 1), *(liquidation(T0 + i * NS_PER_S, 0.01) for i in range(1, 101))])
    (group,) = totals.groups(T0 + HOUR, HOUR - NS_PER_S)
    assert group.notional_usd == exact_sum([0.01] * 100)
    assert group.count == 100


def test_windows_are_half_open():
    totals = filled([liquidation(T0, 1.0), liquidation(T0 + HOUR, 2.0)])
    (first,) = totals.groups(T0 + HOUR, HOUR)
    (second,) = totals.groups(T0 + HOUR + 1, HOUR)
    assert (first.notional_usd, second.notional_usd) == (1.0, 2.0)
    with pytest.raises(InputError, match="empty"):
        totals.groups(T0, 0)


def test_an_id_counts_once_per_venue_symbol_and_side():
    """A replayed order is a duplicate; a trade in which both sides were liquidated is two orders with one id."""
    totals = LiquidationTotals()
    assert totals.update(liquidation(T0, event_id="7")) == "counted"
    assert totals.update(liquidation(T0 + 5 * HOUR, event_id="7")) == "duplicate"
    assert totals.update(liquidation(T0, event_id="7", position_side="long")) == "counted"
    assert totals.update(liquidation(T0, event_id="7", symbol="ETH/USDT:USDT")) == "counted"
    assert totals.update(liquidation(T0, event_id="7", venue="deribit")) == "counted"
    assert totals.update(liquidation(T0)) == "counted"
    assert totals.update(liquidation(T0)) == "counted"  # without an id, equal rows can be two orders
    assert totals.duplicate_count == 1
    assert sum(group.count for group in totals.groups(T0 + 6 * HOUR, 6 * HOUR)) == 6


def test_remembered_ids_are_bounded_and_the_newest_half_is_kept(monkeypatch):
    monkeypatch.setattr(liquidations, "MAX_EVENT_IDS", 10)
    totals = LiquidationTotals()
    for number in range(100):
        totals.update(liquidation(T0 + number, event_id=str(number)))
        assert len(totals._ids) + len(totals._older_ids) <= 10
        assert totals.update(liquidation(T0 + number, event_id=str(max(number - 4, 0)))) == "duplicate"


def test_what_is_older_than_the_retention_is_refused_and_said():
    """The event comes back as late, and a window that would miss it is an error, not a low number."""
    totals = LiquidationTotals(retention_ns=2 * HOUR)
    totals.update(liquidation(T0 + 10 * HOUR))
    assert totals.update(liquidation(T0)) == "late"
    assert totals.late_count == 1
    assert totals.groups(T0 + 10 * HOUR + 1, HOUR)[0].count == 1
    with pytest.raises(InputError, match=r"no longer kept .*retention 2h"):
        totals.groups(T0 + 10 * HOUR, 11 * HOUR)


def test_memory_is_bounded_by_the_retention():
    """A day of orders through a two-hour retention leaves two hours of them, and no empty series."""
    totals = LiquidationTotals(retention_ns=2 * HOUR)
    for minute in range(24 * 60):
        totals.update(liquidation(T0 + minute * NS_PER_MINUTE, symbol=f"C{minute // 60}/USDT:USDT"))
    assert len(totals._series) <= 4
    assert sum(len(series.times) for series in totals._series.values()) <= 2 * 60 + 12
    assert sum(group.count for group in totals.groups(T0 + 24 * HOUR, 2 * HOUR)) == 120
    with pytest.raises(InputError, match="no longer kept"):
        totals.groups(T0 + 24 * HOUR, 5 * HOUR)


def test_a_time_from_the_far_future_does_not_push_out_the_day():
    """One bad time of a venue evicts nothing that the day's windows need."""
    totals = LiquidationTotals()
    totals.update(liquidation(T0))
    totals.update(liquidation(T0 + 9_000 * HOUR, ts_received_ns=T0 + HOUR))
    assert totals.update(liquidation(T0 + HOUR)) == "counted"
    assert totals.groups(T0 + 2 * HOUR, 4 * HOUR)[0].count == 2


def test_totals_are_by_whatever_is_asked():
    """Rows per coin x venue by default; each split adds up to the whole."""
    made = [
        liquidation(T0 + i * NS_PER_S, 10.0 * i, venue=venue, symbol=symbol, position_side=side)
        for i, (venue, symbol, side) in enumerate(
            (v, s, p)
            for v in ("bybit", "okx")
            for s in ("BTC/USDT:USDT", "BTC/USD:BTC", "1000PEPE/USDT:USDT")
            for p in ("long", "short")
        )
    ]
    totals = filled(made)
    counts = Counter()
    for by in ((), ("coin",), ("coin", "venue"), ("symbol",), ("venue", "position_side")):
        table = totals.totals(T0 + HOUR, HOUR, by)
        counts[by] = len(table.rows)
        assert exact_sum(row.total_usd for row in table.rows) == window_sum(made, T0, T0 + HOUR)
    assert counts == {(): 1, ("coin",): 2, ("coin", "venue"): 4, ("symbol",): 3, ("venue", "position_side"): 4}
    assert {row.coin for row in totals.totals(T0 + HOUR, HOUR).rows} == {"BTC", "PEPE"}
