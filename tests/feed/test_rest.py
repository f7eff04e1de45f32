"""Asking over HTTP: budgets, refusals, bounds, polls and backfill."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from backfill_harness import FROM_NS, NS, TO_NS, FakeClock, run_backfill
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap, Liquidation, LongShortRatio, OpenInterest, Trade
from powderkeg.feed import http
from powderkeg.feed.backoff import Refusal
from powderkeg.feed.budget import WeightBudget
from powderkeg.feed.pollers import Poller, backfill
from powderkeg.feed.rest import BLIND_HOLD_S, RestClient
from powderkeg.venues import VENUES, parse_frame


@contextmanager
def answering(respond):
    """A local HTTP server: `respond(path) -> (status, headers, body)`; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = respond(self.path)
            self.send_response(status)
            for name, text in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@given(
    asks=st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 50)), min_size=1, max_size=60),
    per_minute=st.floats(10, 3_000),
)
def test_a_budget_is_never_overdrawn(asks, per_minute):
    """In no interval is more granted than the burst and what grew back in it."""
    budget = WeightBudget(per_minute, at_s=0.0)
    at_s, granted = 0.0, []
    for gap_s, weight in asks:
        at_s += gap_s
        wait_s = budget.spend(weight, at_s)
        assert wait_s >= 0.0
        granted.append((at_s + wait_s, weight))
    moments = [moment for moment, _ in granted]
    assert moments == sorted(moments)
    for first, (start_s, _) in enumerate(granted):
        total = 0.0
        for end_s, weight in granted[first:]:
            # A weight is granted when the bucket has reached zero again, so it is paid for by its own moment.
            total += weight
            allowed = per_minute / 10 + per_minute * (end_s - start_s) / 60 + granted[first][1]
            assert total <= allowed * (1 + 1e-9)


def test_answers_come_whole_and_decompressed():
    """Path and query as asked; gzip only because we ask for it."""
    seen = []

    def respond(path):
        seen.append(path)
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"ok":true}')

    with answering(respond) as base:
        answer = http.get(f"{base}/a/b?c=d")
    assert (answer.status, answer.body, seen) == (200, b'{"ok":true}', ["/a/b?c=d"])


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"x" * 2_000),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"x" * 100_000, mtime=0)),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"x" * 500, mtime=0)[:-9]),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
    ],
)
def test_answers_that_are_too_large_or_damaged_are_refused(headers, body):
    """A gzip bomb is stopped at the bound, not after it."""
    with answering(lambda _: (200, headers, body)) as base, pytest.raises(ValueError, match=r"larger|gzip"):
        http.get(base, max_bytes=1_000)


def test_a_redirect_is_an_answer_and_not_followed():
    """Nobody leads us elsewhere."""
    with answering(lambda _: (302, {"Location": "http://127.0.0.1:1/"}, b"")) as base:
        assert http.get(base).status == 302


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://x/", "okx.com", "http:///x"])
def test_other_urls_are_bad_use(url):
    """Only http and https."""
    with pytest.raises(InputError):
        http.get(url)


def ask_with(answers, *, holds=0.0):
    """Ask a client twice; what it returned, and how often the server was asked."""
    clock, asked = FakeClock(), []

    def get(url):
        asked.append(url)
        found = answers[min(len(asked), len(answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    client = RestClient("okx", clock=clock, get=get)

    async def twice():
        first = await client.ask("/x")
        clock.at_s += holds
        return first, await client.ask("/x")

    return asyncio.run(twice()), len(asked)


@pytest.mark.parametrize(("status", "header", "hold_s"), [(429, "7", 7.0), (418, None, BLIND_HOLD_S), (503, "3", 3.0)])
def test_a_venue_that_wants_to_be_left_alone_is(status, header, hold_s):
    """No request before Retry-After is over, from anybody who shares the client; then again."""
    refused = http.Answer(status, {} if header is None else {"retry-after": header}, b"")
    good = http.Answer(200, {}, b"{}")
    (first, second), count = ask_with([refused, good], holds=hold_s - 0.01)
    assert first.retry_after_s == (None if header is None else hold_s)
    assert isinstance(second, Refusal)
    assert count == 1
    (_, third), count = ask_with([refused, good], holds=hold_s + 0.01)
    assert (third, count) == (b"{}", 2)


@pytest.mark.parametrize("failure", [ConnectionResetError("gone"), TimeoutError(), ValueError("too large")])
def test_a_failed_request_is_a_refusal_and_not_the_end(failure):
    """The next one is sent."""
    (first, second), count = ask_with([failure, http.Answer(200, {}, b"[]")])
    assert isinstance(first, Refusal)
    assert (second, count) == (b"[]", 2)


def test_polled_answers_are_frames_that_the_venue_reads():
    """Open interest and the ratios of both Binance venues, through the same parser as everything else."""
    ratio = [{"symbol": "BTCUSDT", "longShortRatio": "1.81", "longAccount": "0.64", "timestamp": 1_784_112_600_000}]

    def get(url):
        if "openInterest" in url:
            return http.Answer(200, {}, b' {"openInterest":"12.5","symbol":"X","time":1784112600123} ')
        assert "BTCUSDT" in url or "pair=BTCUSD&" in url
        return http.Answer(200, {}, json.dumps(ratio).encode())

    for venue, name, symbol in (
        ("binance-usdm", "BTCUSDT", "BTC/USDT:USDT"),
        ("binance-coinm", "BTCUSD_PERP", "BTC/USD:BTC"),
    ):
        got: list = []
        client = RestClient(venue, clock=FakeClock(), get=get)
        poller = Poller(
            client, [name], ["open_interest", "long_short_ratio"], lambda *frame, to=got: to.append(frame), print
        )
        assert len(poller.work) == 4
        for poll, asked in poller.work:
            asyncio.run(poller._ask(poll, asked))
        events = [event for key, at, frame in got for event in parse_frame(venue, frame, at)]
        assert {event.symbol for event in events} == {symbol}
        assert [type(event) for event in events] == [OpenInterest, LongShortRatio, LongShortRatio, LongShortRatio]
        assert {event.ratio_kind for event in events[1:]} == {"accounts", "top_accounts", "top_positions"}
        assert {event.long_short_ratio for event in events[1:]} == {1.81}
        assert {key for key, _, _ in got} == {f"{venue}/rest/poll"}


def test_a_poller_goes_round_and_survives_refusals():
    """Each answer is delivered, each refusal told, and the rounds go on."""
    count = 0

    def get(_url):
        nonlocal count
        count += 1
        if count % 2:
            return http.Answer(500, {}, b"")
        return http.Answer(200, {}, b'{"openInterest":"1"}' if count % 4 else b"<html>")

    async def scene():
        frames, refused, enough = [], [], asyncio.Event()

        def sink(*frame):
            frames.append(frame)
            if len(frames) == 2:
                enough.set()

        client = RestClient("binance-usdm", clock=FakeClock(), get=get)
        often = tuple(msgspec.structs.replace(poll, every_s=0.01) for poll in client.facts.polls)
        client.facts = msgspec.structs.replace(client.facts, polls=often)
        poller = Poller(client, ["BTCUSDT"], ["open_interest"], sink, lambda what, why: refused.append((what, why)))
        task = asyncio.create_task(poller.run())
        async with asyncio.timeout(5):
            await enough.wait()
        task.cancel()
        return frames, refused

    frames, refused = asyncio.run(scene())
    assert all(frame == b'{"stream":"btcusdt@openInterest","data":{"openInterest":"1"}}' for _, _, frame in frames)
    assert {what for what, _ in refused} == {"openInterest of BTCUSDT"}
    assert any("no JSON" in why.reason for _, why in refused)


def test_okx_backfill_pages_back_and_keeps_what_lies_in_the_gap():
    """Newest first, by family; other contracts and times before or after the gap are left out; ends are half-open."""
    from_ms, to_ms = FROM_NS // 1_000_000, TO_NS // 1_000_000
    orders = [(from_ms - 5_000 + 2_500 * n, n) for n in range(243)]  # into the time after the gap
    assert (from_ms, 2) in orders
    assert (to_ms, 242) in orders

    def respond(query):
        assert (query["instType"], query["instFamily"]) == ("SWAP", "BTC-USDT")
        page = sorted((order for order in orders if order[0] < int(query["after"])), reverse=True)[:100]
        details = [
            {"side": "buy", "posSide": "short", "sz": str(n + 1), "bkPx": "95000.5", "ts": str(ts)} for ts, n in page
        ]
        other = {"instId": "BTC-USDT-260925", "details": details[:1]}
        return {
            "code": "0",
            "msg": "",
            "data": [{"instId": "BTC-USDT-SWAP", "details": details}, other][: 1 if len(page) == 100 else 2],
        }

    events, result, asked = run_backfill("okx", ["BTC-USDT-SWAP"], respond)
    assert sorted(event.qty for event in events) == [n + 1 for ts, n in orders if from_ms <= ts < to_ms]
    assert {(event.position_side, event.symbol) for event in events} == {("short", "BTC/USDT:USDT")}
    assert (result.frames, result.refusals) == (3, ())
    assert len(asked) == 3


def test_gate_backfill_goes_hour_by_hour_and_gives_fills():
    """Position by its sign, quantity of the order, price of the fill; whole seconds."""
    begin_s = FROM_NS // NS

    def respond(query):
        assert int(query["to"]) - int(query["from"]) <= 3_600
        row = {"contract": "BTC_USDT", "size": -600, "order_size": 500, "order_price": "95100", "fill_price": "95000"}
        return [{**row, "time": begin_s + second, "left": 0} for second in (-1, 0, 599, 600)]

    events, result, asked = run_backfill("gate", ["BTC_USDT"], respond)
    assert [(event.ts_event_ns - FROM_NS) // NS for event in events] == [0, 599]
    first = events[0]
    assert isinstance(first, Liquidation)
    assert (first.position_side, first.qty, first.price, first.price_kind) == ("short", 500.0, 95_000.0, "fill")
    assert (first.order_price, first.qty_base) == (95_100.0, pytest.approx(0.05))
    assert result.refusals == ()
    assert asked[0][0] == "/api/v4/futures/usdt/liq_orders"


def test_gate_backfill_covers_a_long_gap_without_a_hole():
    """The hours asked for join up from the first second to the last."""
    rest = VENUES["gate"].rest
    query, spans = rest.backfill("BTC_USD", FROM_NS + 1, FROM_NS + 9_000 * NS + 7), []
    while query is not None:
        asked = parse_qs(urlsplit(query.target).query)
        spans.append((int(asked["from"][0]), int(asked["to"][0])))
        query = rest.following(query, b"[]")
    assert spans[0][0] * NS <= FROM_NS
    assert spans[-1][1] * NS >= FROM_NS + 9_000 * NS + 7
    assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(spans))


def test_deribit_backfill_follows_the_pages_and_keeps_the_ids():
    """Trades and liquidations as the socket would have told them."""
    from_ms = FROM_NS // 1_000_000
    rows = [
        {
            "trade_id": str(n),
            "instrument_name": "BTC-PERPETUAL",
            "timestamp": from_ms - 10 + n // 3,  # several in one millisecond
            "price": 95_000.5,
            "amount": 10.0,
            "direction": "sell",
            **({"liquidation": "T"} if n % 10 == 0 else {}),
        }
        for n in range(2_500)
    ]

    def respond(query):
        found = [
            row for row in rows if int(query["start_timestamp"]) <= row["timestamp"] <= int(query["end_timestamp"])
        ]
        return {"jsonrpc": "2.0", "result": {"trades": found[:1_000], "has_more": len(found) > 1_000}}

    events, result, asked = run_backfill("deribit", ["BTC-PERPETUAL"], respond)
    inside = [row for row in rows if row["timestamp"] >= from_ms]
    trades = {event.trade_id for event in events if isinstance(event, Trade)}
    forced = {event.event_id for event in events if isinstance(event, Liquidation)}
    assert trades == {row["trade_id"] for row in inside}
    assert forced == {row["trade_id"] for row in inside if "liquidation" in row}
    assert result.refusals == ()
    assert len(asked) == 3


def test_a_venue_without_history_says_so():
    """Binance keeps none for the public."""
    client = RestClient("binance-usdm", clock=FakeClock(), get=lambda _: None)
    gap = FeedGap("binance-usdm", "liquidation", FROM_NS, TO_NS, "test")
    assert asyncio.run(backfill(client, ["BTCUSDT"], gap, print)).refusals[0].is_fatal
    with pytest.raises(InputError, match="nothing"):
        RestClient("bybit")
