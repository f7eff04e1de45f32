"""The driver of one plan against servers that fail: R7, R8, R9, gaps."""

from __future__ import annotations

import asyncio

import pytest
from feed_harness import CANARY, FAST, LIQUIDATION, PATIENT, acknowledge, plan_at, running, serving, speak, tcp_serving

from powderkeg.feed.backoff import Refusal
from powderkeg.feed.liveness import State
from powderkeg.venues.guard import MAX_FRAME_BYTES


def test_frames_come_as_they_were_sent():
    """Text and binary, with the key of their connection, times that never go back, acknowledgments included."""
    sent = [CANARY, LIQUIDATION % 1, "é✓".encode(), b"", b"\x1f\x8bnot really gzip"]

    async def handler(connection):
        await acknowledge(connection)
        for payload in sent:
            await connection.send(payload if payload.startswith(b"\x1f") else payload.decode())
        await connection.wait_closed()

    async def scene():
        async with serving(handler) as port, running(plan_at(port), PATIENT) as seen:
            await seen.until(lambda: len(seen.frames) == len(sent) + 1)
            await seen.until(lambda: seen.of("state")[-1] == ("liquidation", State.LIVE))
            return seen

    seen = asyncio.run(scene())
    assert [payload for _, _, payload in seen.frames][1:] == sent
    assert {key for key, _, _ in seen.frames} == {"binance-usdm/market/0#1"}
    times = [at for _, at, _ in seen.frames]
    assert times == sorted(times)
    assert seen.log[:2] == [
        ("state", "liquidation", State.CONNECTING),
        ("opened", "binance-usdm/market/0#1"),
    ]
    assert seen.of("closed") == [("binance-usdm/market/0#1", "stopped")]
    assert seen.of("gap") == []


def test_a_subscription_is_sent_in_full_and_the_ping_message_with_it():
    """What the plan says goes out in order; the venue's own ping follows at its interval."""

    async def scene():
        got: asyncio.Queue = asyncio.Queue()

        async def handler(connection):
            async for text in connection:
                got.put_nowait(text)

        async with serving(handler) as port:
            plan = plan_at(port, subscribe=("one", "two", "three"), ping="are you there", ping_interval_s=0.05)
            async with running(plan, PATIENT):
                return [await asyncio.wait_for(got.get(), 4) for _ in range(5)]

    assert asyncio.run(scene()) == ["one", "two", "three", "are you there", "are you there"]


def test_acknowledged_then_nothing_is_found():
    """R8: an acknowledgment is no data; the path is given up, and what comes after is found again, with a gap."""
    visits = []

    async def handler(connection):
        visits.append(1)
        await acknowledge(connection)
        if len(visits) > 2:
            await speak(connection)
        await connection.wait_closed()

    async def scene():
        async with serving(handler) as port, running(plan_at(port)) as seen:
            await seen.until(lambda: seen.of("gap"))
            return seen

    seen = asyncio.run(scene())
    (gap,) = (entry[0] for entry in seen.of("gap"))
    assert gap.reason.startswith("subscribed, then no data for")
    assert (gap.venue, gap.stream) == ("binance-usdm", "liquidation")
    assert gap.to_ns - gap.from_ns >= 2 * FAST.canary_s * 1e9
    assert [reason.partition(" for")[0] for _, reason in seen.of("closed")[:2]] == ["subscribed, then no data"] * 2
    assert State.STALE in [state for _, state in seen.of("state")]


def test_a_canary_that_falls_silent_is_missed_while_other_streams_speak_or_not():
    """R8: the gap runs from the last data to the first data after it."""
    visits = []

    async def handler(connection):
        visits.append(1)
        await acknowledge(connection)
        await speak(connection, count=3 if len(visits) == 1 else None)
        await connection.wait_closed()

    async def scene():
        async with serving(handler) as port, running(plan_at(port)) as seen:
            await seen.until(lambda: seen.of("gap"))
            return seen

    seen = asyncio.run(scene())
    (gap,) = (entry[0] for entry in seen.of("gap"))
    assert gap.reason.startswith("canary silent for")
    times = [at for _, at, payload in seen.frames if payload == CANARY]
    assert (gap.from_ns, gap.to_ns) == (times[2], times[3])


def test_quiet_liquidations_do_not_reconnect():
    """Nothing but canaries for many times the limit: one connection, state QUIET."""

    async def handler(connection):
        await acknowledge(connection)
        await speak(connection, count=60, every_s=0.02)
        await connection.wait_closed()

    async def scene():
        async with serving(handler) as port, running(plan_at(port)) as seen:
            await seen.until(lambda: len(seen.frames) == 61)
            return seen

    seen = asyncio.run(scene())
    assert len(seen.of("opened")) == 1
    assert seen.of("refused") == []
    assert seen.of("state")[-1] == ("liquidation", State.QUIET)


def test_r09_a_half_open_connection_is_found_without_a_canary():
    """R9: the server neither reads nor answers pings any more; TCP stands."""

    async def scene():
        over = asyncio.Event()

        async def handler(connection):
            await acknowledge(connection)
            connection.transport.pause_reading()
            await over.wait()
            connection.transport.abort()

        async with serving(handler, ping_interval=None) as port, running(plan_at(port, canary=None)) as seen:
            await seen.until(lambda: seen.of("closed"))
            over.set()
            return seen

    seen = asyncio.run(scene())
    assert seen.of("closed")[0][1].startswith("half open: nothing heard for")


def test_pongs_alone_keep_a_connection_without_a_canary():
    """A path without a canary may be silent as long as the venue answers pings."""

    async def handler(connection):
        await acknowledge(connection)
        await connection.wait_closed()

    async def scene():
        async with serving(handler) as port, running(plan_at(port, canary=None)) as seen:
            await asyncio.sleep(2.5 * FAST.half_open_s)
            return seen

    seen = asyncio.run(scene())
    assert len(seen.of("opened")) == 1
    assert seen.of("refused") == []


@pytest.mark.parametrize(
    ("status", "retry_after", "fatal", "wait_s"),
    [
        (429, "0.0", False, None),
        (429, "1", False, 1.0),
        (418, "2", False, 2.0),
        (503, "1", False, 1.0),
        (403, None, True, None),
    ],
)
def test_r07_refused_handshakes_are_retried_when_the_venue_wants(status, retry_after, fatal, wait_s):
    """R7: Retry-After is kept to; a handshake refused for good is retried at the slowest pace and shown DOWN."""

    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        header = f"Retry-After: {retry_after}\r\n" if retry_after else ""
        writer.write(f"HTTP/1.1 {status} No\r\n{header}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()

    async def scene():
        async with tcp_serving(refuse) as port, running(plan_at(port)) as seen:
            await seen.until(lambda: seen.of("refused") and ("liquidation", State.DOWN) in seen.of("state"))
            return seen.of("refused")[0]

    refusal, waited_s = asyncio.run(scene())
    assert refusal == Refusal(f"handshake refused (HTTP {status})", fatal, wait_s)
    expected_s = pytest.approx(0.0375, abs=0.0125) if fatal else wait_s or 0.0
    assert waited_s == expected_s


def test_r07_a_server_that_says_nothing_is_given_up():
    """R7: TCP is accepted and then nothing, as when TLS stalls; tries go on with growing, capped waits."""

    async def stall(reader, writer):
        await reader.read()

    async def scene():
        async with tcp_serving(stall) as port, running(plan_at(port)) as seen:
            await seen.until(lambda: len(seen.of("refused")) == 4)
            return seen.of("refused")

    refused = asyncio.run(scene())
    assert {refusal.reason for refusal, _ in refused} == {f"no answer within {FAST.open_s:g} s"}
    waits = [wait_s for _, wait_s in refused]
    assert waits[0] == 0.0
    assert all(wait_s <= 0.05 for wait_s in waits)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"",
    ],
)
def test_r07_a_server_that_is_no_websocket_server_is_retried(answer):
    """R7: a wrong upgrade ends the attempt, never the feed."""

    async def handler(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async def scene():
        async with tcp_serving(handler) as port, running(plan_at(port)) as seen:
            await seen.until(lambda: len(seen.of("refused")) == 3)
            return seen

    seen = asyncio.run(scene())
    assert seen.of("opened") == []
    assert not seen.task.done() or seen.task.cancelled()


def test_a_closed_port_is_retried():
    """Nobody listens; the wait before the first retry is none."""

    async def scene():
        async with serving(acknowledge) as port:
            pass
        async with running(plan_at(port)) as seen:
            await seen.until(lambda: len(seen.of("refused")) == 3)
            return seen.of("refused")

    refused = asyncio.run(scene())
    assert refused[0][1] == 0.0
    assert "cannot connect" in refused[0][0].reason


def test_an_oversized_frame_ends_the_connection_and_nothing_else():
    """The library refuses it unread; the reason is told, the feed goes on with a gap."""
    visits = []

    async def handler(connection):
        visits.append(1)
        await acknowledge(connection)
        if len(visits) == 1:
            await connection.send("x" * (MAX_FRAME_BYTES + 1))
        await speak(connection)

    async def scene():
        async with serving(handler) as port, running(plan_at(port), PATIENT) as seen:
            await seen.until(lambda: seen.of("gap"))
            return seen

    seen = asyncio.run(scene())
    assert seen.of("closed")[0][1] == f"frame over {MAX_FRAME_BYTES} bytes refused"
    assert seen.of("gap")[0][0].reason == f"frame over {MAX_FRAME_BYTES} bytes refused"


def test_a_dropped_connection_leaves_a_gap_with_its_reason():
    """From the last data to the first data; the close code is told."""
    visits = []

    async def handler(connection):
        visits.append(1)
        await acknowledge(connection)
        await speak(connection, count=2, every_s=0.01)
        if len(visits) == 1:
            await connection.close(1012, "restart")
        await speak(connection)

    async def scene():
        async with serving(handler) as port, running(plan_at(port), PATIENT) as seen:
            await seen.until(lambda: seen.of("gap"))
            return seen

    seen = asyncio.run(scene())
    (gap,) = (entry[0] for entry in seen.of("gap"))
    assert gap.reason == "closed by the venue: 1012 'restart'"
    times = [at for _, at, payload in seen.frames if payload == CANARY]
    assert (gap.from_ns, gap.to_ns) == (times[1], times[2])
    assert seen.of("closed")[0] == ("binance-usdm/market/0#1", gap.reason)


def test_a_gap_still_open_at_the_end_is_told():
    """The venue never came back: the gap ends with the session."""

    async def scene():
        async with serving(acknowledge) as port:
            pass
        async with running(plan_at(port)) as seen:
            await seen.until(lambda: seen.of("refused"))
        return seen

    seen = asyncio.run(scene())
    (gap,) = (entry[0] for entry in seen.of("gap"))
    assert gap.from_ns < gap.to_ns


def test_a_ping_message_of_the_venue_is_answered():
    """HTX wants its number back, quoted as it came."""

    async def scene():
        answers: asyncio.Queue = asyncio.Queue()

        async def handler(connection):
            await connection.send('{"op":"ping","ts":"1606780800116"}')
            async for text in connection:
                answers.put_nowait(text)

        async with serving(handler) as port, running(plan_at(port, venue="htx", subscribe=()), PATIENT):
            return await asyncio.wait_for(answers.get(), 4)

    assert asyncio.run(scene()) == '{"op":"pong","ts":"1606780800116"}'
