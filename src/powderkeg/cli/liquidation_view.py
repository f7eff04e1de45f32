"""Liquidation totals and bars as a person reads them: floors marked, estimates beside, what is missing said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, console, table
from powderkeg.domain.time import format_duration, format_instant

if TYPE_CHECKING:
    from powderkeg.app.library import Library
    from powderkeg.stats.liquidation_table import LiquidationHistory, LiquidationRow, LiquidationTable

FEED_WORDS = {
    "all": "every order",
    "latest_per_second": "only the latest order per symbol and second",
    "largest_per_second": "only the largest order per symbol, side and second",
    "polled": "polled now and then",
    "unknown": "of unknown completeness",
}
MAX_GAPS = 4


def print_totals(totals: LiquidationTable, library: Library, *, top: int = 25, out: Console | None = None) -> None:
    """Print a table of totals, largest first, then what to know about it."""
    out = out or console()
    rows = sorted(totals.rows, key=lambda row: row.total_usd, reverse=True)
    if not rows:
        print_empty(totals, library, out)
        return
    keys = [key for key in ("coin", "symbol", "venue", "position_side") if key in totals.by]
    numbers = ("long", "short", "total", "estimate", "count", "largest", "seen")
    view = table(*(key.replace("position_side", "side") for key in keys), *numbers, right=numbers)
    shown = rows[:top] if top else rows
    for row in shown:
        view.add_row(*(str(getattr(row, key) or "all") for key in keys), *_numbers(row))
    out.print(view)
    if len(shown) < len(rows):
        out.print(f"{len(rows) - len(shown)} smaller rows not shown; --top 0 shows all", style="dim")
    _print_notes(totals, rows, library, out)


def _numbers(row: LiquidationRow) -> list[str | Text]:
    floor = "≥ " if row.is_floor else ""
    return [
        Text(compact_usd(row.long_usd), style=LONG_COLOR),
        Text(compact_usd(row.short_usd), style=SHORT_COLOR),
        Text(floor + compact_usd(row.total_usd), style="bold"),
        compact_usd(row.estimate_usd),
        f"{row.count:,}",
        compact_usd(row.largest_usd),
        "?" if row.coverage is None else f"{row.coverage:.0%}",
    ]


def _print_notes(totals: LiquidationTable, rows: Sequence[LiquidationRow], library: Library, out: Console) -> None:
    start = format_instant(totals.as_of_ns - totals.window_ns)
    length = format_duration(totals.window_ns)
    out.print(
        f"{totals.method}, USD, {length} from {start} to {format_instant(totals.as_of_ns)} (excluded)", style="dim"
    )
    if any(row.is_floor for row in rows):
        out.print("≥ is a floor: the feed leaves orders out, or part of the window was not recorded.", style="dim")
    for venue, feed in library.feeds(rows):
        out.print(f"  {venue} sends {FEED_WORDS.get(feed, feed)}", style="dim")
    gaps = sorted({(gap.venue, gap.from_ns, gap.to_ns, gap.reason) for row in rows for gap in row.gaps})
    for venue, from_ns, to_ns, reason in gaps[:MAX_GAPS]:
        out.print(f"  gap: {venue} {format_instant(from_ns)} to {format_instant(to_ns)}, {reason}", style="dim")
    if len(gaps) > MAX_GAPS:
        out.print(f"  and {len(gaps) - MAX_GAPS} more gaps; --json lists them", style="dim")


def print_empty(totals: LiquidationTable, library: Library, out: Console) -> None:
    """Say why there is nothing: four different reasons, four different sentences."""
    start = format_instant(totals.as_of_ns - totals.window_ns)
    out.print(f"No liquidations from {start} to {format_instant(totals.as_of_ns)}: {library.why_empty(totals)}")


def print_history(history: LiquidationHistory, library: Library, *, out: Console | None = None) -> None:
    """Print bars as a chart: one line per bar, longs and shorts side by side."""
    out = out or console()
    if not history.bars:
        out.print("No liquidations in this window.")
        return
    print_bars(history, out)
    out.print(
        f"{history.method}, USD per bar of {format_duration(history.interval_ns)}, labeled by its open", style="dim"
    )


def print_bars(history: LiquidationHistory, out: Console) -> None:
    """The chart alone."""
    largest = max(bar.long_usd + bar.short_usd for bar in history.bars) or 1.0
    width = max(10, min(60, out.width - 34))
    for bar in history.bars:
        line = Text(f"{format_instant(bar.open_ns)[11:19]} ")
        for usd, color, mark in ((bar.long_usd, LONG_COLOR, "▒"), (bar.short_usd, SHORT_COLOR, "█")):
            line.append(mark * round(width * usd / largest), style=color)
        line.append(f" {compact_usd(bar.long_usd)} / {compact_usd(bar.short_usd)}")
        out.print(line)
    out.print(
        Text.assemble(("▒ long", LONG_COLOR), "  ", ("█ short", SHORT_COLOR), "  liquidated, long / short in USD")
    )
