"""How far to trust a map, in sentences and numbers: coverage, method, floor, and what it scored."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.library import Library
from powderkeg.domain.time import format_instant
from powderkeg.liqmap.reading import LiquidationMap


class Sureness(msgspec.Struct, frozen=True):
    """Sentences for a reader, and the newest stored score of each market and side."""

    sentences: list[str]
    scorecard: list[dict[str, Any]]


def map_sureness(library: Library, one: LiquidationMap, coin: str) -> Sureness:
    """What a reader must know of a map before quoting it."""
    scores = [
        {
            "market": score.symbol,
            "position_side": score.position_side,
            "gain": score.score.get("gain"),
            "gain_over_best": score.score.get("gain_over_best"),
            "map_increment_over_price": score.score.get("map_increment_over_price"),
            "tested_until": format_instant(score.tested_until_ns),
            "verdict": score.score.get("verdict"),
        }
        for score in library.map_scores(coin=coin).latest
    ]
    return Sureness([*_made(one), *_seen(one), _scored(scores)], scores)


def _made(one: LiquidationMap) -> list[str]:
    said = [f"The map is {one.method}, as of {format_instant(one.as_of_ns)}."]
    if one.is_simulated:
        said.insert(0, "SIMULATED: these data come from a simulated market.")
    if one.is_floor:
        said.append("Dollars are a floor, on the scale of feeds that sample; compare levels rather than quote dollars.")
    return said


def _seen(one: LiquidationMap) -> list[str]:
    said = [
        f"{seen.source}: {seen.bar_ratio:.0%} of its bars, open interest known in {seen.open_interest_ratio:.0%}, "
        f"liquidations in {seen.liquidations_ratio:.0%}; {seen.placed_ratio:.0%} of open interest is in the map."
        for seen in one.coverage
    ]
    if one.absent:
        said.append(f"Absent, which is unknown and not zero: {'; '.join(f'{k}: {v}' for k, v in one.absent.items())}.")
    return said


def _scored(scores: list[dict[str, Any]]) -> str:
    gains = [float(score["gain"]) for score in scores if isinstance(score["gain"], int | float)]
    if not gains:
        return "Its score is unknown: none is stored (powderkeg map score --data DIR)."
    mean = sum(gains) / len(gains)
    better = "better than" if mean > 0 else "no better than"
    return f"Stored tests: mean gain {mean:+.3f}, {better} predicting from the move alone."
