# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownParameterType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportMissingTypeStubs=false
# pyarrow ships no types; tables pass through here on their way to DuckDB.
"""A journal's records behind the archive, decoded: what makes a query see the last commit."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from powderkeg.domain.events import EVENT_NAMES, Event, FeedGap, Liquidation
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.stats.silence import Islands
from powderkeg.store.archive_pass import unfit
from powderkeg.store.columns import tail_table
from powderkeg.store.decode import Decoder, DecoderState
from powderkeg.store.identity import Source
from powderkeg.store.journal_reader import Batch, Damage, JournalReader
from powderkeg.store.manifest import Manifest
from powderkeg.store.repeats import IdNotes
from powderkeg.store.spans import Span, closed_spans, note_record


class JournalTail:
    """Decodes one journal from its last archived record on; `advance` takes what was committed since.

    Args:
        path: of the journal.
        manifest: what is archived of it, None for nothing.
        instruments: see `Decoder`.
        until_seq: last batch to be seen, None for all there are.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest | None,
        instruments: InstrumentMap | None = None,
        *,
        until_seq: int | None = None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.tables: dict[str, list[pa.Table]] = {}
        self.sources: dict[tuple[str, str], Source] = {}
        self.islands: dict[str, Islands] = {}  # of liquidations, by venue
        self.spans: tuple[Span, ...] = manifest.spans if manifest is not None else ()
        self.gaps: tuple[FeedGap, ...] = manifest.gaps if manifest is not None else ()
        self.damage: list[Damage] = []
        self.rejects = 0
        self.journal_kind: str = manifest.journal_kind if manifest is not None else ""
        self._instruments = instruments
        self._state = manifest.decoder if manifest is not None else {}
        self._last_seq = manifest.last_seq if manifest is not None else 0
        self._until_seq = until_seq

    @property
    def decoder_state(self) -> DecoderState:
        """What a decoder of the records behind this tail must be given."""
        return self._state

    def advance(self) -> None:
        """Decode what was committed since the last call.

        Raises:
            StoreError: the journal cannot be read at all.
        """
        with JournalReader(self.path) as reader:
            self.journal_kind = reader.meta.kind
            decoder = Decoder(reader.connections, self._instruments, self._state)
            spans = {span.connection_id: span for span in self.spans}
            events: dict[str, list[Event]] = {}
            for batch in reader.batches(self._last_seq + 1):
                if self._until_seq is not None and batch.seq is not None and batch.seq > self._until_seq:
                    break
                for record in batch.records if isinstance(batch, Batch) else ():
                    note_record(spans, record, reader.connections)
                    decoded = decoder.decode(record)
                    self.rejects += len(decoded.rejects)
                    for event in decoded.events:
                        if unfit(event) is None:
                            events.setdefault(EVENT_NAMES[type(event)], []).append(event)
                        else:
                            self.rejects += 1
            self.damage = list(dict.fromkeys([*self.damage, *reader.damage]))
            self.spans = closed_spans(spans, reader.connections)
            self.gaps = tuple(reader.gaps())
            self._state = decoder.state()
            self._last_seq = reader.last_seq
            for name, group in events.items():
                self.tables.setdefault(name, []).append(tail_table(name, group, reader.meta.journal_id))
                self._note_sources(name, group)

    def _note_sources(self, name: str, events: list[Event]) -> None:
        """Where this tail has rows of each venue; within it ids may repeat anywhere."""
        for event in events:
            venue = getattr(event, "venue", "")
            if isinstance(event, Liquidation):
                self.islands.setdefault(venue, Islands()).note(event.ts_event_ns, event.symbol)
            at_ns = event.ts_event_ns
            timeless = isinstance(event, Liquidation) and event.ts_is_received and event.event_id is not None
            known = self.sources.get((name, venue))
            if known is not None:
                timeless = timeless or known.ids.are_timeless
            first_ns = at_ns if known is None else min(known.from_ns, at_ns)
            last_ns = at_ns if known is None else max(known.to_ns, at_ns)
            self.sources[name, venue] = Source(venue, first_ns, last_ns, IdNotes((first_ns, last_ns), timeless))
