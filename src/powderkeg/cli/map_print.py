"""A map in a terminal: clusters from the highest price to the lowest, the mark between them, in 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table

from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, console, table
from powderkeg.domain.time import format_duration, format_instant

if TYPE_CHECKING:
    from powderkeg.app.liquidation_map_positions import BadRow
    from powderkeg.app.liquidation_map_show import MapReading
    from powderkeg.liqmap.reading import Cluster, LiquidationMap

BLOCKS: Final = " ▏▎▍▌▋▊▉█"
BAR_WIDTH: Final = 14
SHOWN_BAD_ROWS: Final = 10
MOSTLY: Final = 0.5
"""A map that has placed less of open interest than this says so in a sentence."""


def print_map(reading: MapReading, *, by_venue: bool = False) -> None:
    """The map's clusters, what they were made of, and how far to trust them."""
    from powderkeg.liqmap.reading import clusters

    out, one = console(), reading.total
    if one.is_simulated:
        out.print(" SIMULATED  nothing here was traded by anyone", style="reverse", markup=False)
    out.print(_heading(one), markup=False)
    out.print(_clusters(one, reading.nearest))
    if by_venue:
        for part in one.parts or (one,):
            out.print(f"{part.symbol} at {part.mark_price:,.8g}", markup=False)
            out.print(_clusters(part, clusters(part, 2)))
    for side in ("above", "below"):
        out.print(_nearest(reading.nearest, side), markup=False)
    if one.coverage:
        out.print(_markets(one))
    for name, why in one.absent.items():
        out.print(f"not in it: {name}: {why}", style="dim", markup=False)
    for line in _told(one):
        out.print(line, style="dim", markup=False)


def print_bad_rows(bad: Sequence[BadRow], other_coins: int) -> None:
    """What of a file of positions was left out."""
    out = console()
    if other_coins:
        out.print(f"{other_coins:,} positions of other coins left out", style="dim", markup=False)
    if bad:
        out.print(f"{len(bad):,} rows cannot be used:", markup=False)
    for row in bad[:SHOWN_BAD_ROWS]:
        out.print(f"  {row.line}: {row.reason}", markup=False)
    if len(bad) > SHOWN_BAD_ROWS:
        out.print(f"  and {len(bad) - SHOWN_BAD_ROWS:,} more; --json lists all", markup=False)


def _heading(one: LiquidationMap) -> str:
    floor = ", a floor" if one.is_floor else ""
    return (
        f"{one.coin or one.symbol} {one.mark_price:,.8g}   as of {format_instant(one.as_of_ns)}   "
        f"{one.method}{floor}\nopen interest {compact_usd(one.open_interest_usd)} USD, in the map "
        f"{compact_usd(float(one.long_usd.sum()))} of longs and {compact_usd(float(one.short_usd.sum()))} of shorts"
    )


def _clusters(one: LiquidationMap, nearest: Sequence[Cluster]) -> Table:
    view = table("side", "price", "away", "USD", "band", "of OI", "", right=("price", "away", "USD", "band", "of OI"))
    top_usd = max((held.notional_usd for held in nearest), default=1.0)
    above = sorted((held for held in nearest if held.price > one.mark_price), key=lambda held: -held.price)
    for cluster in above:
        view.add_row(*_cells(cluster, top_usd))
    view.add_row("mark", f"{one.mark_price:,.6g}", "", "", "", "", "", style="bold")
    for cluster in sorted((held for held in nearest if held.price <= one.mark_price), key=lambda held: -held.price):
        view.add_row(*_cells(cluster, top_usd))
    return view


def _cells(cluster: Cluster, top_usd: float) -> tuple[str, ...]:
    color = LONG_COLOR if cluster.position_side == "long" else SHORT_COLOR
    share = cluster.open_interest_ratio
    is_sure = cluster.lower_usd == cluster.notional_usd == cluster.upper_usd
    return (
        f"[{color}]{cluster.position_side}[/]",
        f"{cluster.price:,.6g}",
        f"{cluster.distance_ratio:+.1%}",
        compact_usd(cluster.notional_usd),
        "exact" if is_sure else f"{compact_usd(cluster.lower_usd)} – {compact_usd(cluster.upper_usd)}",
        "–" if share is None else f"{share:.2%}" if share >= 5e-5 else "<0.01%",
        f"[{color}]{_bar(cluster.notional_usd / top_usd)}[/]",
    )


def _bar(share: float) -> str:
    eighths = max(round(share * BAR_WIDTH * 8), 1)
    return BLOCKS[-1] * (eighths // 8) + (BLOCKS[eighths % 8] if eighths % 8 else "")


def _nearest(nearest: Sequence[Cluster], where: str) -> str:
    of_side = [held for held in nearest if (held.distance_ratio > 0) == (where == "above")]
    if not of_side:
        return f"{where}: no cluster within 15 %"
    held = min(of_side, key=lambda cluster: abs(cluster.distance_ratio))
    return (
        f"{where}: {compact_usd(held.notional_usd)} of {held.position_side}s around {held.price:,.6g}, "
        f"{abs(held.distance_ratio):.1%} away ({held.price_low:,.6g} to {held.price_high:,.6g})"
    )


def _markets(one: LiquidationMap) -> Table:
    """What was seen of each market: how long, how well, and how much of its open interest the map has placed."""
    headings = ("bars", "since", "OI known", "liq. known", "OI placed")
    view = table("market", *headings, right=headings)
    for seen in one.coverage:
        view.add_row(
            seen.source.removesuffix(":USDT"),
            f"{seen.bars:,} of {format_duration(seen.interval_ns)}",
            format_instant(seen.from_ns)[:10],
            _percent(seen.open_interest_ratio),
            _percent(seen.liquidations_ratio),
            _percent(seen.placed_ratio),
        )
    return view


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 5e-3 else f"{share:.0%}"


def _told(one: LiquidationMap) -> list[str]:
    """What a reader must know, in as few lines as say it."""
    said = one.assumptions
    if one.kernel is None:
        return [f"{name.replace('_', ' ')}: {words}" for name, words in said.items()]
    kernel = one.kernel
    half_life = kernel.settings.half_life_hours
    fades = "never fade" if half_life == float("inf") else f"halve in {half_life:g} h"
    band = (
        "80 % band of what past bars showed"
        if kernel.origin == "calibrated"
        else "band: what hours of three coins showed"
    )
    placed = min((seen.placed_ratio for seen in one.coverage), default=1.0)
    unseen = f"positions opened before these bars are not in it: as little as {_percent(placed)} of open interest is"
    return [
        said["what"] + "; dollars are what feeds show",
        *([unseen] if placed < MOSTLY else []),
        f"kernel: {kernel.origin}, {said['trained'].removeprefix('default: ')}",
        f"{kernel.settings.churn:.0%} of volume is turnover, levels {fades}, {kernel.settings.basis} distances; {band}",
        *([f"made from {said['made_from']}"] if "made_from" in said else []),
    ]
