"""Asks the worker processes: each question bounded in time, each worker in memory, and the line of askers in length.

Two workers, so that a simulation does not keep a total waiting, and one that yields to both for what nobody waits for.
One that overruns its time is killed and started anew, but a map that takes long goes on being made while who asked is
told to come back. The same question asked twice at once is answered once.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.app.child import Child
from powderkeg.web.asks import Ask
from powderkeg.web.faults import Refused
from powderkeg.web.frames import LENGTHS, Form, Question, Reply, pack

Lane = Literal["quick", "heavy", "background"]
Key = tuple[str, bytes, Form]

MAX_WAITING: Final = 64
STARTING_S: Final = 30.0
"""A worker that starts reads what is in the data directory; its first question may wait this much longer."""

MAPS: Final = frozenset({"map", "heatmap", "ladder"})
"""Questions whose calibration may take long on a busy machine: it goes on, and the next one who asks has the answer."""

PATIENCE: Final = 10.0
"""How many times the limit of its lane such a question may take before its worker is ended after all."""

RETRY_S: Final = 3

ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
"""What yields to all others must not take every core at once."""


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What questions may use: seconds by lane, and bytes of memory a worker."""

    quick_s: float = 20.0
    heavy_s: float = 60.0
    background_s: float = 1_800.0
    memory_bytes: int = 4 * 1_073_741_824


class Desk:
    """Answers questions about one data directory.

    Args:
        data_dir: the data directory; need not exist yet.
        settings: limits.
    """

    def __init__(self, data_dir: Path, settings: DeskSettings | None = None) -> None:
        settings = settings or DeskSettings()
        self.timeouts = 0
        self.answered = 0
        self._lines: dict[Lane, _Line] = {
            "quick": _Line(data_dir, settings.memory_bytes, settings.quick_s),
            "heavy": _Line(data_dir, settings.memory_bytes, settings.heavy_s),
            "background": _Line(data_dir, settings.memory_bytes, settings.background_s, is_last=True),
        }
        self._limits_s: dict[Lane, float] = {"quick": settings.quick_s, "heavy": settings.heavy_s}
        self._asked: dict[Key, asyncio.Task[tuple[Reply, bytes]]] = {}

    async def ask(self, name: str, ask: Ask, form: Form = "json", lane: Lane = "quick") -> tuple[Reply, bytes]:
        """The answer's reply and bytes.

        Raises:
            Refused: too many wait, it took too long, the worker died of it, or its map is still being made.
        """
        key = (name, msgspec.json.encode(ask), form)
        task = self._asked.get(key)
        if task is None:
            if len(self._asked) >= MAX_WAITING:
                raise Refused(503, "busy", "too many questions wait; try again in a second", {"Retry-After": "1"})
            patience = PATIENCE if name in MAPS else 1.0
            task = self._asked[key] = asyncio.create_task(self._lines[lane].ask(Question(*key), patience))
            task.add_done_callback(lambda done: self._forget(key, done))
        try:
            reply = await self._waited(task, name, lane)
        except Refused as refused:
            self.timeouts += refused.fault.code == "timeout"
            raise
        self.answered += 1
        return reply

    @property
    def asked(self) -> dict[Lane, int]:
        """Questions that are not answered yet by lane, the one at work among them."""
        return {lane: line.asked for lane, line in self._lines.items()}

    async def rest(self, lane: Lane) -> None:
        """End the worker of a lane that has nothing to do for long; the next question starts another."""
        await self._lines[lane].stop()

    async def _waited(self, task: asyncio.Task[tuple[Reply, bytes]], name: str, lane: Lane) -> tuple[Reply, bytes]:
        """The answer; of a map only as long as a lane's limit, while it goes on being made."""
        limit_s = self._limits_s.get(lane) if name in MAPS else None
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(task)
        except TimeoutError:
            raise in_progress() from None

    def _forget(self, key: Key, task: asyncio.Task[tuple[Reply, bytes]]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()  # nobody may be waiting for it any more

    async def stop(self) -> None:
        """End the workers."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in self._lines.values():
            await line.stop()


def in_progress() -> Refused:
    """Told to who asks for a map that is still being made."""
    told = "the map is being calibrated; ask again in a few seconds"
    return Refused(503, "map_in_progress", told, {"Retry-After": str(RETRY_S)})


class _Line:
    """One worker, started when it is first needed, and the questions waiting for it."""

    def __init__(self, data_dir: Path, memory_bytes: int, limit_s: float, *, is_last: bool = False) -> None:
        self._words = (str(data_dir), str(memory_bytes), *(["last"] if is_last else []))
        self._environ = ONE_THREAD if is_last else {}
        self._limit_s = limit_s
        self.asked = 0  # and not answered yet
        self._turn = asyncio.Lock()
        self._process: Child | None = None

    async def ask(self, question: Question, patience: float) -> tuple[Reply, bytes]:
        """The answer within so many times the limit of the lane, else the worker is ended."""
        self.asked += 1
        try:
            return await self._asked(question, patience)
        finally:
            self.asked -= 1

    async def _asked(self, question: Question, patience: float) -> tuple[Reply, bytes]:
        await self._wait()
        try:
            process, limit_s = self._process, self._limit_s * patience
            if process is None or process.returncode is not None:
                process, limit_s = await self._start(), limit_s + STARTING_S
            try:
                async with asyncio.timeout(limit_s):
                    return await _exchange(process, question)
            except TimeoutError:
                await self.stop()
                told = f"the answer took longer than {self._limit_s:g} s; ask for a shorter interval, or fewer coins"
                raise Refused(504, "timeout", told) from None
            except (OSError, EOFError):
                await self.stop()
                told = "the question ended the process that answers; it took too much memory or met a bug of ours"
                raise Refused(503, "worker_died", told) from None
            except asyncio.CancelledError:
                await self.stop()  # its answer would be taken for that of the next question
                raise
        finally:
            self._turn.release()

    async def _wait(self) -> None:
        """Take the turn; not for ever, for the question before may be a map that takes its time."""
        try:
            async with asyncio.timeout(self._limit_s + STARTING_S):
                await self._turn.acquire()
        except TimeoutError:
            told = "the questions before this one take long; ask again in a few seconds"
            raise Refused(503, "busy", told, {"Retry-After": str(RETRY_S)}) from None

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.kill()  # it holds nothing that could be lost
        await process.wait()

    async def _start(self) -> Child:
        self._process = await Child.start("powderkeg.web.worker", *self._words, environ=self._environ)
        return self._process


async def _exchange(process: Child, question: Question) -> tuple[Reply, bytes]:
    process.orders.write(pack(question))
    await process.orders.drain()
    head_length, body_length = LENGTHS.unpack(await process.answers.readexactly(LENGTHS.size))
    head = await process.answers.readexactly(head_length)
    return msgspec.json.decode(head, type=Reply), await process.answers.readexactly(body_length)
