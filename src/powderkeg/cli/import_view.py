"""What an import or a replay took in, and what it could not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from powderkeg.cli.output import console

if TYPE_CHECKING:
    from powderkeg.store.decode import RejectedRecord
    from powderkeg.store.importers.run import ImportResult
    from powderkeg.store.rows import Reject

SHOWN_REJECTS: Final = 5


def print_import(path: Path, result: ImportResult) -> None:
    """One file's import."""
    what = (
        "already imported, nothing to do"
        if result.already_imported
        else f"{result.lines:,} line{'' if result.lines == 1 else 's'}"
    )
    print_counts(result.events, f"{path.name}: {result.format}, {what}")
    if result.doubled_rows_removed:
        console().print(f"  {result.doubled_rows_removed:,} doubled rows left out once each", style="dim")
    print_rejects(result.rejects, result.first_rejects)


def event_words(name: str, count: int) -> str:
    """An event type as a person reads it: `1 trade`, `2 trades`, `2 open interest readings`."""
    words = {"open_interest": "open interest reading", "market_odds": "odds reading"}.get(name, name.replace("_", " "))
    return words if count == 1 else f"{words}s"


def print_counts(counts: Mapping[str, int], head: str) -> None:
    """Events by type, after what they came from."""
    words = ", ".join(f"{count:,} {event_words(name, count)}" for name, count in counts.items()) or "no events"
    console().print(f"{head} → {words}", markup=False)


def print_rejects(count: int, first: Sequence[Reject] | Sequence[RejectedRecord]) -> None:
    """How much was quarantined, and the first reasons."""
    if not count:
        return
    out = console()
    out.print(f"  {count:,} quarantined, in no total:", style="yellow")
    for reject in first[:SHOWN_REJECTS]:
        place = "" if reject.line is None else f"line {reject.line}: "
        out.print(f"    {place}{reject.reason}", markup=False, overflow="ellipsis", no_wrap=True)
        out.print(f"      {reject.excerpt!r}", style="dim", markup=False, overflow="ellipsis", no_wrap=True)
    if count > SHOWN_REJECTS:
        out.print(f"    and {count - SHOWN_REJECTS:,} more; --json or the rejects folder has them", style="dim")
