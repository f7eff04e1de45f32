"""Processes of our own that work beside this one: all are started and ended alike.

Each takes orders on its standard input, answers on its standard output, and ends when its input ends, so that none can
outlive whoever started it, however that dies.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Self


class Child:
    """One such process; `orders` is its input and `answers` its output.

    Args:
        process: with pipes for both.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.orders, self.answers = process.stdin, process.stdout
        self._process = process

    @classmethod
    async def start(cls, module: str, *words: str, environ: Mapping[str, str] | None = None) -> Self:
        """Run `python -m module words...`, with `environ` added to the environment."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **(environ or {})},
            start_new_session=True,  # a ctrl-c in the terminal is for whoever started it, who then ends it
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait until it has ended; how."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self, within_s: float) -> int:
        """Let it finish what it does, at most so long; how it ended."""
        self.orders.close()
        try:
            async with asyncio.timeout(within_s):
                return await self.wait()
        except TimeoutError:
            self.kill()
            return await self.wait()
