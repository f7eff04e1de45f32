"""The background of a server: what it does in which order, by which clock, and that nobody ever waits for long."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import httpx
import pytest
from web_kit import serving

from powderkeg.app.config import load_config
from powderkeg.cli.serve_options import serve_options
from powderkeg.domain.time import parse_instant
from powderkeg.web import asks
from powderkeg.web.desk import Desk, DeskSettings
from powderkeg.web.faults import Refused
from powderkeg.web.frames import Reply
from powderkeg.web.upkeep import EMPTY_S, Upkeep

NOW_NS = parse_instant("2026-09-16T15:00:00Z")
MAP = asks.Map(coin="BTC", as_of="2026-09-16T14:54:00Z")


class FakeDesk:
    """Writes down what it is asked; a coin is calibrated when it is let."""

    def __init__(self, coins, dies_of=()):
        self.coins, self.dies_of = coins, dies_of
        self.asked = []
        self.let = asyncio.Semaphore(0)

    async def ask(self, name, ask, *, lane):
        assert lane == "background"
        if name == "map_coins":
            return Reply(200, "application/json"), json.dumps({"coins": self.coins}).encode()
        if name == "calibrate_ahead":
            self.asked.append(ask.coin)
            await self.let.acquire()
            if ask.coin in self.dies_of:
                raise Refused(503, "worker_died", "it died")
        else:
            self.asked.append((name, ask.now_ns))
        return Reply(200, "application/json"), b"{}"

    async def rest(self, lane):
        self.asked.append(f"rest {lane}")


def during(desk_of, main, **options):
    """Run a coroutine function beside an upkeep whose clock and sleep are the test's."""

    async def run():
        desk, naps, wake = desk_of(), [], asyncio.Semaphore(0)

        async def sleep(seconds):
            naps.append(seconds)
            await wake.acquire()

        upkeep = Upkeep(desk, now_ns=lambda: NOW_NS, sleep=sleep, **options)
        task = asyncio.create_task(upkeep.run())
        try:
            await asyncio.wait_for(main(upkeep, desk, naps, wake), 20)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


async def settle():
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_every_coin_then_the_score_then_rest_until_midnight():
    """In the order told; the clock that was given says when the next day is, and then all of it again."""

    async def main(_, desk, naps, wake):
        for _ in range(4):
            desk.let.release()
        await settle()
        assert desk.asked == ["BTC", "ETH", ("score_daily", NOW_NS), "rest background"]
        assert naps == [9 * 3_600.0 + 120.0]
        wake.release()
        await settle()
        assert desk.asked[4:] == desk.asked[:4]

    during(lambda: FakeDesk(["BTC", "ETH"]), main)


def test_scores_can_be_left_out():
    """Off by configuration: calibrated, not scored."""

    async def main(_, desk, __, ___):
        desk.let.release()
        await settle()
        assert desk.asked == ["BTC", "rest background"]

    during(lambda: FakeDesk(["BTC"]), main, scores=False)


def test_a_coin_that_is_asked_for_is_next():
    """Whoever asks waits for its coin alone; a coin without bars is not waited for."""

    async def main(upkeep, desk, _, __):
        await settle()
        asking = asyncio.create_task(upkeep.ready("SOLUSDT", 10.0))
        await settle()
        assert await upkeep.ready("NIX", 10.0)
        assert await upkeep.ready("///", 10.0)
        assert not await upkeep.ready("ETH", 0.0)
        desk.let.release()
        desk.let.release()
        assert await asking
        assert desk.asked[:2] == ["BTC", "SOL"]
        assert await upkeep.ready("BTC", 0.5)

    during(lambda: FakeDesk(["BTC", "ETH", "DOGE", "SOL"]), main)


def test_a_background_that_dies_keeps_nobody_waiting(caplog):
    """Who waits for that coin is let through to calibrate for itself; the others get theirs; log and count say it."""

    async def main(upkeep, desk, naps, __):
        await settle()
        asking = asyncio.create_task(upkeep.ready("BTC", 10.0))
        await settle()
        desk.let.release()
        assert await asking
        assert not await upkeep.ready("ETH", 0.0)
        desk.let.release()
        assert await upkeep.ready("ETH", 10.0)
        await settle()
        assert desk.asked == ["BTC", "ETH", ("score_daily", NOW_NS), "rest background"]
        assert naps == [9 * 3_600.0 + 120.0]
        assert upkeep.failures == {"calibrate_ahead": 1}

    during(lambda: FakeDesk(["BTC", "ETH"], dies_of=("BTC",)), main)
    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "calibrate_ahead BTC failed: it died; maps are made when they are asked for" in said


def test_an_empty_directory_is_looked_at_ever_less_often():
    """Until something can have a map; nothing is scored."""

    async def main(upkeep, desk, naps, wake):
        for _ in range(8):
            await settle()
            wake.release()
        assert await upkeep.ready("BTC", 0.5)
        assert desk.asked == ["rest background"] * len(naps)
        assert naps[:3] == [EMPTY_S[0], 2 * EMPTY_S[0], 4 * EMPTY_S[0]]
        assert max(naps) == EMPTY_S[1]

    during(lambda: FakeDesk([]), main)


def test_a_map_that_takes_long_goes_on_being_made(squeeze_dir):
    """503 with a time to come back, the worker lives, and the next one who asks gets the answer."""

    async def main():
        desk = Desk(squeeze_dir, DeskSettings(heavy_s=0.5))
        try:
            asking = asyncio.create_task(desk.ask("map", MAP, lane="heavy"))
            await asyncio.sleep(0.1)  # it is starting
            process = desk._lines["heavy"]._process
            os.kill(process.pid, signal.SIGSTOP)  # as long as it takes
            with pytest.raises(Refused, match="being calibrated") as refused:
                await asking
            assert (refused.value.status, refused.value.fault.code) == (503, "map_in_progress")
            assert int(refused.value.headers["Retry-After"]) > 0
            assert process.returncode is None
            os.kill(process.pid, signal.SIGCONT)
            codes = set()
            for _ in range(100):
                try:
                    reply, _ = await desk.ask("map", MAP, lane="heavy")
                    break
                except Refused as again:
                    codes.add(again.fault.code)
            assert codes <= {"map_in_progress"}
            assert reply.status == 200
            assert desk._lines["heavy"]._process is process
        finally:
            await desk.stop()

    asyncio.run(main())


def test_the_background_yields_to_all(squeeze_dir):
    """Its worker has the lowest priority and one thread, and is gone when there is nothing to do."""

    async def main():
        desk = Desk(squeeze_dir)
        try:
            reply, body = await desk.ask("map_coins", asks.MapCoins(), lane="background")
            assert (reply.status, json.loads(body)["coins"]) == (200, ["BTC", "DOGE", "ETH", "SOL"])
            process = desk._lines["background"]._process
            assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
            environ = await asyncio.to_thread(Path(f"/proc/{process.pid}/environ").read_bytes)
            assert b"OPENBLAS_NUM_THREADS=1" in environ
            await desk.rest("background")
            assert process.returncode is not None
        finally:
            await desk.stop()

    asyncio.run(main())


def test_a_server_is_ready_before_it_is_asked(squeeze_dir):
    """Calibrated ahead, over HTTP: the map, and nothing left running at the end."""
    with serving(squeeze_dir) as running:
        running.site.upkeep = Upkeep(running.site.desk, now_ns=lambda: NOW_NS)
        task = running.call(lambda: asyncio.ensure_future(running.site.upkeep.run()))
        answer = httpx.get(f"{running.address}/api/v1/liquidation-map?coin=BTC&as_of={MAP.as_of}", timeout=90)
        assert answer.status_code == 200
        running.call(task.cancel)


@pytest.mark.parametrize("name", ["calibrate_ahead", "score_daily"])
def test_both_can_be_turned_off(tmp_path, name):
    """In the file; what is served follows."""
    config = tmp_path / "config.toml"
    config.write_text(f"[maps]\n{name} = false\n")
    assert getattr(load_config(config, {}).maps, name) is False
    options = serve_options(tmp_path, config)
    assert (options.is_ahead, options.is_scored) == (name != "calibrate_ahead", name != "score_daily")
    on = serve_options(tmp_path, None)
    assert on.is_ahead
    assert on.is_scored
