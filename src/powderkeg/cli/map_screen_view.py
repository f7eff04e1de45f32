"""A screen of coins as a table."""

from __future__ import annotations

from powderkeg.app.map_score_history import market_of
from powderkeg.app.map_screen import Screened
from powderkeg.cli.map_view import coin_name, print_absent, signed
from powderkeg.cli.output import console, table
from powderkeg.domain.time import format_instant
from powderkeg.liqmap.screen import ScreenRow


def print_screen(screened: Screened) -> None:
    """One row per coin and side, the greatest gain first; then what that comes to."""
    out, found = console(), screened.found
    if screened.is_simulated:
        out.print("simulated data", style="bold")
    out.print(
        f"Trained until {format_instant(found.trained_until_ns)}, "
        f"tested {format_instant(found.tested_from_ns)} to {format_instant(found.tested_until_ns)}",
        markup=False,
    )
    headings = ("gain", "95 %", "a1", "own", "hours", "band")
    has_venues = any(market_of(row.symbol)[0] for row in found.rows)
    view = table("coin", "side", *headings, *(("venue",) if has_venues else ()), right=headings)
    for row in sorted(found.rows, key=_order):
        band = "–" if row.coverage is None else f"{row.coverage:.0%}"
        numbers = (signed(row.gain), _span(row), signed(row.gain_over_a1), signed(row.map_increment_over_price))
        venue = (market_of(row.symbol)[0] or "",) if has_venues else ()
        view.add_row(coin_name(row.symbol), row.position_side, *numbers, f"{row.bars:,}", band, *venue)
    means = [signed(found.mean[name]) for name in ("gain", "gain_over_a1", "map_increment_over_price")]
    view.add_row("mean", "", means[0], _between(found.intervals["gain"]), *means[1:], "", "", *("",) * has_venues)
    out.print(view)
    out.print(
        "gain over (a), its 95 %, over (a1); the map's own part; hours tested, share of them inside the 80 % band",
        style="dim",
    )
    for said in screened.sentences:
        out.print(said, markup=False)
    unscored = sum(row.gain is None for row in found.rows)
    if unscored:
        out.print(f"– for {unscored} coins and sides: too little known of them before or after the cut", markup=False)
    print_absent(screened.absent)


def _order(row: ScreenRow) -> tuple[bool, float]:
    return row.gain is None, -(row.gain or 0.0)


def _span(row: ScreenRow) -> str:
    return _between(row.interval)


def _between(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:+.2f} to {interval[1]:+.2f}"
