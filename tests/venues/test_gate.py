"""Gate: signed sizes, a promise that changed on a date, times of two magnitudes, the venue's own totals."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import BookSnapshot, FundingRate, IndexPrice, LiquidationBar, MarkPrice, OpenInterest
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED = 1_768_420_800_000_000_000
S = 1_768_420_799
T = S * 1000 + 123
NS = 1_000_000
SWITCH = 1_787_184_000_000  # 2026-08-20T00:00:00Z


def frame(channel, result, event="update", **more):
    return msgspec.json.encode({"time": S, "channel": f"futures.{channel}", "event": event, "result": result} | more)


def events(channel, result, event="update", **more):
    return parse_frame("gate", frame(channel, result, event, **more), RECEIVED)


def liquidated(**changes):
    return {"contract": "BTC_USDT", "size": 500, "price": "90000", "time": T} | changes


def test_the_sign_is_the_positions_so_above_zero_is_a_long():
    """Read as the order that closed it, it would be the other way round."""
    up, down = events("public_liquidates", [liquidated(), liquidated(size=-500)])
    assert (up.position_side, down.position_side) == ("long", "short")
    assert up.qty == down.qty == 500.0


@given(size=st.integers(1, 10**9), as_text=st.booleans(), sign=st.sampled_from([1, -1]))
def test_size_may_be_an_integer_or_a_decimal_text(size, as_text, sign):
    (event,) = events("public_liquidates", [liquidated(size=f"{sign * size}.5" if as_text else sign * size)])
    assert event.qty == (size + 0.5 if as_text else size)
    assert event.qty_base == pytest.approx(event.qty * 0.0001)
    assert event.notional_usd == pytest.approx(event.qty * 0.0001 * 90_000)


@pytest.mark.parametrize(
    ("time", "expected"), [({"time": S}, S * 1000), ({"time": T}, T), ({"time": S, "time_ms": T}, T)]
)
def test_time_is_told_by_its_magnitude(time, expected):
    row = liquidated(**time)
    assert events("public_liquidates", [row])[0].ts_event_ns == expected * NS


@pytest.mark.parametrize(("millis", "coverage"), [(SWITCH - 1, "latest_per_second"), (SWITCH, "all")])
def test_all_orders_are_sent_since_2026_08_20_by_event_time(millis, coverage):
    (event,) = events("public_liquidates", [liquidated(time=millis)])
    assert event.coverage == coverage


def test_a_single_object_is_read_like_a_list_of_one():
    assert events("public_liquidates", liquidated()) == events("public_liquidates", [liquidated()])


@pytest.mark.parametrize(
    ("name", "notional"),
    [("BTC_USD", 500.0), ("ETH_USDT", 500 * 0.01 * 90_000), ("ETH_USD", None), ("PEPE_USDT", None)],
)
def test_quantos_and_unlisted_contracts_have_no_dollar_value(name, notional):
    """ETH_USD settles in bitcoin: one dollar a contract would be wrong."""
    (event,) = events("public_liquidates", [liquidated(contract=name)])
    assert event.notional_usd == (notional and pytest.approx(notional))
    assert event.qty_unit == "contracts"


def test_a_listing_tells_the_sizes_that_names_do_not():
    rows = [{"name": "PEPE_USDT", "quanto_multiplier": "1000"}, {"name": "BTC_USD", "quanto_multiplier": "0"}]
    listed = VENUES["gate"].parse_instruments(msgspec.json.encode(rows))
    raw = frame("public_liquidates", [liquidated(contract="PEPE_USDT", price="0.01")])
    (event,) = parse_frame("gate", raw, RECEIVED, InstrumentMap(infer_instrument, listed))
    assert (event.qty_base, event.notional_usd) == (500_000.0, 5_000.0)
    assert listed[1] == infer_instrument("gate", "BTC_USD")


def test_the_venues_own_totals_are_reported_beside_open_interest():
    row = {"time": 1_768_420_740, "contract": "BTC_USDT", "open_interest": 1000, "open_interest_usd": 9000.5}
    row |= {"long_liq_size": 3, "long_liq_amount": 0.0003, "long_liq_usd": 27.0, "short_liq_usd": 0, "mark_price": 9e4}
    interest, bar = events("contract_stats", [row])
    assert isinstance(interest, OpenInterest)
    assert (interest.open_interest_contracts, interest.open_interest_usd) == (1000.0, 9000.5)
    assert interest.open_interest_base == pytest.approx(0.1)
    assert isinstance(bar, LiquidationBar)
    assert (bar.long_usd, bar.short_usd, bar.total_usd, bar.short_base) == (27.0, 0.0, 27.0, None)
    assert (bar.source, bar.interval_ns, bar.ts_event_ns) == ("gate contract_stats", 60 * 10**9, 1_768_420_740 * 10**9)


def test_trades_take_the_takers_sign_and_internal_ones_are_left_out():
    row = {"contract": "BTC_USDT", "id": 7, "price": "90000", "size": -20, "create_time": S, "create_time_ms": T}
    (event,) = events("trades", [row, row | {"is_internal": True}])
    assert (event.taker_side, event.trade_id, event.ts_event_ns) == ("sell", "7", T * NS)
    assert event.qty_base == pytest.approx(0.002)
    del row["create_time_ms"]
    assert events("trades", [row])[0].ts_event_ns == S * 1000 * NS


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: [row], lambda row: [[row]]])
def test_tickers_come_in_three_shapes(wrap):
    row = {
        "contract": "BTC_USDT",
        "mark_price": "5",
        "index_price": "6",
        "funding_rate": "0.0001",
        "total_size": "30000",
    }
    found = events("tickers", wrap(row), time_ms=T)
    assert [type(event) for event in found] == [MarkPrice, IndexPrice, FundingRate, OpenInterest]
    assert found[3].open_interest_base == pytest.approx(3.0)
    assert found[0].ts_event_ns == T * NS


def test_books_of_three_generations():
    old = {"contract": "BTC_USDT", "asks": [{"p": "4", "s": 1}, {"p": "3", "s": 2}], "bids": []}
    (whole,) = events("order_book", old, "all")
    assert isinstance(whole, BookSnapshot)
    assert [level.price for level in whole.asks] == [3.0, 4.0]
    update = {"t": T, "s": "BTC_USDT", "U": 4, "u": 6, "b": [{"p": "1", "s": "0"}], "a": []}
    (change,) = events("order_book_update", update)
    assert (change.first_update_id, change.last_update_id, change.ts_event_ns) == (4, 6, T * NS)
    assert isinstance(events("order_book_update", update | {"full": True})[0], BookSnapshot)


def test_a_legacy_level_that_vanished_is_taken_from_both_sides():
    """Its size 0 does not say which side it stood on."""
    rows = [{"p": "1", "s": 5, "c": "A_USDT"}, {"p": "2", "s": -6, "c": "A_USDT"}, {"p": "3", "s": 0, "c": "A_USDT"}]
    change, other = events("order_book", [*rows, {"p": "9", "s": 1, "c": "B_USDT"}])
    assert [(level.price, level.qty) for level in change.bids] == [(1.0, 5.0), (3.0, 0.0)]
    assert [(level.price, level.qty) for level in change.asks] == [(2.0, 6.0), (3.0, 0.0)]
    assert other.symbol == "B/USDT:USDT"


@pytest.mark.parametrize(
    ("channel", "event", "more"),
    [
        ("trades", "subscribe", {}),
        ("trades", "unsubscribe", {}),
        ("trades", "subscribe", {"error": {"code": 2, "message": "unknown contract"}}),
        ("pong", "", {}),
        ("book_ticker", "update", {}),
        ("candlesticks", "update", {}),
    ],
)
def test_replies_and_unused_channels_say_nothing(channel, event, more):
    assert events(channel, {"status": "success"}, event, **more) == ()


@pytest.mark.parametrize(
    "changes",
    [{"size": 0}, {"size": "NaN"}, {"size": "1e308"}, {"price": "0"}, {"price": -1}, {"time": 5}, {"time": None},
     {"contract": "BTCUSDT"}, {"contract": "btc_usdt"}, {"contract": None}],
)  # fmt: skip
def test_one_bad_row_takes_the_frame_with_it(changes):
    with pytest.raises(VenueProtocolError):
        events("public_liquidates", [liquidated(), liquidated(**changes)])


def test_unknown_channels_are_quarantined():
    with pytest.raises(VenueProtocolError, match="unknown channel"):
        events("liquidates", [])


def test_each_path_is_asked_for_all_liquidations_and_its_own_contracts():
    messages = VENUES["gate"].subscriptions.messages
    usdt, btc = (messages(path, ("BTC_USDT", "BTC_USD")) for path in ("usdt", "btc"))
    assert all('"payload":["!all"]' in each[0] for each in (usdt, btc))
    assert '["BTC_USDT","1m"]' in " ".join(usdt)
    assert "BTC_USDT" not in " ".join(btc)
