"""Deribit: forced makers, trades forced on both sides, dollars against coins, options and combinations."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import (
    BookDelta,
    BookLevel,
    BookSnapshot,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Trade,
)
from powderkeg.domain.symbols import parts_of
from powderkeg.venues import VENUES, parse_frame

AT_MS = 1_762_000_000_123
AT_NS = AT_MS * 1_000_000
RECEIVED_NS = AT_NS + 40_000_000


def notify(channel, data):
    message = {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
    return parse_frame("deribit", json.dumps(message).encode(), RECEIVED_NS)


def reply(message):
    return parse_frame("deribit", json.dumps(message).encode(), RECEIVED_NS)


def trade_row(name="BTC-PERPETUAL", **changes):
    row = {
        "trade_seq": 7,
        "trade_id": "5001",
        "timestamp": AT_MS,
        "price": 50_000.0,
        "instrument_name": name,
        "index_price": 50_010.0,
        "direction": "buy",
        "amount": 1000.0,
    }
    return row | changes


def trades(*rows):
    return notify("trades.BTC-PERPETUAL.100ms", list(rows))


def liquidations(*rows):
    return [event for event in trades(*rows) if isinstance(event, Liquidation)]


@pytest.mark.parametrize(
    ("flag", "direction", "positions"),
    [
        ("T", "sell", ["long"]),
        ("T", "buy", ["short"]),
        ("M", "buy", ["long"]),  # naive: the taker bought, "a short was liquidated"
        ("M", "sell", ["short"]),
        ("MT", "buy", ["short", "long"]),
        ("MT", "sell", ["long", "short"]),
    ],
)
def test_the_flag_says_whose_position_was_closed(flag, direction, positions):
    found = liquidations(trade_row(liquidation=flag, direction=direction))
    assert [event.position_side for event in found] == positions


def test_a_trade_forced_on_both_sides_is_two_liquidations_that_stay_two():
    """Ids differ, so that removing repeats by id keeps both; the volume is still one trade."""
    events = trades(trade_row(liquidation="MT"))
    assert [type(event) for event in events] == [Trade, Liquidation, Liquidation]
    assert [event.event_id for event in events[1:]] == ["5001", "5001-M"]
    assert [event.qty for event in events[1:]] == [1000.0, 1000.0]


@given(flag=st.sampled_from(["M", "T", "MT"]))
def test_mirroring_the_taker_mirrors_every_position(flag):
    other = {"long": "short", "short": "long"}
    bought = liquidations(trade_row(liquidation=flag, direction="buy"))
    sold = liquidations(trade_row(liquidation=flag, direction="sell"))
    assert [other[event.position_side] for event in bought] == [event.position_side for event in sold]


def test_inverse_amounts_are_dollars():
    """Reading `amount` as coins would make 1,000 dollars of bitcoin fifty million."""
    trade, liquidation = trades(trade_row(liquidation="T", direction="sell"))
    assert trade == Trade("deribit", "BTC/USD:BTC", 50_000.0, 0.02, 1000.0, "sell", "5001", AT_NS, RECEIVED_NS)
    assert liquidation == Liquidation(
        venue="deribit",
        symbol="BTC/USD:BTC",
        position_side="long",
        qty=1000.0,
        qty_unit="usd",
        qty_base=0.02,
        notional_usd=1000.0,
        price=50_000.0,
        price_kind="fill",
        order_price=None,
        fill_price=50_000.0,
        bankruptcy_price=None,
        coverage="all",
        event_id="5001",
        ts_event_ns=AT_NS,
        ts_received_ns=RECEIVED_NS,
        ts_is_received=False,
    )


def test_linear_amounts_are_base():
    row = trade_row("SOL_USDC-PERPETUAL", amount=12.0, price=150.0, liquidation="T")
    (event,) = liquidations(row)
    assert (event.symbol, event.qty_unit) == ("SOL/USDC:USDC", "base")
    assert (event.qty_base, event.notional_usd) == (12.0, 1800.0)


def test_an_option_priced_in_its_coin_has_no_dollar_notional():
    """0.02 x 5 contracts is 0.1 bitcoin of premium, not ten cents."""
    trade, liquidation = trades(trade_row("BTC-25DEC26-60000-C", price=0.02, amount=5.0, liquidation="T"))
    assert trade.symbol == "BTC/USD:BTC-261225-60000-C"
    assert (trade.qty_base, trade.notional_usd) == (5.0, None)
    assert (liquidation.qty_base, liquidation.notional_usd) == (5.0, None)


def test_an_option_priced_in_usdc_has_one():
    (trade,) = trades(trade_row("SOL_USDC-9MAR24-1d5-P", price=0.25, amount=100.0))
    assert (trade.symbol, trade.notional_usd) == ("SOL/USDC:USDC-240309-1.5-P", 25.0)


def test_block_trades_cross_no_spread():
    assert trades(trade_row(block_trade_id="77")) == ()
    assert len(liquidations(trade_row(block_trade_id="77", liquidation="T"))) == 1


@pytest.mark.parametrize("name", ["BTC-FS-26DEC25_PERP", "BTC-STRD-26DEC25-90000", "ETH-CSR12-26DEC25-1_2", "BTC_USDC"])
def test_combinations_and_spot_give_nothing(name):
    """Combinations trade at negative prices, and their legs print on their own."""
    assert trades(trade_row(name, price=-12.5), trade_row()) == trades(trade_row())
    assert notify(f"ticker.{name}.100ms", {"instrument_name": name, "mark_price": -3.0, "timestamp": AT_MS}) == ()
    assert notify(f"book.{name}.100ms", {"anything": 1}) == ()


def test_ticker_of_an_inverse_perpetual():
    ticker = {
        "instrument_name": "ETH-PERPETUAL",
        "timestamp": AT_MS,
        "mark_price": 3901.5,
        "index_price": 3900.0,
        "open_interest": 5_000_000,
        "current_funding": 0.00012,
        "funding_8h": 0.00007,
    }
    of, at = ("deribit", "ETH/USD:ETH"), (AT_NS, RECEIVED_NS)
    assert notify("ticker.ETH-PERPETUAL.100ms", ticker) == (
        MarkPrice(*of, 3901.5, *at),
        IndexPrice(*of, 3900.0, *at),
        FundingRate(*of, 0.00012, 8.0, None, *at),
        OpenInterest(*of, None, None, 5_000_000.0, *at),
    )


def test_an_incremental_ticker_says_only_what_changed():
    change = {"type": "change", "instrument_name": "BTC-PERPETUAL", "timestamp": AT_MS, "mark_price": 1.5}
    events = notify("incremental_ticker.BTC-PERPETUAL", change)
    assert [type(event) for event in events] == [MarkPrice]


def test_the_mark_of_an_option_in_its_coin_is_not_passed_off_as_dollars():
    ticker = {"instrument_name": "BTC-25DEC26-60000-C", "timestamp": AT_MS, "mark_price": 0.02, "open_interest": 9.5}
    (interest,) = notify("ticker.BTC-25DEC26-60000-C.100ms", ticker)
    assert interest == OpenInterest("deribit", "BTC/USD:BTC-261225-60000-C", 9.5, None, None, AT_NS, RECEIVED_NS)


def book(**changes):
    data = {
        "instrument_name": "BTC-PERPETUAL",
        "timestamp": AT_MS,
        "change_id": 20,
        "bids": [["new", 100.0, 10.0], ["new", 101.0, 20.0]],
        "asks": [["delete", 103.0, 0.0], ["change", 102.0, 5.0]],
    }
    return notify("book.BTC-PERPETUAL.100ms", data | changes)[0]


def test_the_first_book_is_a_snapshot_in_both_generations():
    assert isinstance(book(), BookSnapshot)
    assert isinstance(book(type="snapshot", prev_change_id=19), BookSnapshot)
    assert isinstance(book(type="change", prev_change_id=0), BookDelta)


def test_book_changes_carry_their_chain_and_deletions():
    delta = book(prev_change_id=19)
    assert (delta.previous_update_id, delta.last_update_id, delta.qty_unit) == (19, 20, "usd")
    assert delta.bids == (BookLevel(101.0, 20.0), BookLevel(100.0, 10.0))
    assert delta.asks == (BookLevel(102.0, 5.0), BookLevel(103.0, 0.0))


def test_a_grouped_book_is_whole_each_time():
    data = {"instrument_name": "BTC-PERPETUAL", "timestamp": AT_MS, "change_id": 4, "bids": [[9.0, 1.0]], "asks": []}
    (snapshot,) = notify("book.BTC-PERPETUAL.none.10.100ms", data)
    assert snapshot == BookSnapshot("deribit", "BTC/USD:BTC", (BookLevel(9.0, 1.0),), (), "usd", 4, AT_NS, RECEIVED_NS)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": ["trades.BTC-PERPETUAL.100ms"]},
        {"jsonrpc": "2.0", "id": 1, "result": None},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": 10_000, "message": "authorization_required"}},
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}},
        {
            "jsonrpc": "2.0",
            "method": "subscription",
            "params": {"channel": "platform_state", "data": {"locked": "false"}},
        },
        {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "quote.BTC-PERPETUAL", "data": {}}},
    ],
)
def test_known_messages_without_a_meaning_here_give_nothing(message):
    assert reply(message) == ()


@pytest.mark.parametrize(
    "row",
    [
        trade_row(liquidation="X"),
        trade_row(direction="BUY"),
        trade_row(price=-1.0),
        trade_row(price=1e308),
        trade_row(amount=0),
        trade_row(timestamp=AT_MS // 1000),
        trade_row("BTC-32DEC26"),
        trade_row("BTC-PERP"),
        {"trade_id": "1"},
    ],
)
def test_one_bad_row_quarantines_the_frame(row):
    with pytest.raises(VenueProtocolError, match="deribit"):
        trades(trade_row(), row)


@pytest.mark.parametrize("message", [{}, [], {"jsonrpc": "2.0", "id": 1}, {"method": "subscription"}, {"method": "?"}])
def test_what_is_no_known_message_is_quarantined(message):
    with pytest.raises(VenueProtocolError, match="deribit"):
        reply(message)


def test_an_unknown_channel_is_quarantined():
    with pytest.raises(VenueProtocolError, match="unknown channel 'gossip"):
        notify("gossip.BTC-PERPETUAL", {})


@given(
    base=st.sampled_from(["BTC", "ETH", "XRP_USDC"]),
    day=st.dates(min_value=dt.date(2016, 1, 1), max_value=dt.date(2099, 12, 31)),
)
def test_expiries_are_read_as_written(base, day):
    """Independent road: the calendar prints the date both ways; a day below ten may come without its zero."""
    for text in {f"{day:%d}", str(day.day)}:
        name = f"{base}-{text}{day.strftime('%b').upper()}{day:%y}"
        assert parts_of(VENUES["deribit"].infer_instrument(name).symbol).expiry == f"{day:%y%m%d}"


def test_the_listing_gives_contract_sizes_of_futures_and_options():
    rows = [
        {"instrument_name": "BTC-PERPETUAL", "kind": "future", "contract_size": 10.0},
        {"instrument_name": "ETH-25DEC26-4000-P", "kind": "option", "contract_size": 1},
        {"instrument_name": "BTC_USDC", "kind": "spot", "contract_size": 0.0001},
        {"instrument_name": "BTC-FS-26DEC25_PERP", "kind": "future_combo", "contract_size": 10.0},
    ]
    listed = VENUES["deribit"].parse_instruments(json.dumps({"jsonrpc": "2.0", "result": rows}).encode())
    assert [(each.symbol, each.contract_size) for each in listed] == [
        ("BTC/USD:BTC", 10.0),
        ("ETH/USD:ETH-261225-4000-P", 1.0),
    ]


def test_requests_stay_under_the_limit_of_channels():
    subscriptions = VENUES["deribit"].subscriptions
    names = tuple(f"C{number}_USDC-PERPETUAL" for number in range(400))
    requests = [json.loads(text) for text in subscriptions.messages("market", names)]
    channels = [channel for request in requests for channel in request["params"]["channels"]]
    assert max(len(request["params"]["channels"]) for request in requests) <= 500
    assert len(channels) == len(set(channels)) == 3 * len(names)
    assert len({request["id"] for request in requests}) == len(requests)


def test_recorded_sessions_are_all_understood(shared_data):
    """Every recorded trade gives one trade; every flagged one a liquidation; options and combinations never fail."""
    recorded = json.loads((shared_data / "frames" / "deribit.json").read_text())
    for message in (message for group in recorded["groups"] for message in group["messages"]):
        events = reply(message)
        data = message["params"]["data"]
        if isinstance(data, list):
            flagged = [row for row in data if "liquidation" in row]
            assert len(events) == len(data) + len(flagged)
    lines = (shared_data / "frames" / "captures" / "DERIBIT.ws.1.0").read_text().splitlines()
    frames = [line.partition(": ")[2].encode() for line in lines if line[:1].isdigit()]
    kinds = [type(event) for frame in frames for event in parse_frame("deribit", frame, RECEIVED_NS)]
    assert kinds.count(BookSnapshot) == 10
    assert kinds.count(BookDelta) == 36
