"""A memory of rows in fixed space: what each said, when it was first received, and which connections saw it how often.

The newest `MAX_ROWS` are kept, oldest out first, in columns of numbers: a row costs 36 bytes and 13 of an index, all of
it reserved at once, where a dictionary of Python objects would cost 220 and grow for a quarter of an hour.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_ROWS: Final = 20_000
"""Rows remembered per venue; the newest are. A quarter of an hour of the worst minutes on record for one venue
(63,637 in twelve minutes, 2025-10-10) had ids; feeds without one push far less."""

DIGEST_BYTES: Final = 16

_INDEX_PLACES: Final = 1 << 16  # at most 31 % full, so that a look-up compares one or two digests
_MASK: Final = _INDEX_PLACES - 1
_NOBODY: Final = -1  # who saw it stands in another journal
_SEVERAL: Final = -2  # see `_sightings`

Sightings = tuple[tuple[int, int], ...]
"""(connection, times) of each connection that saw a row."""


class Row(NamedTuple):
    """One content: when it was first received, how often it counted, and who saw it how often."""

    first_received_ns: int
    counted: int
    sightings: Sightings


class RowTable:
    """Rows by digest.

    Law: it holds the newest `MAX_ROWS` rows that were added and not dropped, in the order of their adding.
    """

    def __init__(self) -> None:
        self._digests = bytearray(MAX_ROWS * DIGEST_BYTES)
        self._received_ns = array("q", bytes(8 * MAX_ROWS))
        self._counted = array("i", bytes(4 * MAX_ROWS))
        self._seen_by = array("q", bytes(8 * MAX_ROWS))
        self._sightings: dict[int, Sightings] = {}  # by slot, of rows that several connections saw, or one unevenly
        self._index = array("i", b"\xff" * (4 * _INDEX_PLACES))  # place -> slot, -1 for none
        self._first = 0  # slot of the oldest
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def get(self, digest: bytes) -> Row | None:
        """The row of a digest, None where it is not remembered."""
        slot = self._index[self._place(digest)]
        return None if slot < 0 else self._row(slot)

    def add(self, digest: bytes, row: Row) -> None:
        """Remember a row that is not there yet; the oldest goes where there is no room."""
        if self._count == MAX_ROWS:
            self._drop_oldest()
        slot = (self._first + self._count) % MAX_ROWS
        self._count += 1
        self._digests[slot * DIGEST_BYTES : (slot + 1) * DIGEST_BYTES] = digest
        self._index[self._place(digest)] = slot
        self._write(slot, row)

    def replace(self, digest: bytes, row: Row) -> None:
        """Exchange what is remembered of a digest that is there."""
        self._write(self._index[self._place(digest)], row)

    def drop_before(self, before_ns: int) -> None:
        """Forget the oldest rows as long as they were first received before a time."""
        while self._count and self._received_ns[self._first] < before_ns:
            self._drop_oldest()

    def items(self) -> Iterator[tuple[bytes, Row]]:
        """Digests and rows, oldest first."""
        for number in range(self._count):
            slot = (self._first + number) % MAX_ROWS
            yield self._digest(slot), self._row(slot)

    def _digest(self, slot: int) -> bytes:
        return bytes(self._digests[slot * DIGEST_BYTES : (slot + 1) * DIGEST_BYTES])

    def _row(self, slot: int) -> Row:
        counted, seen_by = self._counted[slot], self._seen_by[slot]
        if seen_by == _SEVERAL:
            sightings = self._sightings[slot]
        else:
            sightings = () if seen_by == _NOBODY else ((seen_by, counted),)
        return Row(self._received_ns[slot], counted, sightings)

    def _write(self, slot: int, row: Row) -> None:
        self._received_ns[slot] = row.first_received_ns
        self._counted[slot] = row.counted
        self._sightings.pop(slot, None)
        if not row.sightings:
            self._seen_by[slot] = _NOBODY
        elif len(row.sightings) == 1 and row.sightings[0][1] == row.counted:
            self._seen_by[slot] = row.sightings[0][0]
        else:
            self._seen_by[slot] = _SEVERAL
            self._sightings[slot] = row.sightings

    def _place(self, digest: bytes) -> int:
        """Where in the index the digest stands, or would stand: its own place or the next free one (linear probing)."""
        place = int.from_bytes(digest[:2]) & _MASK
        index = self._index
        while (slot := index[place]) >= 0:
            if self._digest(slot) == digest:
                return place
            place = (place + 1) & _MASK
        return place

    def _drop_oldest(self) -> None:
        slot = self._first
        self._free(self._place(self._digest(slot)))
        self._sightings.pop(slot, None)
        self._first = (slot + 1) % MAX_ROWS
        self._count -= 1

    def _free(self, place: int) -> None:
        """Empty a place, and close the hole for those that were probed past it.

        Source: D. Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm R.
        """
        index = self._index
        hole = place
        while (slot := index[place := (place + 1) & _MASK]) >= 0:
            home = int.from_bytes(self._digests[slot * DIGEST_BYTES : slot * DIGEST_BYTES + 2]) & _MASK
            if (place - home) & _MASK >= (place - hole) & _MASK:
                index[hole] = slot
                hole = place
        index[hole] = -1
