"""Asks the worker processes: each question bounded in time, each worker in memory, and the line of askers in length.

Two workers, so that a simulation does not keep a total waiting. One that overruns its time is killed and started anew;
the same question asked twice at once is answered once.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.web.asks import Ask
from powderkeg.web.faults import Refused
from powderkeg.web.frames import LENGTHS, Form, Question, Reply, pack

Lane = Literal["quick", "heavy"]
Key = tuple[str, bytes, Form]

MAX_WAITING: Final = 64
STARTING_S: Final = 30.0
"""A worker that starts reads what is in the data directory; its first question may wait this much longer."""

STOP_S: Final = 2.0


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What questions may use: seconds by lane, and bytes of memory a worker."""

    quick_s: float = 20.0
    heavy_s: float = 60.0
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
        }
        self._asked: dict[Key, asyncio.Task[tuple[Reply, bytes]]] = {}

    async def ask(self, name: str, ask: Ask, form: Form = "json", lane: Lane = "quick") -> tuple[Reply, bytes]:
        """The answer's reply and bytes.

        Raises:
            Refused: too many wait, it took too long, or the worker died of it.
        """
        key = (name, msgspec.json.encode(ask), form)
        task = self._asked.get(key)
        if task is None:
            if len(self._asked) >= MAX_WAITING:
                raise Refused(503, "busy", "too many questions wait; try again in a second", {"Retry-After": "1"})
            task = self._asked[key] = asyncio.create_task(self._lines[lane].ask(Question(*key)))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        try:
            reply = await asyncio.shield(task)
        except Refused as refused:
            self.timeouts += refused.fault.code == "timeout"
            raise
        self.answered += 1
        return reply

    async def stop(self) -> None:
        """End the workers."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for line in self._lines.values():
            await line.stop()


class _Line:
    """One worker, started when it is first needed, and the questions waiting for it."""

    def __init__(self, data_dir: Path, memory_bytes: int, limit_s: float) -> None:
        self._words = (str(data_dir), str(memory_bytes))
        self._limit_s = limit_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, question: Question) -> tuple[Reply, bytes]:
        async with self._turn:
            process, limit_s = self._process, self._limit_s
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

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.kill()  # it holds nothing that could be lost
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_S)

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "powderkeg.web.worker",
            *self._words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self._process


async def _exchange(process: asyncio.subprocess.Process, question: Question) -> tuple[Reply, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(pack(question))
    await process.stdin.drain()
    head_length, body_length = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    head = await process.stdout.readexactly(head_length)
    return msgspec.json.decode(head, type=Reply), await process.stdout.readexactly(body_length)
