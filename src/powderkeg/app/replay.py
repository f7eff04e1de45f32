"""Recorded bytes through the whole path, nothing stored: journal records or a recording's lines in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.pipeline import Pipeline
from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Event, FeedGap, Liquidation
from powderkeg.domain.time import end_of_ms
from powderkeg.stats.coverage import LIQUIDATION_STREAM, Observed, open_gaps
from powderkeg.stats.liquidation_table import LiquidationTable
from powderkeg.stats.silence import Islands
from powderkeg.store.decode import Decoder, RejectedRecord
from powderkeg.store.importers.registry import recognize
from powderkeg.store.importers.replaying import RecordTap, tap_file
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_format import JournalConnection, Record
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.spans import Span as ConnectionSpan
from powderkeg.store.spans import observed_of, real_gaps

FIRST_REJECTS: Final = 20
"""Refusals kept for showing; all are counted."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a replay.

    Attributes:
        pipeline: the statistics, fed with every event.
        records: journal records, or messages and blocks of lines.
        rejects: how many could not be read; `first_rejects` are the first of them.
        observed: when liquidations were watched, as far as the recording tells; `gaps` when not, and why.
        is_simulated: some of it comes from a simulated market; whoever shows it must say so.
    """

    pipeline: Pipeline
    records: int
    rejects: int
    first_rejects: tuple[RejectedRecord, ...]
    observed: tuple[Observed, ...]
    gaps: tuple[FeedGap, ...] = ()
    is_simulated: bool = False

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
        totals = self.pipeline.totals
        return totals.totals(as_of_ns or self.end_ns, window_ns, by, observed=self.observed, gaps=self.gaps)


class Replayer:
    """Takes the records of one journal after the other; the statistics grow with them."""

    def __init__(self, pipeline: Pipeline | None = None) -> None:
        self.pipeline = pipeline or Pipeline()
        self.records = 0
        self.rejects = 0
        self.is_simulated = False
        self._first: list[RejectedRecord] = []
        self._watch = _Watch()

    def run(self, decoder: Decoder, connections: dict[int, JournalConnection], records: Iterable[Record]) -> None:
        """Decode records of one journal and feed the statistics."""
        decode, update = decoder.decode, self.pipeline.update
        positions: dict[int, int] = {}  # the last of each connection: they never go back
        for record in records:
            events, rejects = decode(record)
            update(events)
            self.records += 1
            if rejects:
                self.rejects += len(rejects)
                self._first += rejects[: FIRST_REJECTS - len(self._first)]
            known = connections.get(record.connection_id)
            if known is not None and known.kind == "rows":
                self._watch.note_table(events)
            else:
                positions[record.connection_id] = record.position
        self._watch.note_positions(positions)

    def end_journal(
        self, connections: dict[int, JournalConnection], gaps: Iterable[FeedGap] = (), journal_id: str = ""
    ) -> None:
        """All records of a journal were taken; the next ones are of another."""
        self._watch.end_journal(connections, gaps, journal_id)

    def finished(self) -> Replay:
        """The result so far."""
        return Replay(
            pipeline=self.pipeline,
            records=self.records,
            rejects=self.rejects,
            first_rejects=tuple(self._first),
            observed=tuple(self._watch.observed),
            gaps=tuple(open_gaps(self._watch.noted, self._watch.observed)),
            is_simulated=self.is_simulated,
        )


class _Watch:
    """When liquidations were watched, as the archive would tell it: connections' times, and tables' reach."""

    def __init__(self) -> None:
        self.observed: list[Observed] = []
        self.noted: list[FeedGap] = []
        self._last: dict[int, int] = {}
        self._tables: dict[str, Islands] = {}

    def note_positions(self, positions: Mapping[int, int]) -> None:
        """Take the last positions of connections, by their id; they never go back."""
        self._last.update(positions)

    def note_table(self, events: Iterable[Event]) -> None:
        """Take the events of a block of a table."""
        for event in events:
            if isinstance(event, Liquidation):
                self._tables.setdefault(event.venue, Islands()).note(event.ts_event_ns, event.symbol)

    def end_journal(self, connections: dict[int, JournalConnection], gaps: Iterable[FeedGap], journal_id: str) -> None:
        """Turn what was noted of a journal into intervals."""
        known = [(connections[number], last) for number, last in sorted(self._last.items()) if number in connections]
        spans = [_span(connection, max(last, connection.opened_ns)) for connection, last in known]
        watched = [span for span in spans if LIQUIDATION_STREAM in span.stream.split("+")]
        gaps = tuple(gaps)
        self.observed += [one for one in observed_of(watched, gaps, journal_id) if one.stream == LIQUIDATION_STREAM]
        self.noted += [gap for gap in real_gaps(gaps) if gap.stream == LIQUIDATION_STREAM]
        self.observed += [
            Observed(venue, LIQUIDATION_STREAM, first, end_of_ms(last), "import", journal_id)
            for venue, spoken in sorted(self._tables.items())
            for first, last in spoken.spans()
        ]
        self._last, self._tables = {}, {}


def _span(connection: JournalConnection, last_ns: int) -> ConnectionSpan:
    return ConnectionSpan(
        connection_id=connection.connection_id,
        venue=connection.venue,
        stream=connection.stream,
        kind="frames",
        from_ns=connection.opened_ns,
        to_ns=last_ns if connection.closed_ns is None else connection.closed_ns,
    )


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
            replayer.is_simulated |= reader.meta.kind == "simulated"
            replayer.run(Decoder(connections), connections, reader.records())
            replayer.end_journal(connections, reader.gaps(), reader.meta.journal_id)
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
    replayer.end_journal(tap.connections)
    return replayer.finished()
