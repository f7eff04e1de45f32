"""A ladder in sentences, and laid out for programs."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.app.cascade_ladder import LadderReport
from powderkeg.cascade.ladder import Outcome
from powderkeg.cascade.rungs import Rung
from powderkeg.domain.time import format_instant

BOOK_SIDE: Final = {"short": "asks", "long": "bids"}
FLOW: Final = {"short": "buying", "long": "selling"}

DRAWN: Final = 0.06
"""Log distance a chart can show, whatever the shock."""

SAME_BIN: Final = 1e-6
"""Part of a bin by which an edge may lie beyond it for its rounding."""

SMALL: Final = 5e-4
"""A rung shorter than so much (log price, trigger to stop) is a hole between levels of a book: counted, not told."""


def told_rungs(report: LadderReport) -> list[Rung]:
    """The rungs worth a sentence, nearest first."""
    return [rung for rung in report.ladder.rungs if abs(math.log(rung.price_stop / rung.price_trigger)) >= SMALL]


def rung_sentence(rung: Rung, position_side: str) -> str:
    """A rung as a person would say it."""
    way = abs(rung.price_crest / rung.price_trigger - 1.0)
    number = "no end" if rung.reproduction is None else ratio_text(rung.reproduction)
    ends = (
        f"nothing stops it before {price_text(rung.price_stop)}, where the ladder ends"
        if rung.is_open
        else f"the book catches up at {price_text(rung.price_stop)}"
    )
    return (
        f"through {price_text(rung.price_trigger)} the next {way:.2%} has {millions(rung.fuel_usd)} of "
        f"{position_side}s against {millions(rung.depth_usd)} of {BOOK_SIDE[position_side]}, R = {number}; {ends}"
    )


def outcome_sentence(report: LadderReport) -> str:
    """Where price goes and what is liquidated on the way."""
    found, side = report.ladder, report.question.position_side
    band = _band(report)
    if report.reach is not None:
        return (
            f"on the way from {price_text(found.price)} to {price_text(report.reach.price_target)} "
            f"({report.reach.price_target / found.price - 1.0:+.1%}) {millions(report.liquidated_usd)} of {side}s "
            f"would be liquidated{band}; it takes {millions(report.reach.shock_usd)} of net {FLOW[side]} from elsewhere"
        )
    if found.outcome is Outcome.RAN_OFF_GRID:
        return (
            f"{millions(found.shock_usd)} of net {FLOW[side]} runs past {price_text(found.price_end)}, where the "
            f"ladder ends, with at least {millions(report.liquidated_usd)} of {side}s liquidated{band}"
        )
    return (
        f"{millions(found.shock_usd)} of net {FLOW[side]} takes {price_text(found.price)} to "
        f"{price_text(found.price_end)} ({found.price_end / found.price - 1.0:+.2%}), "
        f"{found.amplification or math.nan:.2f} times as far as without liquidations; "
        f"{millions(report.liquidated_usd)} of {side}s liquidated{band}"
    )


def highest_sentence(report: LadderReport) -> str:
    """What is said where there is no rung."""
    known = [step for step in report.steps if step.reproduction is not None]
    if not known:
        return "no rung: there is nothing to liquidate and no depth in reach"
    step = max(known, key=lambda one: one.reproduction or 0.0)
    way = "up" if report.question.position_side == "short" else "down"
    return (
        f"no rung {way} to {price_text(report.steps[-1].price_to)}: liquidations nowhere outrun the book for long; "
        f"R is highest, {ratio_text(step.reproduction)}, from {price_text(step.price_from)} to "
        f"{price_text(step.price_to)}"
    )


def _band(report: LadderReport) -> str:
    if report.lower_usd is None or report.upper_usd is None:
        return ""
    return f" (80 % band of the map {millions(report.lower_usd)} to {millions(report.upper_usd)})"


def price_text(price: float) -> str:
    """A price with as many digits as it takes to tell a hundredth of a percent."""
    return f"{price:,.0f}" if price >= 10_000 else f"{price:,.6g}"


def ratio_text(ratio: float | None) -> str:
    """R with as many digits as it is worth."""
    if ratio is None:
        return "–"
    return "<0.01" if 0.0 < ratio < 0.005 else f"{ratio:.2f}" if ratio < 10.0 else f"{ratio:.3g}"


def millions(usd: float) -> str:
    """Dollars as people say them: `310 M`, `4.6 M`, `12 k`, `0`."""
    for least, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if usd >= least * 0.9995:
            scaled = usd / least
            return f"{scaled:.0f} {unit}" if scaled >= 99.5 else f"{scaled:.3g} {unit}"
    return f"{usd:.0f} USD" if usd >= 0.5 else "0"


def plain(report: LadderReport) -> dict[str, Any]:
    """A report for JSON: rungs as rows, steps, and where everything comes from; times in RFC 3339, None is unknown."""
    found, inputs = report.ladder, report.inputs
    side = report.question.position_side
    return {
        "as_of": _instant(inputs.as_of_ns),
        "coin": inputs.coin,
        "method": found.method,
        "is_simulated": inputs.is_simulated,
        "position_side": side,
        "price": found.price,
        "price_source": inputs.price_source,
        "shock_usd": found.shock_usd,
        "market_share": found.market_share,
        "impact": report.question.impact,
        "outcome": found.outcome.value,
        "price_end": found.price_end,
        "price_end_alone": found.price_end_alone,
        "distance_ratio": found.price_end / found.price - 1.0,
        "amplification": found.amplification,
        "liquidated_usd": report.liquidated_usd,
        "liquidated_lower_usd": report.lower_usd,
        "liquidated_upper_usd": report.upper_usd,
        "target": None if report.reach is None else msgspec.to_builtins(report.reach),
        "summary": outcome_sentence(report),
        "is_floor": report.fuel.method == "modelled" or found.outcome is Outcome.RAN_OFF_GRID,
        "rows": [{**msgspec.to_builtins(rung), "sentence": rung_sentence(rung, side)} for rung in found.rungs],
        "steps": [msgspec.to_builtins(step) for step in report.steps],
        "bins": _bins(report),
        "open_interest_usd": inputs.open_interest_usd,
        "fuel": {
            "method": report.fuel.method,
            "sources": list(report.fuel.sources),
            "as_of": _instant(report.fuel.as_of_ns),
        },
        "depth": {
            "method": report.depth.method,
            "source": report.depth.source,
            "as_of": _instant(report.depth.as_of_ns),
            "within_usd": report.depth.within_usd,
            "within_log_distance": report.depth.within_distance,
        },
        "reported_beside": [msgspec.to_builtins(one) for one in report.beside],
        "assumptions": report.assumptions,
    }


def _bins(report: LadderReport) -> dict[str, Any]:
    """Fuel and depth per bin as far as the steps go, and `DRAWN` at least: what a chart draws."""
    grid = report.inputs.grid(report.question.position_side)
    farthest = max(math.ceil(grid.bins_to(report.steps[-1].price_to) - SAME_BIN), round(DRAWN / grid.width))
    count = min(farthest, grid.bins)
    return {
        "bin_bps": report.ladder.bin_bps,
        "price": (grid.price * np.exp(grid.direction * grid.distances[: count + 1])).tolist(),
        "fuel_usd": report.fuel.fuel_usd[:count].tolist(),
        "depth_usd": report.depth.depth_usd[:count].tolist(),
    }


def _instant(at_ns: int | None) -> str | None:
    return None if at_ns is None else format_instant(at_ns)
