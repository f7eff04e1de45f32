"""The seam between imported tables and the store: whole text lines in, events and refused lines out.

A parser is pure: the same lines, numbers and context give the same answer, so a journal of lines can be decoded again
at any time, in any number of parts.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from powderkeg.domain.events import Event


class Reject(msgspec.Struct, frozen=True):
    """A line that could not be read.

    Attributes:
        line: its 1-based number in the source, None where the refusal is not about one line.
        reason: what is wrong and what would be right, in one sentence.
        excerpt: the beginning of the line.
    """

    line: int | None
    reason: str
    excerpt: str


class RowsParsed(NamedTuple):
    """What a block of lines says. Every line becomes events, a reject, or nothing on purpose (blank, comment)."""

    events: list[Event]
    rejects: list[Reject]


class RowsParser(Protocol):
    """The meaning of one table format."""

    def __call__(self, lines: list[str], first_line: int, context: dict[str, str]) -> RowsParsed:
        """Read a block of lines.

        Args:
            lines: whole lines without their line ends.
            first_line: 1-based number of `lines[0]` in the source.
            context: what the lines themselves do not say: `header` (the table's header line), `symbol`, `venue` ...
        """
        ...
