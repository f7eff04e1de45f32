# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportMissingTypeStubs=false
# pyarrow ships no types; tables pass through here between DuckDB and the caller.
"""Questions to the data directory: one SQL view per event type, over archive and journals' tails alike.

    SELECT position_side, sum(notional_usd) FROM liquidation WHERE date = '2026-01-14' GROUP BY ALL

Columns are the fields of the events, and `date`, the UTC day of `ts_event_ns`: a condition on it leaves the files of
other days unread. Which rows are one event is said in `identity.py`.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import pyarrow as pa

from powderkeg.domain.errors import InputError, StoreError
from powderkeg.domain.events import EVENT_NAMES, FeedGap
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.domain.time import day_of, end_of_ms
from powderkeg.stats.coverage import Observed, open_gaps
from powderkeg.stats.silence import observed_spans, split_at
from powderkeg.store.closing import Closing
from powderkeg.store.columns import column_names, joined
from powderkeg.store.decode import DecoderState
from powderkeg.store.identity import Source, doubts_of, literal, view_sql
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.manifest import ArchiveFile, Manifest, archive_dir, load_manifest
from powderkeg.store.spans import observed_of, real_gaps
from powderkeg.store.tail import JournalTail
from powderkeg.store.verified import VerifiedFiles

MEMORY_LIMIT: Final = "2GB"

Parameters = list[Any] | dict[str, Any]
"""For `?`, or for `$name`, in a statement."""

ArrowTable = Any
"""A `pyarrow.Table`; pyarrow ships no types, and a name is better than none."""


DAMAGED: Final = "its journal is read instead, if there is one; powderkeg doctor --repair makes it anew"


class Problem(msgspec.Struct, frozen=True):
    """Something of the data directory that queries cannot use: a damaged file, manifest or journal."""

    path: str
    reason: str


class Database(Closing):
    """A data directory as SQL views. What was committed when `refresh` last ran is what is seen.

    Args:
        data_dir: the data directory; need not exist yet.
        instruments: see `Decoder`.
        verify: compare each file with its checksum when it is first used; a damaged one is listed in `problems`, and
            its journal is decoded in its place where that can still be read. Reads only
            files that are new, or changed, since one was last opened here: see `verified.py`.
        until: last batch to be seen of a journal, by its id; of the others, all. For a look at what was there before.
    """

    def __init__(
        self,
        data_dir: Path,
        instruments: InstrumentMap | None = None,
        *,
        verify: bool = True,
        until: Mapping[str, int] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.problems: list[Problem] = []
        self._instruments = instruments
        self._verify = verify
        self._until = dict(until or {})
        self._verified = VerifiedFiles(data_dir)
        self._intact: dict[str, str] = {}  # path -> checksum it was found to have, by this Database
        self._manifests: dict[str, Manifest] = {}
        self._tails: dict[str, JournalTail] = {}
        self._files: list[tuple[str, ArchiveFile]] = []  # with the id of their journal
        self._lock = threading.RLock()  # one connection, one question at a time
        self._database = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_LIMIT,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
            },
        )
        # Files outside the archive cannot be reached by any query, and no query can change that.
        self._database.execute(
            f"SET allowed_directories = [{literal(f'{archive_dir(data_dir).resolve()}/')}]"
        ).fetchall()
        self._database.execute("SET enable_external_access = false").fetchall()
        self._database.execute("SET lock_configuration = true").fetchall()
        self.refresh()

    def close(self) -> None:
        """Let go of everything."""
        self._database.close()

    def refresh(self) -> None:
        """See what was committed since: new manifests, and the journals' tails behind them."""
        with self._lock:
            listed: list[tuple[str, ArchiveFile]] = []
            for _ in range(3):
                self.problems = []
                self._load_manifests()
                listed = [(name, file) for name, manifest in self._manifests.items() for file in manifest.files]
                self._files = [(name, file) for name, file in listed if self._is_usable(file)]
                if len(self._files) == len(listed):
                    break  # else a manifest may have moved on since it was read, and removed what it listed
            self._verified.save(file.path for _, file in self._files)
            usable = {file.path for _, file in self._files}
            broken = {name for name, file in listed if file.path not in usable}
            self._advance_tails(broken)
            replaced = broken & self._tails.keys()
            self._files = [(name, file) for name, file in self._files if name not in replaced]
            for event in EVENT_NAMES.values():
                self._define(event)

    def query(self, sql: str, parameters: Parameters | None = None) -> ArrowTable:
        """Run our own SQL, with values as parameters.

        Raises:
            StoreError: the archive cannot be read.
        """
        with self._lock:
            try:
                return self._table(sql, parameters)
            except duckdb.IOException:
                self.refresh()  # the archive was compacted meanwhile: its parts are gone, their rows are not
            try:
                return self._table(sql, parameters)
            except duckdb.IOException as error:
                raise StoreError(f"{self.data_dir}: the archive cannot be read: {error}") from error

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[dict[str, Any]]:
        """`query`, as one dict a row."""
        return self.query(sql, parameters).to_pylist()

    def sql(self, text: str) -> ArrowTable:
        """Run a user's SQL: one SELECT over the views, with no way to files, settings or other data.

        Raises:
            InputError: it is no single SELECT, or DuckDB refuses it; the message says why.
            StoreError: the archive cannot be read.
        """
        try:
            statements = duckdb.extract_statements(text)
        except duckdb.Error as error:
            raise InputError(f"this is not SQL: {error}") from error
        if len(statements) != 1 or statements[0].type not in (
            duckdb.StatementType.SELECT,
            duckdb.StatementType.EXPLAIN,
        ):
            raise InputError(f"one SELECT is expected; views are {', '.join(sorted(EVENT_NAMES.values()))}")
        try:
            return self.query(text)
        except duckdb.Error as error:
            raise InputError(f"the query cannot be run: {error}") from error

    @property
    def is_simulated(self) -> bool:
        """Whether a journal here holds what a simulated market sent."""
        kinds = {manifest.journal_kind for manifest in self._manifests.values()}
        return "simulated" in kinds | {tail.journal_kind for tail in self._tails.values()}

    def decoder_state(self, journal_id: str) -> DecoderState:
        """What a decoder of a journal's next records must be given; nothing where the journal is not there."""
        tail, manifest = self._tails.get(journal_id), self._manifests.get(journal_id)
        return tail.decoder_state if tail is not None else manifest.decoder if manifest is not None else {}

    def columns(self, event: str) -> list[str]:
        """Names of the columns of an event type.

        Raises:
            InputError: there is no such event type.
        """
        if event not in EVENT_NAMES.values():
            close = difflib.get_close_matches(event, EVENT_NAMES.values(), n=1, cutoff=0.8)
            known = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(EVENT_NAMES.values()))}"
            raise InputError(f"no event type {event!r}; {known}")
        return list(column_names(event))

    def window(
        self,
        event: str,
        start_ns: int,
        end_ns: int,
        symbols: Sequence[str] | None = None,
        venues: Sequence[str] | None = None,
    ) -> ArrowTable:
        """Events of one type in [start, end) of event time, in order of it, optionally of some symbols or venues alone.

        Raises:
            InputError: there is no such event type, or it has no symbols or venues.
            StoreError: the archive cannot be read.
        """
        columns = self.columns(event)
        condition = "date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns >= ? AND ts_event_ns < ?"
        parameters: list[Any] = [day_of(start_ns), day_of(max(start_ns, end_ns - 1)), start_ns, end_ns]
        for column, names in (("symbol", symbols), ("venue", venues)):
            if names is not None:
                if column not in columns:
                    raise InputError(f"{event} has no {column} to choose by; leave that filter out")
                condition += f" AND {column} IN (SELECT unnest(?::VARCHAR[]))"
                parameters.append(list(names))
        return self.query(f"SELECT * FROM {event} WHERE {condition} ORDER BY ts_event_ns", parameters)  # noqa: S608

    def observed(self, venue: str | None = None) -> list[Observed]:
        """When streams were watched: feeds' connections less their gaps, and imports' first to last event."""
        found: list[Observed] = []
        for journal_id in sorted({*self._manifests, *self._tails}):
            manifest, tail = self._manifests.get(journal_id), self._tails.get(journal_id)
            if tail is not None:
                found += observed_of(tail.spans, tail.gaps, journal_id)
            elif manifest is not None:
                found += observed_of(manifest.spans, manifest.gaps, journal_id)
            found += self._imported(journal_id, manifest, tail)
        return [one for one in found if venue in (None, one.venue)]

    def gaps(self, venue: str | None = None) -> list[FeedGap]:
        """The gap ledger: when streams were not observed by anybody, and why, in order of venue, stream and time.

        What was filled in afterwards stands here too; `observed` says so.
        """
        noted: list[FeedGap] = []
        for journal_id in {*self._manifests, *self._tails}:
            source = self._tails.get(journal_id) or self._manifests[journal_id]
            noted += real_gaps(source.gaps)
        return open_gaps([gap for gap in noted if venue in (None, gap.venue)], self.observed(venue))

    def _imported(self, journal_id: str, manifest: Manifest | None, tail: JournalTail | None) -> list[Observed]:
        spans = tail.spans if tail is not None else manifest.spans if manifest is not None else ()
        if not any(span.kind == "rows" for span in spans):
            return []
        pieces: dict[tuple[str, str], list[tuple[int, int]]] = {}
        symbols: dict[tuple[str, str], int] = {}
        for (event, venue), source in tail.sources.items() if tail is not None else ():
            spoken = tail.islands.get(venue) if tail is not None and event == "liquidation" else None
            pieces[venue, event] = [(source.from_ns, source.to_ns)] if spoken is None else [*spoken.spans()]
            symbols[venue, event] = 0 if spoken is None else spoken.symbol_count
        for file in (file for owner, file in self._files if owner == journal_id):
            key = (file.venue, file.event)
            pieces.setdefault(key, []).extend(split_at((file.min_ts_event_ns, file.max_ts_event_ns), file.silences))
            symbols[key] = max(file.symbols, symbols.get(key, 0))
        return [
            Observed(venue, event, first_ns, end_of_ms(last_ns), "import", journal_id)
            for (venue, event), found in sorted(pieces.items())
            for first_ns, last_ns in observed_spans(found, symbols[venue, event])
        ]

    def _load_manifests(self) -> None:
        manifests: dict[str, Manifest] = {}
        for path in sorted((archive_dir(self.data_dir) / "manifests").glob("*.json")):
            try:
                manifest = load_manifest(self.data_dir, path.stem)
            except StoreError as error:
                self.problems.append(Problem(str(path), str(error)))
                continue
            if manifest is not None:
                manifests[path.stem] = manifest
        self._manifests = manifests

    def _advance_tails(self, broken: set[str]) -> None:
        """Where the manifest moved on, or is new, the tail starts again behind it.

        A journal whose archived files are not all whole is read from its beginning, so that no number changes.
        """
        tails: dict[str, JournalTail] = {}
        for path in journal_paths(self.data_dir):
            manifest = None if path.stem in broken else self._manifests.get(path.stem)
            if manifest is not None and manifest.is_sealed:
                continue
            tail = self._tails.get(path.stem)
            if tail is None or tail.manifest != manifest:
                tail = JournalTail(path, manifest, self._instruments, until_seq=self._until.get(path.stem))
            try:
                tail.advance()
            except StoreError as error:
                self.problems.append(Problem(str(path), str(error)))
                continue
            self.problems += [Problem(str(path), f"batch {damage.seq}: {damage.reason}") for damage in tail.damage]
            tails[path.stem] = tail
        self._tails = tails

    def _is_usable(self, file: ArchiveFile) -> bool:
        if not self._verify or self._intact.get(file.path) == file.sha256:
            return True
        path = archive_dir(self.data_dir) / file.path
        if self._verified.is_intact(file.path, file.sha256):
            self._intact[file.path] = file.sha256
            return True
        self.problems.append(Problem(str(path), f"is missing or fails its checksum; {DAMAGED}"))
        return False

    def _define(self, event: str) -> None:
        files = [file for _, file in self._files if file.event == event]
        paths = [str((archive_dir(self.data_dir) / file.path).resolve()) for file in files]
        tables = [table for tail in self._tails.values() for table in tail.tables.get(event, ())]
        sources = [Source(file.venue, file.min_ts_event_ns, file.max_ts_event_ns, file.ids) for file in files]
        sources += [
            source for tail in self._tails.values() for (name, _), source in tail.sources.items() if name == event
        ]
        self._database.register(f"tail_{event}", joined(event, tables))
        self._database.execute(f"SET VARIABLE files_{event} = ?", [paths]).fetchall()
        view = view_sql(event, has_files=bool(paths), doubts=doubts_of(sources))
        self._database.execute(f"CREATE OR REPLACE VIEW {event} AS {view}").fetchall()

    def _table(self, sql: str, parameters: Parameters | None) -> pa.Table:
        return self._database.sql(sql, params=parameters).to_arrow_table()
