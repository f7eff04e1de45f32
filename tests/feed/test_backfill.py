"""Past liquidations of the venues whose rows are trades, and of those that page by time."""

from __future__ import annotations

import asyncio
import json
import math

import msgspec
import pytest
from backfill_harness import FROM_NS, NS, TO_NS, FakeClock, run_backfill

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import FeedGap, Liquidation, Trade
from powderkeg.domain.time import format_instant, parse_instant
from powderkeg.feed import http
from powderkeg.feed.pollers import backfill
from powderkeg.feed.rest import RestClient
from powderkeg.venues import VENUES, parse_frame
from powderkeg.venues.rest import Query, backfill_frame

MS = 1_000_000
FROM_MS, TO_MS = FROM_NS // MS, TO_NS // MS
BTC = {
    "okx": "BTC-USDT-SWAP",
    "gate": "BTC_USDT",
    "deribit": "BTC-PERPETUAL",
    "htx": "BTC-USDT",
    "dydx": "BTC-USD",
    "kraken-futures": "PF_XBTUSD",
    "bitfinex": "tBTCF0:USTF0",
}


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Budgets are tested elsewhere; here nobody waits for them."""

    async def at_once(*_):
        return None

    monkeypatch.setattr("powderkeg.feed.rest.asyncio.sleep", at_once)


def parsed(venue, message):
    """What the socket would have told, without the time of receipt."""
    return [forgetful(event) for event in parse_frame(venue, json.dumps(message).encode(), TO_NS)]


def forgetful(event):
    return msgspec.structs.replace(event, ts_received_ns=0)


# HTX


def htx_row(at_ms, serial, **fields):
    usual = {"id": str(serial), "contract_code": "BTC-USDT", "side": "sell", "position_side": "long"}
    amounts = {"volume": str(serial + 1), "amount": "0.5", "bankrupt_price": "95000.5", "trade_turnover": "47500.25"}
    return {**usual, "liquidation_time": str(at_ms), **amounts, **fields}


def htx_server(rows):
    """At most two hours and 100 rows, newest first, ends included."""

    def respond(query):
        assert (query["contract_code"], query["direct"]) == ("BTC-USDT", "prev")
        begin, end = int(query["start_time"]), int(query["end_time"])
        assert 0 < end - begin <= 2 * 3_600_000
        found = [row for row in rows if begin <= int(row["liquidation_time"]) <= end]
        found.sort(key=lambda row: -int(row["liquidation_time"]))
        return {"code": 200, "message": "success", "data": found[: int(query["limit"])]}

    return respond


def test_htx_backfill_goes_back_window_by_window_and_counts_each_row_once():
    """Full pages and quiet hours; ends of the gap are half-open. Rows have no id to tell a second sighting."""
    to_ns = FROM_NS + 5 * 3_600 * NS
    stamps = [FROM_MS - 1, FROM_MS, to_ns // MS - 1, to_ns // MS]
    stamps += [FROM_MS + 4 * 3_600_000 + 1_000 * n for n in range(250)]
    rows = [htx_row(at_ms, serial) for serial, at_ms in enumerate(stamps)]
    events, result, asked = run_backfill("htx", ["BTC-USDT"], htx_server(rows), to_ns=to_ns)
    inside = [serial + 1 for serial, at_ms in enumerate(stamps) if FROM_NS <= at_ms * MS < to_ns]
    assert sorted(event.qty for event in events) == sorted(inside)
    assert result.refusals == ()
    assert asked[0][0] == "/v5/market/liquidation_orders"
    assert len(asked) == 5  # two full pages and the rest of their hours, then 4 hours and a bit in windows of 2


def test_htx_backfill_tells_what_the_socket_tells():
    """The REST row differs in shape, not in meaning; so another collector's live sighting is the same event."""
    order = {"contract_code": "BTC-USDT", "direction": "sell", "offset": "close", "volume": 500, "amount": 0.5}
    live = {
        "op": "notify",
        "topic": "public.BTC-USDT.liquidation_orders",
        "ts": FROM_MS,
        "data": [{**order, "price": 95000.5, "trade_turnover": 47500.25, "created_at": FROM_MS}],
    }
    events, _, _ = run_backfill("htx", ["BTC-USDT"], htx_server([htx_row(FROM_MS, 499)]))
    assert [forgetful(event) for event in events] == parsed("htx", live)
    assert events[0].position_side == "long"


def test_a_bad_row_of_history_costs_only_itself_and_leaves_the_gap_open():
    """What can be read of the answer is delivered; that it is not all is said, so the gap stays one."""
    answer = {"code": 200, "data": [htx_row(FROM_MS, 0), htx_row(FROM_MS + 1, 1, volume="-1"), htx_row(FROM_MS + 2, 2)]}
    frames = []
    client = RestClient("htx", clock=FakeClock(), get=lambda _: http.Answer(200, {}, json.dumps(answer).encode()))
    gap = FeedGap("htx", "liquidation", FROM_NS, TO_NS, "test")
    result = asyncio.run(backfill(client, ["BTC-USDT"], gap, lambda *frame: frames.append(frame)))
    ((_, at_ns, frame),) = frames
    with pytest.raises(VenueProtocolError, match="1 of 3 entries") as caught:
        parse_frame("htx", frame, at_ns)
    assert [event.qty for event in caught.value.events] == [1.0, 3.0]
    (refusal,) = result.refusals
    assert "unreadable answer" in refusal.reason


@pytest.mark.parametrize(
    ("side", "position", "expected"),
    [("buy", "short", "short"), ("sell", "both", "long"), ("buy", "both", "short"), ("buy", "", "short")],
)
def test_htx_position_side_decides_where_it_says_one(side, position, expected):
    """In one-way mode only the order's side is left, and a buy closes a short."""
    rows = [htx_row(FROM_MS, 0, side=side, position_side=position)]
    (event,), _, _ = run_backfill("htx", ["BTC-USDT"], htx_server(rows))
    assert event.position_side == expected


def test_a_contract_without_history_is_refused_and_the_others_are_not():
    """Coin-margined contracts of HTX."""
    events, result, asked = run_backfill("htx", ["BTC-USD", "BTC-USDT"], htx_server([htx_row(FROM_MS, 0)]))
    assert [event.symbol for event in events] == ["BTC/USDT:USDT"]
    assert ["BTC-USD" in refusal.reason for refusal in result.refusals] == [True]
    assert len(asked) == 1


# dYdX


def dydx_row(at_ms, serial):
    kind = "LIQUIDATED" if serial % 10 == 0 else "LIMIT"
    row = {"id": f"{serial:024x}", "side": "SELL", "size": "0.5", "price": "95000", "type": kind}
    return {**row, "createdAt": format_instant(at_ms * MS), "createdAtHeight": "98754754"}


def dydx_server(rows):
    def respond(query):
        before_ns, limit = parse_instant(query["createdBeforeOrAt"]), int(query["limit"])
        assert limit <= 1_000
        found = [row for row in rows if parse_instant(row["createdAt"]) <= before_ns]
        return {"trades": sorted(found, key=lambda row: parse_instant(row["createdAt"]), reverse=True)[:limit]}

    return respond


def test_dydx_backfill_gives_the_trades_and_liquidations_of_the_socket():
    """The same rows, read from the socket, are the same events with the same ids."""
    rows = [dydx_row(FROM_MS - 10_000 + 700 * (n // 3), n) for n in range(2_600)]  # three to a block
    events, result, asked = run_backfill("dydx", ["BTC-USD"], dydx_server(rows))
    inside = [row for row in rows if FROM_NS <= parse_instant(row["createdAt"]) < TO_NS]
    live = {"type": "channel_data", "channel": "v4_trades", "id": "BTC-USD", "contents": {"trades": inside}}
    assert sorted(set(map(repr, map(forgetful, events)))) == sorted(map(repr, parsed("dydx", live)))
    assert result.refusals == ()
    assert {path for path, _ in asked} == {"/v4/trades/perpetualMarket/BTC-USD"}
    assert len(asked) == 3


def test_dydx_markets_with_commas_are_asked_for_by_their_whole_name():
    """The names of permissionless markets."""
    name = "PEPE,UNISWAP_V3,0X6982-USD"
    _, _, asked = run_backfill("dydx", [name], dydx_server([]))
    assert [path for path, _ in asked] == [f"/v4/trades/perpetualMarket/{name}"]


def test_a_dydx_message_without_a_type_is_no_data():
    """Only backfill frames have none."""
    message = {"channel": "v4_trades", "id": "BTC-USD", "contents": {"trades": [dydx_row(FROM_MS, 0)]}}
    with pytest.raises(VenueProtocolError, match="type"):
        parsed("dydx", message)


# Kraken Futures


def kraken_row(at_ms, serial):
    row = {"time": format_instant(at_ms * MS), "trade_id": 100 - serial % 100, "price": 95_000.5, "size": 0.25}
    kind = ("liquidation", "fill", "fill", "assignment", "block")[serial % 5]
    return {**row, "side": "sell", "type": kind, "uid": f"uid-{serial}"}


def kraken_server(rows, *, is_inclusive):
    """The 100 trades before the instant; the docs do not say whether it is included."""

    def respond(query):
        last_ns = parse_instant(query["lastTime"]) + is_inclusive
        found = [row for row in rows if parse_instant(row["time"]) < last_ns]
        history = sorted(found, key=lambda row: parse_instant(row["time"]), reverse=True)[:100]
        return {"result": "success", "serverTime": "2026-07-15T11:00:00.000Z", "history": history}

    return respond


@pytest.mark.parametrize("is_inclusive", [True, False])
def test_kraken_backfill_gives_the_trades_and_liquidations_of_the_socket(is_inclusive):
    """Whichever way the venue reads its bound, nothing is lost between two pages, and ids tell what came twice."""
    rows = [kraken_row(FROM_MS - 1_000 + 1_000 * (n // 7), n) for n in range(900)]
    respond = kraken_server(rows, is_inclusive=is_inclusive)
    events, result, _ = run_backfill("kraken-futures", ["PF_XBTUSD"], respond)
    live = [
        event
        for row in rows
        if FROM_NS <= parse_instant(row["time"]) < TO_NS
        for event in parsed(
            "kraken-futures",
            {
                **{key: row[key] for key in ("side", "type", "price", "uid")},
                "feed": "trade",
                "product_id": "PF_XBTUSD",
                "qty": row["size"],
                "seq": 1,
                "time": parse_instant(row["time"]) // MS,
            },
        )
    ]
    assert sorted(set(map(repr, map(forgetful, events)))) == sorted(map(repr, live))
    assert {type(event) for event in events} == {Trade, Liquidation}
    assert result.refusals == ()


def test_a_full_page_of_one_millisecond_does_not_hold_the_backfill_up():
    """What exceeds a page in one millisecond cannot be asked for; what lies before it can."""
    rows = [kraken_row(FROM_MS + 500, n) for n in range(0, 750, 5)] + [kraken_row(FROM_MS + 1, 1_000)]
    respond = kraken_server(rows, is_inclusive=True)
    events, result, asked = run_backfill("kraken-futures", ["PF_XBTUSD"], respond)
    ids = {event.event_id for event in events if isinstance(event, Liquidation)}
    assert "uid-1000" in ids
    assert len(ids) == 101
    assert result.refusals == ()
    assert len(asked) < 5


# Bitfinex


def bitfinex_row(at_ms, serial, symbol="tBTCF0:USTF0", *, is_match=0):
    return ["pos", 100_000 + serial, at_ms, None, symbol, -0.5, 94_000.0, None, is_match, 1, None, 95_000.5]


def bitfinex_server(rows, *, nested):
    def respond(query):
        assert query["sort"] == "1"
        begin, end, limit = (int(query[name]) for name in ("start", "end", "limit"))
        assert limit <= 500
        found = sorted((row for row in rows if begin <= row[2] <= end), key=lambda row: row[2])[:limit]
        return [[row] for row in found] if nested else found

    return respond


@pytest.mark.parametrize("nested", [True, False])
def test_bitfinex_backfill_asks_once_for_all_contracts_and_keeps_the_ids(nested):
    """The same rows, read from the socket, are the same events; executions and spot are left out there and here."""
    names = ["tBTCF0:USTF0", "tETHF0:USTF0"]
    symbols = [*names, "tBTCUSD"]
    rows = [bitfinex_row(FROM_MS - 900 + 450 * n, n, symbols[n % 3], is_match=n % 7 == 0) for n in range(1_400)]
    rows = [[*row[:8], int(row[8]), *row[9:]] for row in rows]
    events, result, asked = run_backfill("bitfinex", names, bitfinex_server(rows, nested=nested))
    live = parsed("bitfinex", [7, [row for row in rows if FROM_MS <= row[2] < TO_MS]])
    assert sorted(set(map(repr, map(forgetful, events)))) == sorted(map(repr, live))
    assert {event.symbol for event in events} == {"BTC/USDT:USDT", "ETH/USDT:USDT"}
    assert len(asked) == math.ceil(len([row for row in rows if FROM_MS <= row[2] <= TO_MS]) / 499)
    assert result.refusals == ()


# All


@pytest.mark.parametrize("venue", BTC)
def test_a_refused_backfill_says_so(venue):
    """An answer that is an error, or no JSON, closes no gap."""
    gap = FeedGap(venue, "liquidation", FROM_NS, TO_NS, "test")
    for answer in (http.Answer(500, {}, b""), http.Answer(200, {}, b"<html>busy</html>")):
        frames: list = []
        client = RestClient(venue, clock=FakeClock(), get=lambda _, it=answer: it)
        result = asyncio.run(backfill(client, [BTC[venue]], gap, lambda *frame, to=frames: to.append(frame)))
        assert frames == []
        assert len(result.refusals) == 1


@pytest.mark.parametrize(
    ("venue", "body"),
    [
        ("htx", b'{"code":1404,"message":"busy","data":null}'),
        ("dydx", b'{"errors":[{"msg":"busy"}]}'),
        ("kraken-futures", b'{"result":"error","error":"apiLimitExceeded"}'),
        ("bitfinex", b'["error",11010,"ratelimit: error"]'),
    ],
)
def test_an_error_with_status_200_is_no_empty_gap(venue, body):
    """It is refused where it is fetched, and quarantined where it is read."""
    gap = FeedGap(venue, "liquidation", FROM_NS, TO_NS, "test")
    client = RestClient(venue, clock=FakeClock(), get=lambda _: http.Answer(200, {}, body))
    result = asyncio.run(backfill(client, [BTC[venue]], gap, lambda *_: None))
    assert (result.frames, len(result.refusals)) == (0, 1)
    frame = backfill_frame(venue, Query(BTC[venue], FROM_NS, TO_NS, "/"), body)
    with pytest.raises(VenueProtocolError):
        parse_frame(venue, frame, TO_NS)


@pytest.mark.parametrize("venue", BTC)
def test_an_empty_answer_is_an_empty_gap(venue):
    """Nothing happened: no refusal, no event, and an end."""
    empty = {
        "okx": {"code": "0", "data": []},
        "gate": [],
        "deribit": {"result": {"trades": [], "has_more": False}},
        "htx": {"code": 200, "data": []},
        "dydx": {"trades": []},
        "kraken-futures": {"result": "success", "history": []},
        "bitfinex": [],
    }
    events, result, asked = run_backfill(venue, [BTC[venue]], lambda _: empty[venue])
    assert (events, result.refusals, len(asked)) == ([], (), 1)
    assert VENUES[venue].rest.weight_per_minute > 0
