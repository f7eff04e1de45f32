"""Liquidation totals and bars as a person reads them: floors marked, estimates beside, what is missing said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, console, table
from powderkeg.domain.time import NS_PER_S, format_duration, format_instant

if TYPE_CHECKING:
    from powderkeg.stats.liquidation_rows import LiquidationRow
    from powderkeg.stats.liquidation_table import LiquidationHistory, LiquidationTable

FEED_WORDS = {
    "all": "every order",
    "latest_per_second": "only the latest per symbol and second",
    "largest_per_second": "only the largest per symbol, side and second",
    "polled": "what was there when polled",
    "unknown": "orders, not known whether all",
}
FIGURES: Final[tuple[str, ...]] = ("long", "short", "total", "estimate", "count", "largest", "seen")
SPARED = ("largest", "seen", "estimate", "count")
"""What a narrow terminal goes without, in this order: a cut figure would be a wrong one."""

UNBOUNDED = 1_000
MAX_GAPS = 4
SHORT_GAP_NS = 1_000_000_000
"""Shorter holes count in coverage but are not worth a line."""

CHART_COLUMNS = 60


def print_totals(
    totals: LiquidationTable, *, why_empty: str = "", top: int = 25, simulated: bool = False, out: Console | None = None
) -> None:
    """Print a table of totals, largest first, then what to know about it.

    Args:
        totals: the table.
        why_empty: the sentence to print where there are no rows.
        top: rows to print, 0 for all.
        simulated: the data is simulated, and must say so.
        out: where to.
    """
    out = out or console()
    if simulated:
        out.print(Text(" SIMULATED ", style="bold reverse"))
    if not any(row.count for row in totals.rows):
        start = format_instant(totals.as_of_ns - totals.window_ns)
        out.print(f"No liquidations from {start} to {format_instant(totals.as_of_ns)}: {why_empty}")
        _print_sources(totals, out)
        return
    shown = totals.rows[:top] if top else totals.rows
    view, left_out = _fitting(totals.by, shown, out)
    out.print(view)
    if left_out:
        out.print(f"no room for {', '.join(left_out)}: a wider terminal or --json shows all", style="dim")
    if len(shown) < len(totals.rows):
        out.print(f"{len(totals.rows) - len(shown)} smaller rows not shown; --top 0 shows all", style="dim")
    start = format_instant(totals.as_of_ns - totals.window_ns)
    length = format_duration(totals.window_ns)
    out.print(
        f"{totals.method}, USD, {length} from {start} to {format_instant(totals.as_of_ns)} (excluded)", style="dim"
    )
    if any(row.is_floor for row in totals.rows):
        out.print("≥ is a floor: the feed leaves orders out, or part of the window was not recorded", style="dim")
    _print_sources(totals, out)


def _fitting(by: Sequence[str], rows: Sequence[LiquidationRow], out: Console) -> tuple[Table, list[str]]:
    """The table with as many columns as fit without cutting a figure, and the names of those left out."""
    spared = list(SPARED)
    left_out: list[str] = []
    while True:
        view = _view(by, rows, left_out)
        fits = Measurement.get(out, out.options.update(max_width=UNBOUNDED), view).maximum <= out.width
        if fits or not spared:
            return view, left_out
        left_out.append(spared.pop(0))


def _view(by: Sequence[str], rows: Sequence[LiquidationRow], left_out: Sequence[str]) -> Table:
    keys = [key for key in ("coin", "symbol", "venue", "position_side") if key in by]
    doubled = ("long", "short") if "position_side" in keys else ()  # a row of one side has but one figure
    numbers = [name for name in FIGURES if name not in left_out and name not in doubled]
    view = table(*(key.replace("position_side", "side") for key in keys), *numbers, right=tuple(numbers))
    for row in rows:
        figures: dict[str, Text | str] = dict(zip(FIGURES, figure_cells(row), strict=True))
        view.add_row(*(str(getattr(row, key) or "all") for key in keys), *(figures[name] for name in numbers))
    return view


def figure_cells(row: LiquidationRow) -> tuple[Text | str, ...]:
    """long, short, total, estimate, count, largest, seen."""
    return (
        Text(compact_usd(row.long_usd), style=LONG_COLOR),
        Text(compact_usd(row.short_usd), style=SHORT_COLOR),
        Text(("≥ " if row.is_floor else "") + compact_usd(row.total_usd), style="bold"),
        compact_usd(row.estimate_usd if row.is_floor else None),
        f"{row.count:,}",
        compact_usd(row.largest_usd),
        "?" if row.coverage is None else f"{row.coverage:.0%}",
    )


def _print_sources(totals: LiquidationTable | LiquidationHistory, out: Console) -> None:
    for source in totals.sources:
        feeds = " and ".join(FEED_WORDS[feed] for feed in source.feed_coverage)
        sent = f"{source.venue} sends {feeds}" if feeds else f"{source.venue}: no order in this window"
        share = "not known how much" if source.coverage is None else f"{source.coverage:.1%}"
        out.print(f"  {sent}; {share} of the window was observed", style="dim")
        gaps = [gap for gap in source.gaps if gap.to_ns - gap.from_ns >= SHORT_GAP_NS]
        for gap in gaps[:MAX_GAPS]:
            out.print(
                f"    gap {format_instant(gap.from_ns)} to {format_instant(gap.to_ns)}: {gap.reason}", style="dim"
            )
        if len(gaps) > MAX_GAPS:
            out.print(f"    and {len(gaps) - MAX_GAPS} more gaps; --json lists them", style="dim")
        if source.backfilled:
            told_s = sum(gap.to_ns - gap.from_ns for gap in source.backfilled) / NS_PER_S
            out.print(f"    {told_s:,.0f} s of it told by the venue afterwards, not watched live", style="dim")


def print_history(
    history: LiquidationHistory, *, why_empty: str = "", simulated: bool = False, out: Console | None = None
) -> None:
    """Print bars as a chart, one line per bar, longs and shorts side by side; `why_empty` where there is no order."""
    out = out or console()
    if simulated:
        out.print(Text(" SIMULATED ", style="bold reverse"))
    if not any(row.count for row in history.rows):
        out.print(f"No liquidations in these bars: {why_empty}")
        _print_sources(history, out)
        return
    for line in history_lines(history, width=max(10, min(CHART_COLUMNS, out.width - 40))):
        out.print(line, no_wrap=True)
    out.print(Text.assemble(("▒ long", LONG_COLOR), "  ", ("█ short", SHORT_COLOR), "  liquidated, USD"))
    interval = format_duration(history.interval_ns)
    out.print(
        f"{history.method}, bars of {interval} labeled by their open; a bar left out was not observed", style="dim"
    )
    _print_sources(history, out)


def history_lines(
    history: LiquidationHistory, *, width: int, prices: Mapping[int, float] | None = None
) -> Iterator[Text]:
    """The chart's lines.

    Args:
        history: bars.
        width: characters of the longest bar.
        prices: instant -> price, printed beside the bar that opens then.
    """
    is_daily = history.interval_ns >= 24 * 3_600 * 1_000_000_000
    largest = max((row.total_usd or 0.0 for row in history.rows), default=0.0) or 1.0
    for row in history.rows:
        opened = format_instant(row.open_ns or 0)
        line = Text(opened[:10] if is_daily else opened[11:19] if prices else opened[5:16].replace("T", " "))
        line.append("  ")
        if prices:
            price = prices.get(row.open_ns or 0)
            line.append("          " if price is None else f"{price:>10,.1f}  ")
        for usd, color, mark in ((row.long_usd, LONG_COLOR, "▒"), (row.short_usd, SHORT_COLOR, "█")):
            line.append(mark * round(width * (usd or 0.0) / largest), style=color)
        label = " ".join(part for part in history.by if part != "coin") and f" {row.venue or row.symbol or ''}"
        line.append(f" {'≥ ' if row.is_floor and row.count else ''}{compact_usd(row.total_usd)}{label}")
        if row.coin:
            line.append(f" {row.coin}")
        yield line
