"""The frame builders: deterministic, spelled as the venues spell, and telling each venue's own traps."""

from __future__ import annotations

import doctest
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import powderkeg.testing.frames as builders
from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Liquidation
from powderkeg.domain.symbols import VENUE_SLUGS
from powderkeg.testing.frames import FRAMES, ForcedOrder, base, bitfinex, bitmex, deribit
from powderkeg.venues import VENUES, parse_frame

TS_MS = 1_790_000_000_123
RECEIVED_NS = 1_790_000_000_500_000_000


def order(venue_symbol: str, **facts: object) -> ForcedOrder:
    usual = {"position_side": "long", "qty": 5.0, "price": 250.0, "ts_ms": TS_MS}
    return ForcedOrder(venue_symbol=venue_symbol, **{**usual, **facts})


def positions(venue: str, frame: bytes) -> list[str]:
    if venue not in VENUES:
        pytest.skip(f"no parser for {venue} yet")
    events = parse_frame(venue, frame, RECEIVED_NS)
    return [event.position_side for event in events if isinstance(event, Liquidation)]


def test_every_venue_has_builders():
    """A venue that cannot be simulated cannot be checked either."""
    assert set(FRAMES) == set(VENUE_SLUGS)


def test_the_example_of_the_documentation_holds():
    """The frame shown in the docstring is the frame built."""
    assert doctest.testmod(builders).failed == 0
    assert doctest.testmod(builders).attempted > 0


@given(st.floats(1e-12, 1e14))
def test_numbers_in_text_are_exact_and_plain(amount):
    """Venues write no exponents; the text reads back as the same number."""
    spelled = base.text(amount)
    assert "e" not in spelled.lower()
    assert float(spelled) == amount
    assert Decimal(spelled) == Decimal(repr(amount))


@given(st.integers(1_300_000_000_000, 4_000_000_000_000))
def test_times_in_text_keep_their_milliseconds(ts_ms):
    """RFC 3339, as BitMEX and dYdX write it."""
    from powderkeg.domain.time import parse_instant

    assert parse_instant(base.iso(ts_ms)) == ts_ms * 1_000_000


def test_binance_sends_the_limit_beside_the_average():
    """`ap` is what was paid, `p` the limit on the bankruptcy side."""
    frame = builders.liquidation_frame(
        "binance-usdm",
        venue_symbol="BTCUSDT",
        position_side="short",
        qty=0.25,
        price=95_000.0,
        ts_ms=TS_MS,
        reference_price=95_400.5,
    )
    sent = json.loads(frame)["data"]["o"]
    assert (sent["S"], sent["ap"], sent["p"], sent["z"]) == ("BUY", "95000", "95400.5", "0.25")


@pytest.mark.parametrize(("flag", "direction"), [("T", "sell"), ("M", "buy"), ("MT", "sell")])
def test_deribit_names_the_taker_whoever_was_liquidated(flag, direction):
    """A closed long is a taker that sold, or a maker that sold to a taker that bought."""
    frame = deribit.flagged([order("BTC-PERPETUAL")], flag)
    (sent,) = json.loads(frame)["params"]["data"]
    assert (sent["liquidation"], sent["direction"]) == (flag, direction)
    assert sorted(positions("deribit", frame)) == (["long", "short"] if flag == "MT" else ["long"])


def test_bitmex_counts_an_order_once():
    """Inserted, changed and removed, one order is one liquidation."""
    row = order("XBTUSD")
    frames = [FRAMES["bitmex"].liquidations([row]), *bitmex.closing([row])]
    assert [positions("bitmex", frame) for frame in frames] == [["long"], [], []]


def test_bitfinex_counts_a_position_once():
    """The trigger counts; the execution of the same position does not."""
    row = order("tBTCF0:USTF0", reference_price=260.0)
    assert positions("bitfinex", FRAMES["bitfinex"].liquidations([row])) == ["long"]
    assert positions("bitfinex", bitfinex.executions([row])) == []


@pytest.mark.parametrize("venue", sorted(FRAMES))
def test_a_frame_holds_one_contract(venue):
    """Venues whose envelope names the contract could not tell two apart."""
    with pytest.raises(InputError, match="one contract"):
        builders.liquidations_frame(venue, [order("1"), order("2")])
    with pytest.raises(InputError, match="one contract"):
        builders.liquidations_frame(venue, [])


def test_venues_that_send_one_liquidation_a_frame_refuse_two():
    """Binance and Kraken send each on its own."""
    for venue in ("binance-usdm", "binance-coinm", "kraken-futures"):
        with pytest.raises(InputError, match="one liquidation per frame"):
            builders.liquidations_frame(venue, [order("1"), order("1")])


@pytest.mark.parametrize("venue", sorted(set(FRAMES) - {"binance-usdm", "binance-coinm", "kraken-futures"}))
def test_other_venues_send_all_rows_in_one_frame(venue):
    """As many rows as were asked for stand in the frame."""
    rows = [order("1", qty=700.0 + n, serial=n + 1) for n in range(4)]
    frame = builders.liquidations_frame(venue, rows)
    assert all(b"%d" % row.qty in frame for row in rows)


def test_what_a_venue_does_not_send_is_not_invented():
    """The message names the venue and what is missing."""
    with pytest.raises(InputError, match="dydx sends no mark price"):
        builders.mark_price_frame("dydx", venue_symbol="BTC-USD", mark_price=1.0, ts_ms=TS_MS)
    with pytest.raises(InputError, match="bybit repeats no liquidations"):
        builders.replay_frame("bybit", [order("BTCUSDT")])
    with pytest.raises(InputError, match="unknown venue"):
        builders.open_interest_frame("mtgox", venue_symbol="BTC", open_interest=1.0, ts_ms=TS_MS)


def test_open_interest_is_valued_where_the_venue_values_it():
    """OKX sends contracts, base and US dollars side by side."""
    frame = builders.open_interest_frame(
        "okx", venue_symbol="ETH-USDT-SWAP", open_interest=50.0, mark_price=3_000.0, ts_ms=TS_MS
    )
    (row,) = json.loads(frame)["data"]
    assert (row["oi"], row["oiCcy"], row["oiUsd"]) == ("50", "5", "15000")
