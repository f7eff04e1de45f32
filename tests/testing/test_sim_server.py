"""Simulated venues over real sockets: faults as a client meets them, repeatable runs, REST, and the process."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sim_client import Client, ask, dial, played, requests
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Liquidation
from powderkeg.testing.venues import (
    FAULTS,
    SIMULATED,
    Fault,
    Playback,
    Scenario,
    SimulatedVenue,
    predict,
    random_faults,
)
from powderkeg.venues import Connection

STORY = Scenario(seed=21, messages_per_s=1_500, duration_s=4, liquidation_share=0.05)
SECOND = 1_000_000_000
FAST = Playback(speed=None, is_held=True, is_patient=True)


def during(name, from_s=1.0, to_s=2.0, **numbers):
    start_ns = STORY.start_ns
    return Fault(name=name, from_ns=start_ns + int(from_s * SECOND), to_ns=start_ns + int(to_s * SECOND), **numbers)


async def run(venue, *faults, playback=FAST, fault_seed=0, ping_s=None):
    """A client that comes back hears the story; (client, server)."""
    server = SimulatedVenue(STORY, venue, faults=faults, playback=playback, fault_seed=fault_seed)
    async with server, Client(server, returns=True, ping_s=ping_s) as client:
        server.begin()
        await server.ended()
        await server.settle()
    return client, server


@pytest.mark.parametrize("venue", SIMULATED)
def test_two_runs_of_one_seed_send_equal_bytes(venue):
    """On every connection the same bytes in the same order."""
    first, _ = played(run(venue))
    second, _ = played(run(venue))
    assert first.heard == second.heard
    assert len(first.frames) > 100


@pytest.mark.parametrize("venue", SIMULATED)
def test_two_runs_under_the_same_faults_send_equal_bytes(venue):
    """Cut off, refused, silenced, shuffled: a patient story still is the same in every run, on every path."""
    names = [name for name in FAULTS if name != "half_open"]
    asked = {"start_ns": STORY.start_ns, "duration_s": 4, "every_s": 0.2, "longest_s": 0.6}
    plan = (*random_faults(9, venues=(venue,), names=names, **asked), during("drop", 3.5, 3.6))
    first, _ = played(run(venue, *plan))
    second, _ = played(run(venue, *plan))
    assert first.heard == second.heard
    assert first.connections > len(first.heard)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("venue", SIMULATED)
def test_stored_and_counted_is_sent_under_random_faults(venue, seed):
    """A patient run with reconnects: heard = sent, and the ledger is the one predicted without a socket."""
    names = [name for name in FAULTS if name != "half_open"]  # which a client needs time to notice; see below
    asked = {"start_ns": STORY.start_ns, "duration_s": 4, "every_s": 0.2, "longest_s": 0.6}
    plan = random_faults(seed, venues=(venue,), names=names, **asked)
    client, server = played(run(venue, *plan, fault_seed=seed))
    channels = {channel for path in client.heard for channel in _channels(server, path)}
    foretold = predict(STORY, venue, faults=plan, fault_seed=seed, channels=sorted(channels))
    assert len(client.frames) == server.ledger.sent
    for part in ("frames", "lost", "happened", "told", "delivered"):
        assert server.document()[part] == foretold.document()[part]
    assert server.ledger.held == 0


def test_a_client_that_pings_survives_half_open():
    """It notices that nobody answers and comes back; what was lost meanwhile is what was predicted."""
    fault = during("half_open", 1.0, 1.5)
    client, server = played(run("deribit", fault, ping_s=0.1))
    channels = sorted(_channels(server, "market"))
    foretold = predict(STORY, "deribit", faults=[fault], channels=channels)
    assert server.ledger.lost == foretold.lost
    assert server.ledger.lost["half_open"] > 0
    assert server.ledger.delivered.nusd == foretold.delivered.nusd
    assert client.connections >= 2


def _channels(server, path):
    session = server.delivery.protocol.open(server.delivery.protocol.paths[path], "", 1)
    for request in requests(server.venue, path):
        session.hear(request, STORY.start_ns)
    return session.channels


def test_a_dropped_connection_ends_without_a_handshake_and_delivers_all_before():
    """The client sees the stream end; what was sent before has arrived, what passes meanwhile is lost by name."""

    async def story():
        async with AsyncExitStack() as stack:
            venue = SimulatedVenue(STORY, "bybit", faults=[during("drop")], playback=FAST)
            server = await stack.enter_async_context(venue)
            socket = await stack.enter_async_context(dial(server.url("linear")))
            await socket.send(requests("bybit", "linear")[0])
            await (await socket.ping())
            server.begin()
            heard = await until_the_end(socket)
            before = [frame.payload for frame in STORY.frames("bybit") if frame.at_ns < during("drop").from_ns]
            assert heard[-len(before) :] == before
            with pytest.raises(ConnectionClosedError):
                await socket.recv()

    played(story())


async def until_the_end(socket):
    """What is heard until the connection ends without a closing handshake."""
    heard = []
    try:
        while True:
            heard.append(await socket.recv(decode=False))
    except ConnectionClosedError:
        return heard


def test_half_open_neither_answers_nor_ends():
    """No pong, no frame, no end; another connection is served."""

    async def story():
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(SimulatedVenue(STORY, "okx", playback=Playback()))
            dead = await stack.enter_async_context(dial(server.url("public")))
            await dead.send(requests("okx", "public")[0])
            await dead.recv()
            server.start_fault(Fault(name="half_open", to_ns=0))
            pong = await dead.ping()
            server.stop_fault("half_open")
            client = await stack.enter_async_context(Client(server))
            await client.hears(b'"channel":"trades"', behind=50)
            assert not pong.done()

    played(story())


def test_silence_after_the_acknowledgment():
    """While the venue is silent a subscription is acknowledged and nothing follows, not even what comes first."""

    async def story():
        async with SimulatedVenue(STORY, "deribit", faults=[Fault(name="silent")], playback=FAST) as server:
            server.start_fault(Fault(name="silent"))
            async with Client(server) as client:
                server.begin()
                await server.ended()
                await server.settle()
                assert len(client.frames) == server.ledger.messages["reply"] == 1
                assert server.ledger.lost["silent"] == server.ledger.frames["made"]

    played(story())


def test_what_silence_withholds_at_the_start_comes_when_it_is_over():
    """OKX's first liquidation message is old for who subscribed in silence too; nothing new is taken for it."""

    async def story():
        async with SimulatedVenue(STORY, "okx", faults=[during("silent", -1.0, 1.0)], playback=FAST) as server:
            server.delivery.advance(STORY.start_ns)
            async with Client(server) as client:
                assert server.ledger.messages["first_words"] == 0
                server.begin()
                await server.ended()
                await server.settle()
                connection = Connection("okx")
                found = [event for payload in client.frames for event in connection.events(payload, STORY.start_ns)]
                forced = [event for event in found if isinstance(event, Liquidation)]
                assert len(forced) == server.ledger.delivered.count > 0
                assert connection.replayed > 0

    played(story())


@pytest.mark.parametrize("status", [429, 418, 503])
def test_refused_connections_are_told_when_to_retry(status):
    """As many attempts as asked for, over WebSocket and REST alike; then the door is open."""

    async def story():
        async with SimulatedVenue(STORY, "gate", playback=FAST) as server:
            server.start_fault(Fault(name="refuse", status=status, retry_after_s=7, attempts=2))
            with pytest.raises(InvalidStatus) as refused:
                await dial(server.url("usdt"))
            assert refused.value.response.status_code == status
            assert refused.value.response.headers["Retry-After"] == "7"
            code, _, headers = await ask(server, "/api/v4/spot/time")
            assert (code, headers["Retry-After"]) == (status, "7")
            async with dial(server.url("usdt")):
                assert server.rejected == 2

    played(story())


def test_replay_repeats_the_last_messages_to_who_comes_back():
    """After a drop, a hundred messages of before come once more, in their order; nothing is lost."""
    client, server = played(run("okx", during("drop", 2.0, 2.0), during("replay", 1.5, 3.0)))
    ((_, heard),) = client.heard.items()
    passed = [frame.payload for frame in STORY.frames("okx") if frame.at_ns < during("drop", 2.0).from_ns]
    second_life = heard.index(passed[-1]) + 1
    come_again = [payload for payload in heard[second_life:] if payload in set(passed)]
    assert come_again[-100:] == passed[-100:]
    assert server.ledger.messages["replay"] == 100
    assert server.ledger.delivered.nusd == server.ledger.told.nusd
    assert not server.ledger.lost


def test_a_patient_story_loses_nothing_between_two_connections():
    """The client leaves and comes back when it likes; all frames arrive."""

    async def story():
        playback = Playback(speed=8.0, is_held=True, is_patient=True)
        async with SimulatedVenue(STORY, "okx", playback=playback) as server, Client(server, returns=True) as client:
            server.begin()
            await client.hears(b"", behind=100)
            await client.sockets["public"].close()
            await server.ended()
            await server.settle()
            assert client.connections == 2
            assert not server.ledger.lost

    played(story())


def test_an_impatient_story_counts_what_nobody_heard():
    """A real venue does not wait: what passes while nobody listens is lost, and the ledger says so."""

    async def story():
        playback = Playback(speed=None, is_held=True)
        async with SimulatedVenue(STORY, "okx", playback=playback) as server:
            async with Client(server):
                pass
            server.begin()
            await server.ended()
            assert server.ledger.lost == {"unheard": server.ledger.frames["made"]}

    played(story())


def test_nothing_unsubscribed_is_sent():
    """After unsubscribing only what is left arrives."""

    async def story():
        async with SimulatedVenue(STORY, "bybit", playback=FAST) as server, dial(server.url("linear")) as socket:
            topics = ["publicTrade.BTCUSDT", "publicTrade.ETHUSDT"]
            await socket.send(json.dumps({"op": "subscribe", "args": topics}))
            await socket.send(json.dumps({"op": "unsubscribe", "args": topics[1:]}))
            await (await socket.ping())
            server.begin()
            await server.ended()
            await server.settle()
            trades = [frame for frame in STORY.frames("bybit") if frame.kind == "trade"]
            wanted = [frame.payload for frame in trades if frame.venue_symbol == "BTCUSDT"]
            heard = [await socket.recv(decode=False) for _ in range(2 + len(wanted))]
            assert heard[2:] == wanted
            assert server.ledger.sent == len(heard)
            assert (
                server.ledger.frames["unsubscribed"] + server.ledger.lost.total() + len(wanted)
                == server.ledger.frames["made"]
            )

    played(story())


def test_old_connections_are_closed():
    """As Binance does after a day."""

    async def story():
        async with AsyncExitStack() as stack:
            venue = SimulatedVenue(STORY, "binance-usdm", playback=Playback(max_age_s=0.1))
            server = await stack.enter_async_context(venue)
            socket = await stack.enter_async_context(dial(server.url("market")))
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd.code == 1001

    played(story())


def test_a_client_that_does_not_read_is_thrown_out():
    """Its queue is bounded: the venue waits a while for it, and then goes on without it."""

    async def story():
        playback = Playback(speed=None, is_held=True, patience_s=0.2)
        long = Scenario(seed=2, messages_per_s=60_000, duration_s=2)
        async with SimulatedVenue(long, "binance-usdm", playback=playback) as server:
            socket = await dial(server.url("market"))
            await socket.send(requests("binance-usdm", "market")[0])
            await (await socket.ping())
            socket.transport.pause_reading()
            server.begin()
            await server.ended()
            assert server.evicted == 1
            assert server.ledger.lost["unheard"] > 0
            socket.transport.abort()

    played(story())


def test_a_server_that_does_not_run_has_no_port():
    """Nor can it be played at no speed."""
    with pytest.raises(InputError, match="start it first"):
        _ = SimulatedVenue(STORY, "okx").base_url
    with pytest.raises(InputError, match="above 0"):
        Playback(speed=0.0)


def test_every_fault_is_met_in_this_file():
    """A fault that no test of the suite meets would be a promise nobody checks."""
    texts = [(Path(__file__).parent / name).read_text("utf-8") for name in ("test_sim_server.py", "test_sim_faults.py")]
    assert [name for name in FAULTS if not any(f'"{name}"' in text for text in texts)] == []
