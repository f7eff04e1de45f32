"""Records of a journal to events: the same in one run as in any number of parts.

What the order of records alone can tell (which channels of a connection have spoken, what its channel numbers stand
for) is the decoder's state; it is kept beside each archived part, so that the next part, or the undecoded tail, goes on
from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Final, NamedTuple

import msgspec

from powderkeg.domain.errors import InputError, PowderkegError, VenueProtocolError
from powderkeg.domain.events import Event
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.store.journal_format import JournalConnection, Record
from powderkeg.store.overlap import Overlap
from powderkeg.store.rows import RowsParser
from powderkeg.venues import Connection

EXCERPT_CHARS: Final = 120  # enough to recognize a line, short enough to keep one line

CONTINUED: Final = "continued"
"""Format of a frames connection that began in an earlier journal. Its header holds what it remembers from there, so
that the journal can be read alone; one without has nothing to remember: its channels have spoken there."""

MEMORY: Final = "memory"
"""Field of that header: `venues.Connection.memory`, a line each."""


class RejectedRecord(msgspec.Struct, frozen=True):
    """Something in a record that could not be read.

    Attributes:
        connection_id, position: which record (see `journal_format.JournalConnection`).
        line: 1-based line of an imported table, None for a frame.
        reason: what is wrong, in one sentence.
        excerpt: the beginning of the line or frame.
    """

    connection_id: int
    position: int
    line: int | None
    reason: str
    excerpt: str


class Decoded(NamedTuple):
    """What one record says."""

    events: Sequence[Event]
    rejects: Sequence[RejectedRecord]


DecoderState = dict[str, tuple[str, ...]]
"""Connection id (as text: it is kept in JSON) -> what its socket remembers, see `venues.Connection.memory`; and what
`Overlap` remembers."""


class Decoder:
    """Decodes one journal's records in their order.

    Law: the events of records 1..n are those of 1..k followed by those of k+1..n decoded with the state after k.

    Args:
        connections: of the journal; see `JournalReader.connections`.
        instruments: listed contracts; by default they are inferred from names.
        state: `state()` of a decoder that read everything before.
    """

    def __init__(
        self,
        connections: Mapping[int, JournalConnection],
        instruments: InstrumentMap | None = None,
        state: DecoderState | None = None,
    ) -> None:
        self._known = connections
        self._instruments = instruments
        self._state = dict(state or {})
        self._overlap = Overlap(state)
        self._sockets: dict[int, Connection] = {}
        self._events: dict[int, Callable[[bytes, int], Sequence[Event]]] = {}  # of the sockets, one look-up a frame
        self._tables: dict[int, tuple[RowsParser, dict[str, str]]] = {}

    def state(self) -> DecoderState:
        """What a decoder of the following records must be given."""
        now = {str(number): socket.memory for number, socket in self._sockets.items()}
        return dict(sorted({**self._state, **now, **self._overlap.state()}.items()))

    @property
    def repeated(self) -> int:
        """Rows left out because another connection of the venue had seen them."""
        return self._overlap.repeated

    def memory(self, connection_id: int) -> tuple[str, ...]:
        """What a frames connection remembers now; see `continued_header`."""
        socket = self._sockets.get(connection_id)
        known = self._known.get(connection_id)
        if socket is None and known is not None and known.kind == "frames":
            socket = self._socket(known)
        return socket.memory if socket is not None else ()

    def decode(self, record: Record) -> Decoded:
        """Events of the next record, and what of it could not be read. Raises nothing the record could cause."""
        connection_id, position, payload = record
        told: Sequence[Event] = ()
        try:
            events = self._events.get(connection_id)
            if events is not None:
                return Decoded(events(payload, position), ())
            known = self._known.get(connection_id)
            if known is None:
                raise InputError(f"connection {connection_id} is not in the journal: its row was damaged")
            if known.kind == "frames":
                events = self._events[connection_id] = self._listener(known)
                return Decoded(events(payload, position), ())
            return self._decode_rows(known, record)
        except VenueProtocolError as error:
            reason, told = error.reason, error.events
        except PowderkegError as error:
            reason = str(error)
        return Decoded(told, (RejectedRecord(connection_id, position, None, reason, _excerpt(payload)),))

    def _listener(self, known: JournalConnection) -> Callable[[bytes, int], Sequence[Event]]:
        """Frame and receive time -> events: the connection's, without those another one of the venue saw before."""
        events, kept = self._socket(known).events, self._overlap.kept
        venue, connection_id = known.venue, known.connection_id

        def heard(payload: bytes, position: int) -> Sequence[Event]:
            try:
                return kept(venue, connection_id, position, events(payload, position))
            except VenueProtocolError as error:
                error.events = tuple(kept(venue, connection_id, position, error.events))
                raise

        return heard

    def _socket(self, known: JournalConnection) -> Connection:
        try:
            is_one_life = not known.format.startswith("messages-")
            socket = Connection(known.venue, self._instruments, is_one_life=is_one_life)
        except KeyError:
            raise InputError(f"venue {known.venue!r} is not known to this version") from None
        if known.format.startswith("messages-"):
            socket.resume(())  # single messages: none repeats the past
        elif known.format == CONTINUED:
            socket.resume(tuple(_header(known).get(MEMORY, "").split()))
        memory = self._state.get(str(known.connection_id))
        if memory is not None:
            socket.resume(tuple(memory))
        self._sockets[known.connection_id] = socket
        return socket

    def _decode_rows(self, known: JournalConnection, record: Record) -> Decoded:
        parser, context = self._table(known)
        events: list[Event] = []
        rejects: list[RejectedRecord] = []
        for first_line, lines in _text_runs(record, rejects):
            parsed = parser(lines, first_line, context)
            events.extend(parsed.events)
            rejects.extend(
                RejectedRecord(record.connection_id, record.position, reject.line, reject.reason, reject.excerpt)
                for reject in parsed.rejects
            )
        rejects.sort(key=lambda reject: reject.line or 0)
        return Decoded(events, rejects)

    def _table(self, known: JournalConnection) -> tuple[RowsParser, dict[str, str]]:
        table = self._tables.get(known.connection_id)
        if table is None:
            table = self._tables[known.connection_id] = (_rows_parser(known.format), _header(known))
        return table


def continued_header(memory: Iterable[str]) -> str:
    """Header of a `CONTINUED` connection that remembers this."""
    return msgspec.json.encode({MEMORY: "\n".join(memory)}).decode()


def _header(known: JournalConnection) -> dict[str, str]:
    try:
        return msgspec.json.decode(known.header, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise InputError(f"header of {known.kind} {known.stream!r} is not an object of strings: {error}") from error


def _rows_parser(name: str) -> RowsParser:
    """The parser of a table format; looked up late, because formats are many and each imports what it needs."""
    registry = import_module("powderkeg.store.importers.registry")
    parser: RowsParser = registry.rows_parser(name)
    return parser


def _text_runs(record: Record, rejects: list[RejectedRecord]) -> list[tuple[int, list[str]]]:
    """The record's lines as (number of the first, lines); a line that is not UTF-8 is rejected and splits the run."""
    block = record.payload.removesuffix(b"\n")
    try:
        return [(record.position, [line.removesuffix("\r") for line in block.decode().split("\n")])]
    except UnicodeDecodeError:
        pass
    runs: list[tuple[int, list[str]]] = []
    is_open = False
    for number, line in enumerate(block.split(b"\n"), record.position):
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: {error.reason} at byte {error.start}"
            rejects.append(RejectedRecord(record.connection_id, record.position, number, reason, _excerpt(line)))
            is_open = False
            continue
        if not is_open:
            runs.append((number, []))
        runs[-1][1].append(text)
        is_open = True
    return runs


def _excerpt(payload: bytes) -> str:
    return payload[: 4 * EXCERPT_CHARS].decode("utf-8", "replace")[:EXCERPT_CHARS]
