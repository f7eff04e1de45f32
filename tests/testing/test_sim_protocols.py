"""Each venue's side of the conversation: its real requests, its real answers, its traps."""

from __future__ import annotations

import json

import pytest
from sim_client import UNUSED_PATHS, Client, played, requests

from powderkeg.domain.events import BookSnapshot, Liquidation, Trade
from powderkeg.testing.frames.hyperliquid import WALLET
from powderkeg.testing.venues import LISTED, SIMULATED, Playback, Scenario, SimulatedVenue, protocol_of
from powderkeg.testing.venues.memory import Memory
from powderkeg.venues import VENUES, Connection, parse_frame

STORY = Scenario(seed=5, messages_per_s=2_000, duration_s=2, liquidation_share=0.05)
NOW = STORY.start_ns
FAST = Playback(speed=None, is_held=True)


def session_of(venue, path=None, query=""):
    protocol = protocol_of(venue)
    url_path = next(iter(protocol.paths.values())) if path is None else path
    return protocol.open(url_path, query, 1)


def answers(session, request):
    text = request if isinstance(request, str) else json.dumps(request)
    return [json.loads(answer) if answer != b"pong" else "pong" for answer in session.hear(text, NOW)]


async def listen(venue):
    """All that a client hears of the story which subscribes what subscribe.py says; and the ledger."""
    async with SimulatedVenue(STORY, venue, playback=FAST) as server, Client(server) as client:
        server.begin()
        await server.ended()
        await server.settle()
        return client, server.ledger


@pytest.mark.parametrize("venue", SIMULATED)
def test_what_is_subscribed_arrives_and_means_what_happened(venue):
    """Over a real socket: every frame parses, and the events are exactly those of the story's frames."""
    client, ledger = played(listen(venue))
    assert len(client.frames) == ledger.sent
    protocol = protocol_of(venue)
    for path, heard in client.heard.items():
        session = protocol.open(protocol.paths[path], "", 1)
        for request in requests(venue, path):
            session.hear(request, NOW)
        first = ledger.messages["first_words"] + ledger.messages["reply"]
        wanted = [
            parse_frame(venue, frame.payload, NOW)
            for frame in STORY.frames(venue)
            if any(name in session.channels for name in protocol.channels_of(frame.kind, frame.venue_symbol))
        ]
        found = [parse_frame(venue, payload, NOW) for payload in heard]
        assert found[len(found) - len(wanted) :] == wanted
        assert len(found) - len(wanted) <= first


@pytest.mark.parametrize("venue", sorted(set(SIMULATED) - {"hyperliquid"}))
def test_a_connection_that_knows_the_replays_gets_the_oracles_total(venue):
    """`Connection` leaves out what repeats the past: what remains is what the ledger calls delivered."""
    client, ledger = played(listen(venue))
    usd = 0.0
    count = 0
    for heard in client.heard.values():
        connection = Connection(venue)
        for payload in heard:
            for event in connection.events(payload, NOW):
                if isinstance(event, Liquidation):
                    usd += event.notional_usd
                    count += 1
    assert count == ledger.delivered.count == ledger.told.count > 0
    assert usd == pytest.approx(ledger.delivered.notional_usd(), rel=1e-12)
    assert ledger.happened.count >= count


@pytest.mark.parametrize("venue", SIMULATED)
def test_requests_of_subscribe_py_are_all_accepted(venue):
    """No request of ours is answered with an error, and every answer is one our parsers pass over."""
    protocol = protocol_of(venue)
    subscriptions = VENUES[venue].subscriptions
    for path, url_path in protocol.paths.items():
        if path in UNUSED_PATHS:
            continue
        assert subscriptions.urls[path].endswith(url_path)
        session = protocol.open(url_path, "", 1)
        for request in requests(venue, path):
            replies = session.hear(request, NOW)
            assert replies
            assert all(parse_frame(venue, reply, NOW) == () for reply in replies)
            assert not any(b"error" in reply.lower() and b'"success":true' not in reply for reply in replies)
        assert session.channels
    if subscriptions.ping is not None:
        pong = session.hear(subscriptions.ping, NOW)
        assert len(pong) == 1
        assert parse_frame(venue, pong[0], NOW) == ()


@pytest.mark.parametrize("venue", SIMULATED)
def test_nonsense_is_answered_and_subscribes_nothing(venue):
    """Broken text, other shapes and unknown channels: one answer at least, no channel, no crash."""
    session = session_of(venue)
    for text in (
        "",
        "{",
        "[]",
        "null",
        "7",
        '"ping"',
        '{"op":"subscribe","args":7}',
        '{"method":null}',
        "[[[[",
        "\x00",
    ):
        assert session.hear(text, NOW)
    assert not session.channels


@pytest.mark.parametrize("venue", SIMULATED)
def test_the_canary_is_among_the_channels(venue):
    """The busy channel that proves the path alive comes every second, for the first contract of every venue."""
    kinds = {frame.kind for frame in STORY.frames(venue) if frame.venue_symbol == LISTED[venue][0].venue_symbol}
    canary = VENUES[venue].subscriptions.canary.lower()
    names = [name.lower() for kind in kinds for name in protocol_of(venue).names(kind, LISTED[venue][0].venue_symbol)]
    assert any(set(canary.replace(":", ".").split(".")) <= set(name.replace(":", ".").split(".")) for name in names)


def test_binance_acknowledges_and_stays_silent_where_it_serves_nothing():
    """The legacy path, books on /market, trades on /public, streams that do not exist: acknowledged, never sent."""
    wanted = ["btcusdt@aggTrade", "btcusdt@depth@100ms", "!forceOrder@arr", "nosuch@stream"]
    served = {
        "/stream": [],
        "/ws": [],
        "/market/stream": ["btcusdt@aggTrade", "!forceOrder@arr"],
        "/public/stream": ["btcusdt@depth@100ms"],
    }
    for path, channels in served.items():
        session = session_of("binance-usdm", path)
        assert answers(session, {"method": "SUBSCRIBE", "params": wanted, "id": 9}) == [{"result": None, "id": 9}]
        assert [name for name in session.channels if name != "nosuch@stream"] == channels
        assert answers(session, {"method": "LIST_SUBSCRIPTIONS", "id": 10}) == [{"result": wanted, "id": 10}]
        answers(session, {"method": "UNSUBSCRIBE", "params": wanted, "id": 11})
        assert not session.channels


def test_binance_streams_in_the_url():
    """`?streams=a/b` is subscribed from the start and wrapped, `/ws/a` is bare."""
    session = session_of("binance-usdm", "/market/stream", "streams=btcusdt@aggTrade/!forceOrder@arr")
    assert [*session.channels] == ["btcusdt@aggTrade", "!forceOrder@arr"]
    frame = next(frame for frame in STORY.frames("binance-usdm") if frame.kind == "liquidation")
    wrapped = json.loads(session.dressed("!forceOrder@arr", frame.payload))
    assert wrapped["stream"] == "!forceOrder@arr"
    bare = session_of("binance-usdm", "/market/ws/btcusdt@forceOrder")
    assert [*bare.channels] == ["btcusdt@forceOrder"]
    assert json.loads(bare.dressed("btcusdt@forceOrder", frame.payload)) == wrapped["data"]
    assert session_of("binance-usdm", "/nowhere") is None


def test_bybit_refuses_a_request_with_one_bad_topic_and_echoes_its_id():
    """One answer a request; the inverse path knows none of the linear contracts."""
    session = session_of("bybit")
    (reply,) = answers(session, {"op": "subscribe", "args": ["publicTrade.BTCUSDT", "publicTrade.?"], "req_id": "a"})
    assert (reply["success"], reply["req_id"], session.channels) == (False, "a", {})
    (reply,) = answers(session, {"op": "subscribe", "args": ["publicTrade.BTCUSDT"], "req_id": "b"})
    assert (reply["success"], reply["op"], [*session.channels]) == (True, "subscribe", ["publicTrade.BTCUSDT"])
    (reply,) = answers(session, {"op": "unsubscribe", "args": ["publicTrade.BTCUSDT"]})
    assert (reply["success"], session.channels) == (True, {})
    inverse = session_of("bybit", "/v5/public/inverse")
    assert answers(inverse, {"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})[0]["success"] is False


def test_okx_answers_every_argument_and_begins_with_the_past():
    """An acknowledgment or error 60018 each; the first liquidation message of a connection is old."""
    session = session_of("okx")
    args = [{"channel": "liquidation-orders", "instType": "SWAP"}, {"channel": "trades", "instId": "NO-SUCH-SWAP"}]
    first, second = answers(session, {"op": "subscribe", "args": args})
    assert (first["event"], first["arg"], second["event"], second["code"]) == ("subscribe", args[0], "error", "60018")
    assert answers(session, "ping") == ["pong"]
    (replay,) = session.protocol.first_words("liquidation-orders:SWAP", Memory(STORY.past("okx")))
    (old,) = parse_frame("okx", replay, NOW)
    assert old.ts_event_ns < NOW
    assert Connection("okx").events(replay, NOW) == ()


def test_bitget_and_hyperliquid_begin_trades_with_the_past():
    """Bitget marks it as a snapshot, which counts for nothing; Hyperliquid does not, so ids must tell."""
    for venue, channel, count in (("bitget", "usdt-futures:publicTrade:BTCUSDT", 0), ("hyperliquid", "trades:BTC", 2)):
        memory = Memory(STORY.past(venue))
        trades = [frame for frame in STORY.frames(venue) if frame.kind == "trade" and "BTC" in frame.venue_symbol]
        memory.note(trades[0])
        (words,) = protocol_of(venue).first_words(channel, memory)
        events = parse_frame(venue, words, NOW)
        assert len(events) == count
        assert all(isinstance(event, Trade) for event in events)


def test_gate_names_what_it_does_not_know():
    """Error code 2 for an unknown contract; other settlement paths take `!all` and send nothing."""
    session = session_of("gate")
    request = {"channel": "futures.trades", "event": "subscribe", "payload": ["BTC_USDT", "NO_SUCH"]}
    (reply,) = answers(session, request)
    assert (reply["error"]["code"], session.channels) == (2, {})
    (reply,) = answers(session, {"channel": "futures.ping"})
    assert reply["channel"] == "futures.pong"
    other = session_of("gate", "/v4/ws/btc")
    (reply,) = answers(other, {**request, "channel": "futures.public_liquidates", "payload": ["!all"]})
    assert (reply["result"], other.channels) == ({"status": "success"}, {})


def test_hyperliquid_tells_liquidations_to_who_follows_the_wallet_only():
    """Public channels carry none; `userFills` begins with a snapshot that counts for nothing."""
    session = session_of("hyperliquid")
    for request in requests("hyperliquid", "market"):
        session.hear(request, NOW)
    names = session.protocol.channels_of("liquidation", "BTC")
    assert not set(names) & set(session.channels)
    follow = {"method": "subscribe", "subscription": {"type": "userFills", "user": WALLET}}
    assert answers(session, follow)[0]["channel"] == "subscriptionResponse"
    assert "Already subscribed" in answers(session, follow)[0]["data"]
    (words,) = session.protocol.first_words(names[0], Memory(STORY.past("hyperliquid")))
    assert json.loads(words)["data"]["isSnapshot"] is True
    assert parse_frame("hyperliquid", words, NOW) == ()


def test_deribit_speaks_json_rpc_and_tests_its_clients():
    """Unknown channels vanish from the answer; an unanswered test request ends the connection."""
    session = session_of("deribit")

    def call(method, **params):
        return answers(session, {"jsonrpc": "2.0", "id": 4, "method": method, "params": params})[0]

    assert call("public/subscribe", channels=["ticker.BTC-PERPETUAL.100ms", "x.y.z"])["result"] == [
        "ticker.BTC-PERPETUAL.100ms"
    ]
    assert call("public/subscribe", channels=7)["error"]["code"] == -32602
    assert call("private/buy")["error"]["code"] == -32601
    assert call("public/set_heartbeat", interval=5)["error"]["code"] == -32602
    assert call("public/set_heartbeat", interval=10)["result"] == "ok"
    assert session.beat(100.0) == []
    beats = [json.loads(text) for text in session.beat(110.0)]
    assert [beat["params"]["type"] for beat in beats] == ["heartbeat", "test_request"]
    assert all(parse_frame("deribit", text, NOW) == () for text in session.beat(110.1))
    assert call("public/test")["result"] == {"version": "1.2.26"}
    assert len(session.beat(120.0)) == 2
    assert not session.is_closing
    assert session.beat(130.0) == []
    assert session.is_closing


@pytest.mark.parametrize("venue", sorted(set(SIMULATED) - {"binance-usdm"}))
def test_books_begin_whole(venue):
    """A new subscriber is sent the book as a snapshot under the number at which the changes go on."""
    memory = Memory(STORY.past(venue))
    symbol = LISTED[venue][0].venue_symbol
    (channel,) = protocol_of(venue).names("book", symbol)
    (words,) = protocol_of(venue).first_words(channel, memory)
    (book,) = parse_frame(venue, words, NOW)
    assert isinstance(book, BookSnapshot)
    change = next(frame.fact for frame in STORY.frames(venue) if frame.kind == "book" and frame.venue_symbol == symbol)
    assert book.last_update_id in (change.previous_id, None)
