"""Lines of a recording that are no message of a market: kept in the journal beside the messages.

`refused` lines are decoded to a refusal each, with the reason that stands in the context, so that a rebuilt archive
counts them again; `kept` ones (REST replies, what was sent) to nothing.
"""

from __future__ import annotations

from typing import Final

from powderkeg.store.importers.formats import Context
from powderkeg.store.importers.tables import excerpt
from powderkeg.store.rows import Reject, RowsParsed, RowsParser

REFUSED: Final = "refused-lines"
KEPT: Final = "kept-lines"


def refused(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Every line, refused for the reason in the context."""
    reason = context["reason"]
    return RowsParsed([], [Reject(number, reason, excerpt(line)) for number, line in enumerate(lines, first_line)])


def kept(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Nothing: the lines are only kept."""
    del lines, first_line, context
    return RowsParsed([], [])


PARSERS: Final[dict[str, RowsParser]] = {REFUSED: refused, KEPT: kept}
