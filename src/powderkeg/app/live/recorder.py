"""The one writer of a collector's journals: the loop stages records, a thread makes them durable.

    loop    append, connect, gap ...  ──► staged ──(every 200 ms, or 1 MiB)──► thread: one commit each

The loop never waits for the disk. When the disk refuses, the thread keeps what it has, tries again with growing
pauses, and the collector takes no more frames until a try succeeds; what was staged before the refusal is not lost.
One journal per UTC day of receipt; the loop says when a day ends, the thread seals.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.app.live.queues import TIGHT
from powderkeg.domain.errors import InputError, StoreBusyError, StoreError
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_DAY, day_of
from powderkeg.store.journal import COMMIT_BYTES, Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalConnection, JournalMeta, Record

TICK_S: Final = 0.2
"""Staged records are handed to the thread this often; with the commit itself they are durable within 250 ms."""

MAX_BACKLOG_BYTES: Final = 64 * 1024 * 1024
"""Staged and not durable, at most: ten seconds of 20,000 frames of 300 bytes a second."""

FIRST_RETRY_S: Final = 0.25
LONGEST_RETRY_S: Final = 4.0
"""Pauses between tries on a full disk double up to this, so that collection goes on within 10 s of space (R5)."""

GIVE_UP_S: Final = 5.0
"""How long a stop waits for a disk that refuses."""

JournalKind = Literal["live", "simulated"]


class Staged(msgspec.Struct):
    """What goes into one commit, in the order it is written: connections, records, closings, gaps."""

    connects: list[JournalConnection] = []
    records: list[Record] = []
    raw_bytes: int = 0
    disconnects: list[tuple[int, int]] = []
    gaps: list[FeedGap] = []
    next_day: str | None = None  # seal, and go on in the journal of this day

    @property
    def is_empty(self) -> bool:
        """Nothing to write."""
        return not (self.connects or self.records or self.disconnects or self.gaps or self.next_day)


class Recorder:
    """Journals of one collector. All methods are for one thread; `on_pause` and `on_resume` are called from another.

    Args:
        data_dir: the data directory.
        name: the collector's; its journals are `<name>-<YYYY-MM-DD>`.
        kind: `live`, or `simulated` where the venues are.
        on_pause: told once, with the reason, when the disk refuses.
        on_resume: told once when it takes again.
        commit_bytes: staged bytes that are handed over at once.
    """

    def __init__(
        self,
        data_dir: Path,
        name: str,
        *,
        kind: JournalKind = "live",
        on_pause: Callable[[str], None] = lambda _: None,
        on_resume: Callable[[], None] = lambda: None,
        commit_bytes: int = COMMIT_BYTES,
    ) -> None:
        self.connections: dict[int, JournalConnection] = {}
        self.is_paused = False
        self.is_tight = False
        self.journal_id = ""
        self.day_end_ns = 0
        self.durable_records = 0  # by this run
        self.commits = 0
        self.slowest_commit_s = 0.0
        self._data_dir = data_dir
        self._name = name
        self._kind: JournalKind = kind
        self._on_pause = on_pause
        self._on_resume = on_resume
        self._commit_bytes = commit_bytes
        self._staged = Staged()
        self._handed_bytes = 0
        self._durable_bytes = 0
        self._handed: queue.SimpleQueue[Staged | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._write_all, name=f"journal-{name}", daemon=True)
        self._journal: Journal | None = None

    def start(self, now_ns: int) -> Journal:
        """Open the journal of the day and begin to write; the journal is given for looking at what it holds.

        Raises:
            StoreBusyError: another process writes it.
            StoreError: it cannot be made.
        """
        journal = self._open(day_of(now_ns))
        self._journal = journal
        self._enter(journal.path.stem, journal.progress.connections, now_ns)
        self._thread.start()
        return journal

    def connect(
        self,
        *,
        venue: str,
        stream: str,
        opened_ns: int,
        format: str = "",  # noqa: A002 - the column's name
        header: str = "{}",
    ) -> int:
        """Open a connection; `stream` names its classes joined by `+`. The id stands at once."""
        connection = JournalConnection(
            connection_id=len(self.connections) + 1 + self._before,
            venue=venue,
            stream=stream,
            kind="frames",
            format=format,
            header=header,
            opened_ns=opened_ns,
        )
        self.connections[connection.connection_id] = connection
        self._staged.connects.append(connection)
        return connection.connection_id

    def disconnect(self, connection_id: int, closed_ns: int) -> None:
        """Note when a connection ended."""
        self._staged.disconnects.append((connection_id, closed_ns))

    def gap(self, gap: FeedGap) -> None:
        """Note that a stream was not observed."""
        self._staged.gaps.append(gap)

    def append(self, record: Record) -> None:
        """Stage a record of an open connection of the current day."""
        staged = self._staged
        staged.records.append(record)
        staged.raw_bytes += len(record.payload)
        if staged.raw_bytes >= self._commit_bytes:
            self.tick()

    def tick(self) -> None:
        """Hand over what is staged. Call it every `TICK_S`, also when nothing comes.

        Raises:
            StoreError: the writing thread failed in a way that trying again cannot mend.
        """
        if self._failure is not None:
            raise StoreError(f"the journal's writer stopped: {self._failure}") from self._failure
        if not self._staged.is_empty:
            self._handed_bytes += self._staged.raw_bytes
            self._handed.put(self._staged)
            self._staged = Staged()
        self.is_tight = self.fill >= TIGHT

    @property
    def fill(self) -> float:
        """Bytes not durable yet over their bound, 0 to 1 and beyond."""
        return (self._handed_bytes + self._staged.raw_bytes - self._durable_bytes) / MAX_BACKLOG_BYTES

    def begin_day(self, now_ns: int) -> None:
        """Seal the journal behind everything staged, and go on in a new one of `now_ns`'s day, without connections."""
        names = (name for name in self._names(day_of(now_ns)) if name != self.journal_id)
        name = next(name for name in names if not journal_path(self._data_dir, name).exists())
        self._staged.next_day = name
        self.tick()
        self._enter(name, 0, now_ns)

    def stop(self) -> None:
        """Make everything durable and close. Waits for a refusing disk no longer than `GIVE_UP_S`.

        Raises:
            StoreError: something could not be written.
        """
        if self._thread.is_alive():
            if not self._staged.is_empty:
                self._handed.put(self._staged)
                self._staged = Staged()
            self._stopping.set()
            self._handed.put(None)
            self._thread.join()
        if self._failure is not None:
            raise StoreError(f"the last frames could not be written: {self._failure}") from self._failure

    def _enter(self, journal_id: str, connections_before: int, now_ns: int) -> None:
        self.journal_id = journal_id
        self.connections = {}
        self._before = connections_before
        self.day_end_ns = (now_ns // NS_PER_DAY + 1) * NS_PER_DAY

    def _names(self, day: str) -> list[str]:
        """Names a journal of a day may have: a second one where the first is sealed or damaged."""
        first = f"{self._name}-{day}"
        return [first, *(f"{first}-{number}" for number in range(2, 1_000))]

    def _open(self, day: str) -> Journal:
        """The last journal of the day if it can be gone on with, or the next.

        Raises:
            StoreError: as `start`.
        """
        names = self._names(day)
        used = sum(1 for name in names if journal_path(self._data_dir, name).exists())
        for name in names[max(0, used - 1) : used + 2]:
            try:
                return self._open_named(name)
            except StoreBusyError:
                raise
            except (InputError, StoreError):
                if not journal_path(self._data_dir, name).exists():
                    raise  # it is not a damaged or sealed one: the disk refuses
        raise StoreError(f"{self._data_dir}: no journal for {day} can be opened; check disk and permissions")

    def _open_named(self, name: str) -> Journal:
        meta = JournalMeta(journal_id=name, kind=self._kind, options={"collector": self._name})
        # Commits are this class's alone: the journal must never commit by itself.
        return Journal.create_or_resume(
            journal_path(self._data_dir, name), meta, now_ns=time.monotonic_ns, commit_bytes=1 << 62
        )

    # ------------------------------------------------------------------ the writing thread

    def _write_all(self) -> None:
        try:
            while (staged := self._handed.get()) is not None:
                self._write(staged)
            assert self._journal is not None
            self._journal.close()
        except BaseException as failure:  # noqa: BLE001 - the loop raises it at its next tick
            self._failure = failure

    def _write(self, staged: Staged) -> None:
        journal = self._journal
        assert journal is not None
        begun = time.perf_counter()
        for connection in staged.connects:
            given = journal.connect(
                venue=connection.venue,
                stream=connection.stream,
                kind="frames",
                format=connection.format,
                header=connection.header,
                opened_ns=connection.opened_ns,
            )
            assert given == connection.connection_id, "the recorder is the only writer"
        journal.extend(staged.records)
        for connection_id, closed_ns in staged.disconnects:
            journal.disconnect(connection_id, closed_ns)
        for gap in staged.gaps:
            journal.gap(gap)
        self._insist(journal.commit)
        self.commits += 1
        self.slowest_commit_s = max(self.slowest_commit_s, time.perf_counter() - begun)
        self.durable_records += len(staged.records)
        self._durable_bytes += staged.raw_bytes
        if staged.next_day is not None:
            self._insist(journal.seal)
            with suppress(StoreError):
                journal.close()
            self._insist(lambda: self._go_on_in(staged.next_day or ""))

    def _go_on_in(self, name: str) -> None:
        self._journal = self._open_named(name)

    def _insist(self, work: Callable[[], None]) -> None:
        """Do it, however often the disk refuses first; a stop cuts the waiting short.

        Raises:
            StoreError: stopping, and the disk still refuses.
        """
        pause_s = FIRST_RETRY_S
        stop_by: float | None = None
        while True:
            try:
                work()
                break
            except StoreBusyError:
                raise
            except StoreError as error:
                if not self.is_paused:
                    self.is_paused = True
                    self._on_pause(str(error))
                if self._stopping.wait(pause_s):
                    stop_by = stop_by or time.monotonic() + GIVE_UP_S
                    if time.monotonic() >= stop_by:
                        raise
                    time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
        if self.is_paused:
            self.is_paused = False
            self._on_resume()
