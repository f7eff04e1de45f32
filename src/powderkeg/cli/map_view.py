"""The map's calibration and score as tables."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.liquidation_map import CalibrationReport
from powderkeg.app.map_score_history import MapScores, market_of
from powderkeg.app.selection import base_coin
from powderkeg.cli.output import console, table
from powderkeg.domain.time import format_instant
from powderkeg.liqmap.score import Scorecard

MOST_ABSENT = 12
"""Markets that could not take part and are named one by one; the rest is counted, and stands in the JSON."""


def print_absent(absent: dict[str, str]) -> None:
    """The markets that have no part in what was printed, and why."""
    out = console()
    for name, why in list(absent.items())[:MOST_ABSENT]:
        out.print(f"absent: {name}: {why}", markup=False)
    if len(absent) > MOST_ABSENT:
        out.print(f"absent: {len(absent) - MOST_ABSENT} more; --json names all", markup=False)


def print_calibration(report: CalibrationReport) -> None:
    """Which model serves each series, and its gain inside the training window."""
    out = console()
    half_life = "none" if report.half_life_hours is None else f"{report.half_life_hours:g} h"
    out.print(
        f"Trained until {report.trained_until}: churn {report.churn:g}, half-life {half_life}, {report.basis} basis",
        markup=False,
    )
    view = table("coin", "side", "model", "bars", "map", "price only", right=("bars", "map", "price only"))
    for row in report.rows:
        gains = row.inner_gain
        view.add_row(
            row.symbol,
            row.position_side,
            row.chosen,
            f"{row.training_bars}",
            f"{gains['map']:+.3f}",
            f"{gains['price']:+.3f}",
        )
    out.print(view)
    out.print("Gain over the move alone, blocked validation inside the training window.")
    print_absent(report.absent)


def scorecard_rows(cards: list[Scorecard]) -> dict[str, Any]:
    """Scorecards as JSON for programs; times in RFC 3339."""
    found: list[dict[str, Any]] = []
    for card in cards:
        plain: dict[str, Any] = msgspec.to_builtins(card)
        for name in ("trained_until", "tested_from", "tested_until"):
            plain[name] = format_instant(plain.pop(f"{name}_ns"))
        found.append(plain)
    latest = found[-1]
    return {
        "as_of": latest["tested_until"],
        "method": "modelled",
        "mean": latest["mean"],
        "lowest_gain": latest["lowest_gain"],
        "rows": latest["series"],
        "scorecards": found,
    }


def print_scorecard(card: Scorecard) -> None:
    """One row per coin and side, then the sentence for each."""
    out = console()
    out.print(
        f"Trained until {format_instant(card.trained_until_ns)}, "
        f"tested {format_instant(card.tested_from_ns)} to {format_instant(card.tested_until_ns)}",
        markup=False,
    )
    headings = ("gain", "a1", "rival", "own", "flow", "placebo", "band")
    view = table("coin", "side", *headings, right=headings)
    for one in card.series:
        own = (one.gain, one.gain_over_a1, one.gain_over_best, one.map_increment_over_price)
        numbers = [signed(held) for held in (*own, one.flow_increment, one.placebo)]
        view.add_row(coin_name(one.symbol), one.position_side, *numbers, f"{one.coverage[1]:.0%}")
    mean = card.mean
    shown = ("gain", "gain_over_a1", "gain_over_best", "map_increment_over_price", "flow_increment", "placebo")
    view.add_row("mean", "", *[signed(mean[name]) for name in shown], "")
    out.print(view)
    out.print(
        "gain over (a), over (a1), over the best rival; the map's own part, that of its flow, and of a placebo; "
        "share of bars inside the 80 % band",
        style="dim",
    )
    for said in (*(one.verdict for one in card.series), *card.sentences):
        out.print(said, markup=False)


def print_stored(found: MapScores) -> None:
    """One row per test, oldest first; the newest sentence of every market and side."""
    out = console()
    if found.torn_lines:
        out.print(f"{found.torn_lines} lines of {found.path} cannot be read and are left out", markup=False)
    if found.as_of_ns is None or not found.records:
        out.print(
            f"no scores in the last {found.last}; make some with powderkeg map score --data DIR (kept in {found.path})",
            markup=False,
        )
        return
    out.print(f"Tests that ended in the {found.last} before {format_instant(found.as_of_ns)}", markup=False)
    headings = ("gain", "own", "bars")
    view = table("coin", "side", "tested from", "until", *headings, "venue", right=headings)
    for one in found.records:
        view.add_row(
            one.coin,
            one.position_side,
            format_instant(one.tested_from_ns)[:10],
            format_instant(one.tested_until_ns)[:10],
            signed(one.score.get("gain")),
            signed(one.score.get("map_increment_over_price")),
            f"{one.score.get('bars', 0):,}",
            one.venue or one.source,
        )
    out.print(view)
    out.print("gain over the move alone; own: the map's part beyond all of the price path", style="dim")
    for one in found.latest:
        if "verdict" in one.score:
            out.print(str(one.score["verdict"]), markup=False)


def coin_name(symbol: str) -> str:
    """The coin of a table's symbol (`BTCUSDT`, or unified), as short as a column needs it."""
    return base_coin(market_of(symbol)[1])


def signed(held: float | None) -> str:
    """A gain; unknown is a dash."""
    return "–" if held is None else f"{held:+.3f}"
