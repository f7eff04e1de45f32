"""Questions are bounded: in time, in memory, in number; what goes wrong with one costs the others nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import time

import httpx
import pytest
from web_kit import raw, serving, status_of

from powderkeg.web import asks, desk
from powderkeg.web.desk import Desk, DeskSettings
from powderkeg.web.faults import Refused

TOTALS = asks.Totals(as_of="2026-09-16T15:00:00Z", window="10m")


def asking(data_dir, main, **settings):
    """Run a coroutine function over a desk of its own."""

    async def run():
        one = Desk(data_dir, DeskSettings(**settings))
        try:
            return await main(one)
        finally:
            await one.stop()

    return asyncio.run(run())


def process_of(one, lane="quick"):
    """The worker of a lane."""
    return one._lines[lane]._process


def test_a_question_that_takes_too_long_ends_its_worker_and_not_the_server(squeeze_dir):
    """504, then the next question is answered by a new worker."""

    async def main(one):
        await one.ask("totals", TOTALS)
        first = process_of(one)
        os.kill(first.pid, signal.SIGSTOP)  # as long as it takes
        with pytest.raises(Refused, match="longer than") as refused:
            await one.ask("totals", TOTALS)
        assert refused.value.status == 504
        assert first.returncode is not None
        reply, _ = await one.ask("totals", TOTALS)
        assert reply.status == 200
        assert process_of(one).pid != first.pid
        assert one.timeouts == 1

    asking(squeeze_dir, main, quick_s=1.0)


def test_a_worker_that_dies_is_replaced(squeeze_dir):
    """The question it died of is told so, the next is answered."""

    async def main(one):
        await one.ask("totals", TOTALS)
        first = process_of(one)
        os.kill(first.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(one.ask("totals", TOTALS))
        await asyncio.sleep(0.1)
        os.kill(first.pid, signal.SIGKILL)
        with pytest.raises(Refused, match="ended the process"):
            await waiting
        assert (await one.ask("totals", TOTALS))[0].status == 200

    asking(squeeze_dir, main)


def test_memory_is_bounded(squeeze_dir):
    """A worker with too little of it says so, or is replaced; it never takes more."""

    async def main(one):
        try:
            reply, _ = await one.ask("totals", TOTALS)
            status = reply.status
        except Refused as refused:
            status = refused.status
        assert status == 503

    asking(squeeze_dir, main, memory_bytes=24 * 1_048_576)


def test_the_same_question_at_once_is_asked_once_and_the_line_is_bounded(squeeze_dir, monkeypatch):
    """Twenty equal questions are one; a line that is full is 503 with a time to come back."""

    async def main(one):
        answers = await asyncio.gather(*(one.ask("totals", TOTALS) for _ in range(20)))
        assert len({body for _, body in answers}) == 1
        monkeypatch.setattr(desk, "MAX_WAITING", 2)
        os.kill(process_of(one).pid, signal.SIGSTOP)
        waiting = [
            asyncio.create_task(one.ask("totals", asks.Totals(window=f"{hours}h", as_of="2026-09-16T15:00:00Z")))
            for hours in (1, 2)
        ]
        await asyncio.sleep(0.05)
        with pytest.raises(Refused, match="too many questions") as refused:
            await one.ask("totals", asks.Totals(window="3h"))
        assert refused.value.headers == {"Retry-After": "1"}
        os.kill(process_of(one).pid, signal.SIGCONT)
        assert [reply.status for reply, _ in await asyncio.gather(*waiting)] == [200, 200]

    asking(squeeze_dir, main)


def test_workers_end_with_their_server(squeeze_dir):
    """Nothing stays behind."""

    async def main(one):
        await one.ask("totals", TOTALS)
        return process_of(one)

    process = asking(squeeze_dir, main)
    assert process.returncode is not None


def test_what_is_recorded_later_is_seen(tmp_path, squeeze_dir):
    """A directory that did not exist is simply empty, and not so any more once something is there."""
    target = tmp_path / "later"

    async def main(one):
        _, empty = await one.ask("totals", TOTALS)
        assert b'"not_connected"' in empty
        await asyncio.to_thread(shutil.copytree, squeeze_dir, target)
        await asyncio.sleep(0.3)  # a question sees what was there a moment ago
        _, full = await one.ask("totals", TOTALS)
        assert b'"empty":null' in full

    asking(target, main)


def test_bombs_are_refused(server):
    """S12: large, deep, squeezed and endless bodies; the server goes on."""
    post = {"Content-Type": "application/json"}
    address = f"{server.address}/api/v1/simulations"
    bodies = [(b"[" * 60_000, {}, 400), (b'{"coin":"BTC","x":1}', {}, 400), (b'{"coin":"BTC","paths":1e99}', {}, 400)]
    bodies += [(b" " * 70_000, {}, 413), (b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}, 415), (b"{", {}, 400)]
    for body, headers, status in bodies:
        answer = httpx.post(address, content=body, headers={**post, **headers}, timeout=10)
        assert (answer.status_code, "code" in answer.json()) == (status, True)
    assert httpx.post(address, data={"coin": "BTC"}, timeout=10).status_code == 415
    declared = (
        f"POST /api/v1/simulations HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
    )
    huge = (declared + "Content-Length: 999999999999\r\n\r\n").encode() + b"x" * 1_000
    assert status_of(raw(server.port, huge, for_s=2)) == 413
    many = declared + "".join(f"X-{number}: 1\r\n" for number in range(100)) + "Content-Length: 2\r\n\r\n{}"
    assert status_of(raw(server.port, many.encode(), for_s=2)) == 431
    assert status_of(raw(server.port, b"GET / HTTP/1.1\r\nHost: " + b"a" * 20_000, for_s=2)) == 400
    assert server.get("/healthz").status_code == 200


def test_who_says_nothing_is_hung_up_on(tmp_path, monkeypatch):
    """A connection that does not ask, or not to the end, does not stay."""
    monkeypatch.setattr("powderkeg.web.server.REQUEST_S", 0.3)
    with serving(tmp_path) as running:
        for words in (b"", b"GET / HTTP/1.1\r\nHost:"):
            begin = time.monotonic()
            assert raw(running.port, words, for_s=10) == b""
            assert time.monotonic() - begin < 8


def test_a_damaged_directory_is_told_and_not_fatal(tmp_path, squeeze_dir):
    """A journal that is no journal: the answer says so, and the server goes on."""
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "broken-20260916.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(folder / "broken-20260916.sqlite").execute("SELECT 1 FROM batches")

    async def main(one):
        _, body = await one.ask("totals", TOTALS)
        assert b'"problems":["broken-20260916.sqlite' in body

    asking(tmp_path, main)
