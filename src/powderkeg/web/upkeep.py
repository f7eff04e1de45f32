"""The server's background: maps calibrated before anyone asks and scored once a day, by a process that yields to all.

It has the lowest priority and one thread, answers nobody, and what it finds out lies in the data directory: losing it
costs nothing but time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from powderkeg.app.selection import base_coin
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_S
from powderkeg.web import asks
from powderkeg.web.desk import Desk
from powderkeg.web.faults import Fault, Refused

LOG: Final = logging.getLogger("powderkeg.web.upkeep")

AFTER_MIDNIGHT_NS: Final = 120 * NS_PER_S
"""A day's calibration begins this much later: the last bars of the day before are there by then."""

EMPTY_S: Final = (30.0, 600.0)
"""While nothing can have a map yet it is looked for again after the first, then ever later up to the second."""

WITHOUT: Final = {
    "map_coins": "maps are made when they are asked for instead",
    "calibrate_ahead": "maps are made when they are asked for instead",
    "score_daily": "maps get no score of this day",
}
"""What is missing where something asked of the background fails."""

Sleep = Callable[[float], Awaitable[None]]


class Upkeep:
    """Calibrates every coin at the start and after every midnight (UTC), then scores.

    Args:
        desk: has the background process.
        scores: whether maps are scored.
        now_ns: the clock.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        scores: bool = True,
        now_ns: Callable[[], int] = time.time_ns,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._desk, self._scores, self._now_ns, self._sleep = desk, scores, now_ns, sleep
        self.failures: dict[str, int] = {}  # by what was asked
        self._listed = asyncio.Event()
        self._waiting: dict[str, asyncio.Event] = {}
        self._first: list[str] = []

    async def run(self) -> None:
        """Until cancelled; what fails is told (`failures`, and the log) and tried again the next day."""
        empty_s, most_s = EMPTY_S
        while True:
            try:
                found = await self._calibrate()
                if self._scores and found:
                    await self._ask("score_daily", asks.ScoreDaily(now_ns=self._now_ns()))
            finally:
                self._release()
            await self._desk.rest("background")
            await self._sleep(self._until_next_s() if found else empty_s)
            empty_s = min(empty_s * 2.0, most_s)

    async def ready(self, coin: str, wait_s: float) -> bool:
        """Whether a coin is calibrated, waiting at most so long; asked for, it is the next one.

        A coin that is not among those that can have a map is ready: there is nothing to wait for.
        """
        try:
            async with asyncio.timeout(wait_s):
                await self._listed.wait()
                name = _coin_of(coin)
                event = self._waiting.get(name)
                if event is not None:
                    self._first.append(name)
                    await event.wait()
        except TimeoutError:
            return False
        return True

    @property
    def waiting(self) -> int:
        """Coins that are still to be calibrated."""
        return len(self._waiting)

    async def _calibrate(self) -> int:
        """All coins, those asked for first; how many. One that fails does not keep the others from theirs."""
        body = await self._ask("map_coins", asks.MapCoins())
        coins = [] if body is None else msgspec.json.decode(body, type=_Coins).coins
        self._waiting = {coin: asyncio.Event() for coin in coins}
        self._listed.set()
        rehearse = True
        while self._waiting:
            asked = [coin for coin in self._first if coin in self._waiting]
            coin = asked[0] if asked else next(iter(self._waiting))
            try:
                await self._ask("calibrate_ahead", asks.CalibrateAhead(coin=coin, rehearse=rehearse), coin)
            finally:
                self._waiting.pop(coin).set()
            rehearse = False
        return len(coins)

    async def _ask(self, name: str, ask: asks.Ask, about: str = "") -> bytes | None:
        """What the background process answers; None where it failed, which is counted and logged.

        Nobody waits for the answer, so nobody else would tell.
        """
        try:
            reply, body = await self._desk.ask(name, ask, lane="background")
        except Refused as refused:
            said = refused.fault.message
        else:
            if reply.status == 200:
                return body
            said = msgspec.json.decode(body, type=Fault).message
        self.failures[name] = self.failures.get(name, 0) + 1
        work = f"{name} {about}".strip()
        LOG.warning("in the background, %s failed: %s; %s", work, said, WITHOUT[name])
        return None

    def _release(self) -> None:
        """Nobody waits for what will not be done."""
        for event in self._waiting.values():
            event.set()
        self._waiting = {}
        self._first = []
        self._listed.set()

    def _until_next_s(self) -> float:
        now_ns = self._now_ns()
        next_ns = (now_ns - AFTER_MIDNIGHT_NS) // NS_PER_DAY * NS_PER_DAY + NS_PER_DAY + AFTER_MIDNIGHT_NS
        return (next_ns - now_ns) / NS_PER_S


class _Coins(msgspec.Struct, frozen=True):
    coins: list[str]


def _coin_of(name: str) -> str:
    try:
        return base_coin(name)
    except InputError:
        return ""
