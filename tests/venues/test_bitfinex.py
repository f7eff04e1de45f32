"""Bitfinex derivatives: what each trap of its feed must come out as."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import (
    BookDelta,
    BookSnapshot,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Trade,
)
from powderkeg.venues import VENUES, Connection, parse_frame

RECEIVED_NS = 1_780_000_000_000_000_000
TRIGGER_MS = 1_779_999_990_000
SENT_MS = 1_779_999_999_900
CHANNEL = 907


def events(message: object) -> tuple:
    return parse_frame("bitfinex", json.dumps(message).encode(), RECEIVED_NS)


def position(
    amount: object = 0.5,
    *,
    entry: object = 60000.0,
    acquired: object = 57000.0,
    is_match: object = 0,
    symbol: object = "tBTCF0:USTF0",
    mts: object = TRIGGER_MS,
) -> list:
    return ["pos", 143_000_001, mts, None, symbol, amount, entry, None, is_match, 1, None, acquired]


def told(*rows: list) -> list:
    return [CHANNEL, list(rows), 7, SENT_MS]


@pytest.mark.parametrize(("amount", "side"), [(0.5, "long"), (-0.5, "short")])
def test_the_sign_of_the_amount_is_the_position(amount, side):
    """Above 0 a long was liquidated: reading it as a buy order would turn it into a short."""
    (event,) = events(told(position(amount)))
    assert (event.position_side, event.qty, event.qty_unit) == (side, 0.5, "base")


def test_executions_of_a_position_already_told_do_not_count():
    """A trigger and two market executions are one liquidation of 8.6, not of 17.2."""
    rows = (position(-8.6), position(-5.0, is_match=1), position(-3.6, is_match=1))
    found = [event for row in rows for event in events(told(row))]
    assert [event.qty for event in found] == [8.6]
    assert [event.qty for event in events(told(*rows))] == [8.6]


def test_the_price_of_taking_over_is_a_fill_and_beats_the_entry_price():
    """Valuing at the entry price would count a loss that was already made."""
    (event,) = events(told(position(entry=60000.0, acquired=57000.0)))
    assert (event.price, event.price_kind, event.fill_price) == (57000.0, "fill", 57000.0)
    assert event.notional_usd == 28500.0


def test_an_entry_price_is_never_called_anything_else():
    """It is not what the position was closed at; who sums may leave it out by its kind."""
    (event,) = events(told(position(entry=60000.0, acquired=None)))
    assert (event.price, event.price_kind) == (60000.0, "entry")
    assert (event.fill_price, event.bankruptcy_price, event.order_price) == (None, None, None)
    assert event.notional_usd == 30000.0


def test_a_copy_can_be_told_and_a_second_liquidation_of_the_position_is_not_lost():
    """The last rows are sent again on subscribing; a position can be liquidated in parts."""
    (first,), (copy,) = events(told(position())), events([CHANNEL, [position()], 9, SENT_MS + 43_000_000])
    (second,) = events(told(position(mts=TRIGGER_MS + 1)))
    assert first == copy
    assert first.event_id != second.event_id
    assert first.ts_event_ns == TRIGGER_MS * 1_000_000


@pytest.mark.parametrize("symbol", ["tBTCUSD", "tDOGE:USD", "tTESTBTCF0:TESTUSDTF0"])
def test_spot_margin_and_paper_trading_are_not_contracts(symbol):
    """They share the channel; as derivatives they would be counted under BTC/USDT:USDT."""
    assert events(told(position(symbol=symbol))) == ()
    assert len(events(told(position(symbol=symbol), position()))) == 1


def test_bitfinex_spells_coins_its_own_way():
    (event,) = events(told(position(symbol="tIOTF0:USTF0")))
    assert event.symbol == "IOTA/USDT:USDT"


def test_one_row_and_a_list_of_rows_are_both_read():
    assert events([CHANNEL, position()]) == events([CHANNEL, [position()]])


def test_appended_fields_change_nothing():
    """The docs: never rely on the length of an array."""
    assert events(told([*position(), None, "new"])) == events(told(position()))


@pytest.mark.parametrize(
    "row",
    [
        position(0),
        position("NaN"),
        position(entry=None, acquired=None),
        position(entry=-1.0),
        position(acquired=0),
        position(is_match=2),
        position(mts=TRIGGER_MS // 1000),
        position(symbol="BTCUSDT"),
        position(symbol=None),
        position()[:6],
        ["liq", *position()[1:]],
    ],
)
def test_one_row_that_cannot_be_quarantines_the_frame(row):
    with pytest.raises(VenueProtocolError):
        events(told(position(), row))


def test_a_trade_counts_once_and_only_where_its_contract_is_told():
    """`tu` repeats `te`; without the appended names nobody knows whose trade it is."""
    trade = [452, TRIGGER_MS, -0.25, 60000.0]
    names = ["trades", "BTCF0:USTF0"]
    (event,) = events([CHANNEL, "te", trade, 11, SENT_MS, *names])
    at = (TRIGGER_MS * 1_000_000, RECEIVED_NS)
    assert event == Trade("bitfinex", "BTC/USDT:USDT", 60000.0, 0.25, 15000.0, "sell", "452", *at)
    assert events([CHANNEL, "tu", trade, 12, SENT_MS, *names]) == ()
    assert events([CHANNEL, "te", trade, 11, SENT_MS]) == ()
    assert events([CHANNEL, [trade, trade], 11, SENT_MS, *names]) == ()


def status(length: int) -> list:
    row: list = [None] * 24
    row[0], row[2], row[3], row[5] = TRIGGER_MS, 60010.0, 59990.0, 1e6
    row[7], row[8], row[9], row[11] = TRIGGER_MS + 3_600_000, 0.0001056, 296, -0.0002
    row[14], row[17] = 60001.0, 3005.5
    return row[:length]


def test_status_gives_mark_index_applied_funding_and_open_interest():
    """The accrued rate is a partial sum of the running period, not the rate."""
    found = events([CHANNEL, status(24), 7, SENT_MS, "status", "BTCF0:USTF0"])
    of, at = ("bitfinex", "BTC/USDT:USDT"), (TRIGGER_MS * 1_000_000, RECEIVED_NS)
    assert found == (
        MarkPrice(*of, 60001.0, *at),
        IndexPrice(*of, 59990.0, *at),
        FundingRate(*of, -0.0002, 8.0, None, *at),
        OpenInterest(*of, 3005.5, None, None, *at),
    )


def test_the_short_status_of_2019_says_what_it_holds():
    found = events([CHANNEL, status(12), 7, SENT_MS, "status", "BTCF0:USTF0"])
    assert [type(event) for event in found] == [IndexPrice, FundingRate]


def test_book_rows_carry_their_side_in_the_sign_and_their_end_in_the_count():
    names = ["book", "BTCF0:USTF0"]
    rows = [[10.0, 2, 1.5], [9.0, 1, 2.5], [11.0, 1, -3.5]]
    (whole,) = events([CHANNEL, rows, 1, SENT_MS, *names])
    assert isinstance(whole, BookSnapshot)
    assert [(level.price, level.qty) for level in whole.bids] == [(10.0, 1.5), (9.0, 2.5)]
    assert [(level.price, level.qty) for level in whole.asks] == [(11.0, 3.5)]
    (gone,) = events([CHANNEL, [11.0, 0, -1], 2, SENT_MS, *names])
    assert isinstance(gone, BookDelta)
    assert (gone.bids, [(level.price, level.qty) for level in gone.asks]) == ((), [(11.0, 0.0)])
    assert gone.ts_event_ns == SENT_MS * 1_000_000


@pytest.mark.parametrize(
    "message",
    [
        {"event": "info", "version": 2, "serverId": "x", "platform": {"status": 1}},
        {"event": "subscribed", "channel": "status", "chanId": CHANNEL, "key": "liq:global"},
        {"event": "error", "msg": "subscribe: dup", "code": 10301},
        {"event": "conf", "status": "OK"},
        [CHANNEL, "hb", 8, SENT_MS],
        [CHANNEL, "hb", 8, SENT_MS, "liquidations", "global"],
        [CHANNEL, [], 8, SENT_MS, "liquidations", "global"],
        [CHANNEL, []],
        [CHANNEL, status(24), 7, SENT_MS],
        [CHANNEL, [[10.0, 2, 1.5], [11.0, 1, -3.5]]],
        [CHANNEL, [45761787004, 9170, -0.06], 3, SENT_MS, "raw_book", "BTCF0:USTF0"],
        [CHANNEL, [[10.0, 2, 1.5]], 3, SENT_MS, "book", "BTCUSD"],
    ],
)
def test_conversation_and_what_names_no_contract_give_nothing(message):
    assert events(message) == ()


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"event": "surprise"},
        [],
        [None],
        [CHANNEL],
        [CHANNEL, 5],
        [CHANNEL, {"a": 1}],
        [CHANNEL, "zz"],
        [CHANNEL, [1, 2]],
        [CHANNEL, ["a", "b", "c"]],
        ["x", [1, 2, 3]],
        [True, [1, 2, 3]],
        [[[[]]]],
        [CHANNEL, [1, 2, 3], 4, SENT_MS, "surprise", "BTCF0:USTF0"],
        [CHANNEL, [[1, 2, 3]], 4, SENT_MS, "liquidations", "global"],
    ],
)
def test_unknown_messages_are_quarantined(message):
    with pytest.raises(VenueProtocolError):
        events(message)


@given(amount=st.floats(1e-6, 1e6), price=st.floats(1e-4, 1e6), is_entry=st.booleans())
def test_mirror_of_the_sign_changes_nothing_but_the_side(amount, price, is_entry):
    prices = {"entry": price, "acquired": None if is_entry else price}
    (long,) = events(told(position(amount, **prices)))
    (short,) = events(told(position(-amount, **prices)))
    assert (long.position_side, short.position_side) == ("long", "short")
    assert (long.qty_base, long.notional_usd) == (short.qty_base, short.notional_usd) == (amount, amount * price)


def test_subscriptions_ask_for_times_before_anything_else():
    """Without the flag a book has no time of its own."""
    sent = [json.loads(text) for text in VENUES["bitfinex"].subscriptions.messages("public", ("tBTCF0:USTF0",))]
    assert sent[0] == {"event": "conf", "flags": 98304}
    assert "liq:global" in {each.get("key") for each in sent}


def test_every_recorded_message_is_understood(shared_data):
    """None is quarantined; the two positions come out, the execution of one does not."""
    recording = json.loads((shared_data / "frames" / "bitfinex_derivatives.json").read_text("utf-8"))
    messages = [message for group in recording["groups"] for message in group["messages"]]
    found = [event for message in messages for event in events(message)]
    ids = {event.event_id for event in found if isinstance(event, Liquidation)}
    assert ids == {"143683674-1593522802742", "143679087-1594036710534"}
    assert {type(event) for event in found} >= {Trade, MarkPrice, OpenInterest, FundingRate, BookDelta}


LIFE = [
    {"event": "info", "version": 2, "serverId": "a", "platform": {"status": 1}},
    {"event": "conf", "status": "OK", "flags": 98304},
    {"event": "subscribed", "channel": "status", "chanId": 1, "key": "liq:global"},
    {"event": "subscribed", "channel": "trades", "chanId": 2, "symbol": "tBTCF0:USTF0", "pair": "BTCF0:USTF0"},
    {"event": "subscribed", "channel": "status", "chanId": 3, "key": "deriv:tETHF0:USTF0"},
    {"event": "subscribed", "channel": "book", "chanId": 4, "symbol": "tBTCF0:USTF0", "prec": "P0", "len": "100"},
    {"event": "subscribed", "channel": "book", "chanId": 5, "symbol": "tBTCF0:USTF0", "prec": "R0", "len": "100"},
    {"event": "subscribed", "channel": "book", "chanId": 6, "symbol": "fUSD", "prec": "P0", "len": "25"},
    [1, [], 1, SENT_MS],
    [2, [[7, SENT_MS, -0.5, 95000]], 2, SENT_MS],
    [4, [[95000, 1, 0.5], [95001, 2, -0.25]], 3, SENT_MS],
    [5, [[123456789, 95000, 0.5]], 4, SENT_MS],
    [6, [[0.0002, 30, 1, -500.0]], 5, SENT_MS],
    [2, "te", [8, SENT_MS, -0.5, 95000], 6, SENT_MS],
    [2, "tu", [8, SENT_MS, -0.5, 95000], 7, SENT_MS],
    [3, "hb", 8, SENT_MS],
    [
        3,
        [SENT_MS, None, 3000.5, 3000.25, None, 1e6, None, SENT_MS, 0.0, 1, None, 1e-4, *[None] * 2, 3000.75],
        9,
        SENT_MS,
    ],
    [4, [95000, 0, 1], 10, SENT_MS],
    [2, "te", [9, SENT_MS, 0.5, 95001], 11, SENT_MS],
    [1, [["pos", 11, SENT_MS, None, "tBTCF0:USTF0", -0.5, 94000, None, 0, 1, None, 95000]], 12, SENT_MS],
    [9, "te", [10, SENT_MS, 0.5, 95001], 13, SENT_MS],
]


def lived(connection, frames):
    return [event for frame in frames for event in connection.events(json.dumps(frame).encode(), RECEIVED_NS)]


def test_a_connection_explains_its_channel_numbers():
    """Trades, status and books of the contract that each number was given to; nothing of a number never explained."""
    told = [(type(event).__name__, event.symbol) for event in lived(Connection("bitfinex"), LIFE)]
    btc, eth = "BTC/USDT:USDT", "ETH/USDT:USDT"
    assert told == [
        *[("BookSnapshot", btc), ("Trade", btc)],
        *[("MarkPrice", eth), ("IndexPrice", eth), ("FundingRate", eth)],
        *[("BookDelta", btc), ("Trade", btc), ("Liquidation", btc)],
    ]


@pytest.mark.parametrize("cut", range(len(LIFE) + 1))
def test_a_connection_goes_on_from_its_memory(cut):
    """Wherever an archive part ends, the next one reads the rest as if nothing had been cut."""
    first, second = Connection("bitfinex"), Connection("bitfinex")
    begun = lived(first, LIFE[:cut])
    second.resume(first.memory)
    assert begun + lived(second, LIFE[cut:]) == lived(Connection("bitfinex"), LIFE)


def test_numbers_of_single_messages_mean_nothing():
    """Collected messages are of many connections, whose numbers are the same."""
    events = lived(Connection("bitfinex", is_one_life=False), LIFE)
    assert [type(event) for event in events] == [Liquidation]


def test_a_frame_that_a_recorder_has_named_is_not_named_twice():
    """Its own words stand, whatever the connection believes."""
    frame = [2, "te", [8, SENT_MS, -0.5, 3000], 6, SENT_MS, "trades", "ETHF0:USTF0"]
    (event,) = lived(Connection("bitfinex"), [LIFE[3], frame])
    assert event.symbol == "ETH/USDT:USDT"
