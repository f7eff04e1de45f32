"""What the demo shows: the level breaks, who was liquidated, and what the feeds hid."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from powderkeg.cli.liquidation_view import FEED_WORDS, figure_cells, history_lines
from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, console, table
from powderkeg.testing.squeeze import COINS

if TYPE_CHECKING:
    from powderkeg.app.demo import Demo
    from powderkeg.stats.liquidation_rows import LiquidationRow

SIMULATED = Text(" SIMULATED ", style="bold reverse")
PICTURE_COLUMNS = 100
WIDE_COLUMNS = 66
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # they would be fetched from elsewhere


def print_demo(demo: Demo, *, picture: Path | None = None) -> None:
    """Print the demo; with `picture`, save the same as SVG."""
    _print(demo, console())
    if picture is not None:
        canvas = Console(
            record=True,
            width=PICTURE_COLUMNS,
            file=io.StringIO(),
            color_system="truecolor",
            force_terminal=True,
            highlight=False,
        )
        _print(demo, canvas)
        picture.write_text(_FONT_FACE.sub("", canvas.export_svg(title="powderkeg demo")), "utf-8")


def _print(demo: Demo, out: Console) -> None:
    coin = COINS[0]
    top = max(price for _, price in demo.prices)
    out.print(
        SIMULATED, f"{coin.name} breaks {coin.level:,.0f} and trades up to {top:,.0f}: ten minutes on four venues"
    )
    out.print(
        f"{demo.frames:,} frames in the venues' wire formats, {demo.raw_bytes / 1e6:.1f} MB raw, "
        f"{demo.journal_bytes / 1e6:.1f} MB in the journal",
        style="dim",
    )
    out.print()
    for line in history_lines(demo.history, width=min(46, max(12, out.width - 40)), prices=dict(demo.prices)):
        out.print(line, no_wrap=True)
    out.print(
        Text.assemble(
            "           ", ("▒ long", LONG_COLOR), "  ", ("█ short", SHORT_COLOR), "  liquidated per 30 s, USD"
        )
    )
    out.print()
    out.print(_coins(demo, is_wide=out.width >= WIDE_COLUMNS))
    out.print()
    out.print(_feeds(demo, is_wide=out.width >= WIDE_COLUMNS))
    for row in demo.venues.rows:
        feeds = " and ".join(FEED_WORDS[feed] for feed in row.feed_coverage)
        out.print(f"  {row.venue} sends {feeds}", style="dim")
    out.print(
        "≥ is a floor: the feed leaves orders out. The estimate takes arrivals within a minute as independent; "
        "in a burst they are not, and it is too low. The ceiling is the fall of open interest: "
        "where a position opens as another is liquidated nothing falls, so in a squeeze the truth can lie above it. "
        "Only a simulation knows the truth.",
        style="dim",
    )
    out.print(Text.assemble(SIMULATED, f" seed {demo.seed}; nothing here was traded by anyone"))


def _coins(demo: Demo, *, is_wide: bool) -> Table:
    by_coin: dict[str, list[LiquidationRow]] = {}
    for row in demo.totals.rows:
        by_coin.setdefault(str(row.coin), []).append(row)
    numbers = ("long", "short", "total", "count", "largest") if is_wide else ("long", "short", "total", "count")
    view = table("coin", "venue", *numbers, right=numbers)
    for coin in (coin.name for coin in COINS):
        for row in by_coin.get(coin, []):
            cells = figure_cells(row)
            view.add_row(coin, str(row.venue), *cells[:3], *cells[4 : 6 if is_wide else 5])
    return view


def _feeds(demo: Demo, *, is_wide: bool) -> Table:
    numbers = ("total", "estimate", "ceiling", "truth")  # the interval only where there is room for it
    view = table("venue", *numbers, right=numbers)
    for row in demo.venues.rows:
        view.add_row(
            str(row.venue),
            figure_cells(row)[2],
            estimate_cell(row, with_interval=is_wide),
            compact_usd(row.ceiling_usd),
            Text(compact_usd(demo.truth_usd[str(row.venue)]), style="reverse"),
        )
    return view


def estimate_cell(row: LiquidationRow, *, with_interval: bool) -> str:
    """Estimate with its 90 % interval; an open top where the feed was saturated."""
    if row.estimate_usd is None or not row.is_floor:
        return "–"
    if not with_interval:
        return compact_usd(row.estimate_usd)
    high = "…" if row.estimate_high_usd is None else compact_usd(row.estimate_high_usd)
    return f"{compact_usd(row.estimate_usd)} ({compact_usd(row.estimate_low_usd)} to {high})"
