"""Binance COIN-M: contracts of 100 and of 10 dollars."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import IndexPrice, OpenInterest
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.registry import infer_instrument

RECEIVED = 1_768_420_800_000_000_000
T = 1_768_420_799_123


def events(data, stream="x"):
    return parse_frame("binance-coinm", msgspec.json.encode({"stream": stream, "data": data}), RECEIVED)


def forced(symbol, **changes):
    order = {"s": symbol, "ps": symbol.split("_")[0], "S": "BUY", "q": "7", "p": "90", "ap": "80", "z": "7", "T": T}
    return {"e": "forceOrder", "E": T, "o": order | changes}


@given(contracts=st.integers(1, 10**6), price=st.floats(0.01, 200_000))
def test_dollars_are_contracts_times_face_whatever_the_price(contracts, price):
    """Quantity times price, right for USD-M, would be wrong by the square of it."""
    (btc,) = events(forced("BTCUSD_PERP", z=str(contracts), ap=repr(price)))
    (eth,) = events(forced("ETHUSD_261225", z=str(contracts), ap=repr(price)))
    assert (btc.notional_usd, eth.notional_usd) == (contracts * 100.0, contracts * 10.0)
    assert btc.qty_base == pytest.approx(contracts * 100 / price)
    assert (btc.position_side, btc.qty_unit) == ("short", "contracts")


def test_trades_count_contracts_too():
    message = {"e": "aggTrade", "E": T, "a": 1, "s": "BTCUSD_PERP", "p": "50000", "q": "5", "T": T, "m": False}
    (event,) = events(message)
    assert (event.notional_usd, event.qty_base) == (500.0, pytest.approx(0.01))


def test_an_index_named_by_its_pair_is_filed_under_the_perpetual():
    (event,) = events({"e": "indexPriceUpdate", "E": T, "i": "BNBUSD", "p": "600"})
    assert (type(event), event.symbol, event.index_price) == (IndexPrice, "BNB/USD:BNB", 600.0)


def test_polled_open_interest_is_contracts_and_dollars():
    (event,) = events({"symbol": "BTCUSD_PERP", "openInterest": "15", "time": T}, "btcusd_perp@openInterest")
    assert isinstance(event, OpenInterest)
    assert (event.open_interest_contracts, event.open_interest_usd, event.open_interest_base) == (15.0, 1500.0, None)


@pytest.mark.parametrize("name", ["BTCUSDT", "btcusd_perp", "BTCUSD", "USD_PERP", "BTCUSD_209999"])
def test_names_of_other_markets_are_refused(name):
    with pytest.raises(VenueProtocolError):
        events(forced(name))


def test_the_listing_tells_contract_sizes_and_agrees_with_the_names():
    rows = [
        {"symbol": "BTCUSD_PERP", "baseAsset": "BTC", "quoteAsset": "USD", "marginAsset": "BTC", "contractSize": 100},
        {"symbol": "XRPUSD_261225", "baseAsset": "XRP", "quoteAsset": "USD", "marginAsset": "XRP", "contractSize": 10},
    ]
    listed = VENUES["binance-coinm"].parse_instruments(msgspec.json.encode({"symbols": rows}))
    assert listed == tuple(infer_instrument("binance-coinm", row["symbol"]) for row in rows)


def test_both_readings_of_the_url_move_can_be_subscribed():
    subscriptions = VENUES["binance-coinm"].subscriptions
    assert {"legacy", "market", "public"} == set(subscriptions.urls)
    whole = " ".join(subscriptions.messages("legacy", ("BTCUSD_PERP",)))
    parts = [" ".join(subscriptions.messages(path, ("BTCUSD_PERP",))) for path in ("market", "public")]
    assert all(stream in whole for stream in ("!forceOrder@arr", "btcusd_perp@depth", subscriptions.canary))
    assert "!forceOrder@arr" in parts[0]
    assert "btcusd_perp@depth" in parts[1]
