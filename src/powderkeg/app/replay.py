"""Recorded bytes through the whole path, nothing stored: journal records or a recording's lines in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.pipeline import Pipeline
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import end_of_ms
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed
from powderkeg.stats.liquidation_table import LiquidationTable
from powderkeg.store.decode import Decoder, RejectedRecord
from powderkeg.store.importers.registry import recognize
from powderkeg.store.importers.replaying import RecordTap, tap_file
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_format import JournalConnection, Record
from powderkeg.store.journal_reader import JournalReader

FIRST_REJECTS: Final = 20
"""Refusals kept for showing; all are counted."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a replay.

    Attributes:
        pipeline: the statistics, fed with every event.
        records: journal records, or messages and blocks of lines.
        rejects: how many could not be read; `first_rejects` are the first of them.
        observed: when liquidations were watched, as far as the recording tells.
    """

    pipeline: Pipeline
    records: int
    rejects: int
    first_rejects: tuple[RejectedRecord, ...]
    observed: tuple[Observed, ...]

    @property
    def end_ns(self) -> int:
        """The end of the last event's millisecond: the natural `as_of` of a recording.

        Raises:
            InputError: the recording has no event.
        """
        if self.pipeline.last_ns is None:
            raise InputError("the recording has no event that could be read; its refusals say why")
        return end_of_ms(self.pipeline.last_ns)

    def totals(
        self, *, window_ns: int, as_of_ns: int | None = None, by: tuple[str, ...] = ("coin", "venue")
    ) -> LiquidationTable:
        """The liquidation table at the end of the recording, or at `as_of_ns`."""
        return self.pipeline.totals.totals(as_of_ns or self.end_ns, window_ns, by, observed=self.observed)


class Replayer:
    """Takes records in order; the statistics grow with them."""

    def __init__(self, pipeline: Pipeline | None = None) -> None:
        self.pipeline = pipeline or Pipeline()
        self.records = 0
        self.rejects = 0
        self._first: list[RejectedRecord] = []
        self._watch = _Watch()

    def run(self, decoder: Decoder, connections: dict[int, JournalConnection], records: Iterable[Record]) -> None:
        """Decode records of one journal and feed the statistics."""
        decode, update = decoder.decode, self.pipeline.update
        for record in records:
            events, rejects = decode(record)
            update(events)
            self.records += 1
            if rejects:
                self.rejects += len(rejects)
                self._first += rejects[: FIRST_REJECTS - len(self._first)]
            self._watch.note(connections[record.connection_id], record.position)

    def finished(self) -> Replay:
        """The result so far."""
        span = (self.pipeline.first_ns, self.pipeline.last_ns)
        return Replay(
            pipeline=self.pipeline,
            records=self.records,
            rejects=self.rejects,
            first_rejects=tuple(self._first),
            observed=self._watch.observed(span, self.pipeline.liquidation_venues),
        )


class _Watch:
    """First and last record of each connection that carries liquidations."""

    def __init__(self) -> None:
        self._reach: dict[int, tuple[str, int, int]] = {}
        self._has_tables = False

    def note(self, connection: JournalConnection, position: int) -> None:
        if connection.kind == "rows":
            self._has_tables = True
        elif LIQUIDATION_STREAM in connection.stream.split("+"):
            known = self._reach.get(id(connection))
            first = connection.opened_ns if known is None else known[1]
            self._reach[id(connection)] = (connection.venue, first, position)

    def observed(self, span: tuple[int | None, int | None], venues: Iterable[str]) -> tuple[Observed, ...]:
        found = [
            Observed(venue, LIQUIDATION_STREAM, first, last, "connection", None)
            for venue, first, last in self._reach.values()
        ]
        if self._has_tables and span[0] is not None and span[1] is not None:
            found += [
                Observed(venue, LIQUIDATION_STREAM, span[0], end_of_ms(span[1]), "import", None) for venue in venues
            ]
        return tuple(found)


def replay_data_dir(data_dir: Path, replayer: Replayer | None = None) -> Replay:
    """Replay every journal of a data directory, one after the other.

    Raises:
        InputError: there is no journal.
        StoreError: a journal cannot be read.
    """
    paths = journal_paths(data_dir)
    if not paths:
        raise InputError(f"no journals in {data_dir}; import a file there first, or give a recorded file")
    replayer = replayer or Replayer()
    for path in paths:
        with JournalReader(path) as reader:
            connections = reader.connections
            replayer.run(Decoder(connections), connections, reader.records())
    return replayer.finished()


def replay_file(
    path: Path,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    symbol: str | None = None,
    on_read: Callable[[int], None] | None = None,
    replayer: Replayer | None = None,
) -> Replay:
    """Replay a recorded file of any kind that can be imported; memory does not grow with its length.

    Raises:
        InputError: the file cannot be read as any kind.
    """
    replayer = replayer or Replayer()
    match = recognize(path, format=format, symbol=symbol)

    def take(record: Record) -> None:
        replayer.run(decoder, tap.connections, (record,))

    tap = RecordTap(take)
    decoder = Decoder(tap.connections)
    tap_file(path, match, tap, on_read)
    return replayer.finished()
