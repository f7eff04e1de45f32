"""Archives what a collector journals, in a process of its own, so that collection never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.app.child import Child
from powderkeg.app.live.archive_worker import Answer, Order
from powderkeg.domain.errors import StoreError
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.manifest import load_manifest

EVERY_S: Final = 120.0
"""Between two parts: what a restart or a query has to parse of the journal stays at this much, and a day at most has
720 parts before they become one."""

STOP_S: Final = 10.0
"""How long a stop waits for an order at work; cutting one off loses nothing."""


class Archiver:
    """Orders to the worker process, one at a time.

    Args:
        data_dir: the data directory.
        alert: takes a line for the operator when archiving fails; it is tried again.
    """

    def __init__(self, data_dir: Path, alert: Callable[[str], None]) -> None:
        self.archived_records = 0  # of the journal archived last
        self._data_dir = data_dir
        self._alert = alert
        self._worker: Child | None = None
        self._turn = asyncio.Lock()

    async def order(self, work: Literal["grow", "seal"], journal_id: str) -> bool:
        """Have it done; whether it was."""
        async with self._turn:
            answer = await self._ask(Order(work, str(self._data_dir), journal_id))
        if answer.problem:
            self._alert(f"archiving {journal_id} failed and will be tried again: {answer.problem}")
            return False
        self.archived_records = answer.records
        return True

    async def stop(self) -> None:
        """Let the worker finish its order and end it."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end(STOP_S)

    async def _ask(self, order: Order) -> Answer:
        worker = self._worker
        if worker is None or worker.returncode is not None:
            worker = self._worker = await Child.start("powderkeg.app.live.archive_worker")
        try:
            worker.orders.write(msgspec.json.encode(order) + b"\n")
            await worker.orders.drain()
            line = await worker.answers.readline()
        except OSError as error:
            return Answer(order.journal_id, problem=str(error))
        if not line:
            return Answer(order.journal_id, problem="the archiving process ended")
        return msgspec.json.decode(line, type=Answer)


def unsettled(data_dir: Path, name: str, current: str) -> list[str]:
    """A collector's earlier journals that are not archived whole: left open by a crash, or sealed and not archived.

    Open ones are sealed on the way; a damaged one stays as it is.
    """
    found: list[str] = []
    for path in journal_paths(data_dir):
        if path.stem == current or not path.stem.startswith(f"{name}-20"):
            continue
        with suppress(StoreError):
            with JournalReader(path) as reader:
                meta, is_open = reader.meta, reader.progress.state == "open"
            if meta.options.get("collector") != name:
                continue
            if is_open:
                with Journal.create_or_resume(path, meta, now_ns=lambda: 0) as journal:
                    journal.seal()
            manifest = load_manifest(data_dir, path.stem)
            if manifest is None or not manifest.is_sealed:
                found.append(path.stem)
    return found
