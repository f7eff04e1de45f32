"""The map's calibration and score as tables."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.liquidation_map import CalibrationReport
from powderkeg.app.liquidation_map_show import MapReading
from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, console, table
from powderkeg.domain.symbols import coin_of, split_pair
from powderkeg.domain.time import format_instant
from powderkeg.liqmap.score import Scorecard


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
        numbers = [_signed(held) for held in (*own, one.flow_increment, one.placebo)]
        view.add_row(coin_name(one.symbol), one.position_side, *numbers, f"{one.coverage[1]:.0%}")
    mean = card.mean
    shown = ("gain", "gain_over_a1", "gain_over_best", "map_increment_over_price", "flow_increment", "placebo")
    view.add_row("mean", "", *[_signed(mean[name]) for name in shown], "")
    out.print(view)
    out.print(
        "gain over (a), over (a1), over the best rival; the map's own part, that of its flow, and of a placebo; "
        "share of bars inside the 80 % band",
        style="dim",
    )
    for one in card.series:
        out.print(one.verdict, markup=False)


def coin_name(symbol: str) -> str:
    """The coin of a table's symbol (`BTCUSDT`, or unified), as short as a column needs it."""
    pair = split_pair(symbol)
    return coin_of(pair[0] if pair is not None and "/" not in symbol else symbol)


def _signed(held: float | None) -> str:
    return "–" if held is None else f"{held:+.3f}"


def print_map(reading: MapReading) -> None:
    """Clusters from the highest price to the lowest, the mark between them."""
    out, one = console(), reading.total
    out.print(
        f"{one.coin or one.symbol} at {one.mark_price:,.10g}, as of {format_instant(one.as_of_ns)}, {one.method}, "
        f"open interest {compact_usd(one.open_interest_usd)} USD, from {', '.join(one.sources)}",
        markup=False,
    )
    headings = ("price", "distance", "USD", "80 % band", "of OI")
    view = table("side", *headings, right=headings)
    for cluster in sorted(reading.nearest, key=lambda held: -held.price):
        color = LONG_COLOR if cluster.position_side == "long" else SHORT_COLOR
        share = cluster.open_interest_ratio
        view.add_row(
            f"[{color}]{cluster.position_side}[/]",
            f"{cluster.price:,.6g}",
            f"{cluster.distance_ratio:+.2%}",
            compact_usd(cluster.notional_usd),
            f"{compact_usd(cluster.lower_usd)} – {compact_usd(cluster.upper_usd)}",
            "–" if share is None else f"{share:.3%}",
        )
    out.print(view)
    for name, said in one.assumptions.items():
        out.print(f"{name}: {said}", markup=False)
