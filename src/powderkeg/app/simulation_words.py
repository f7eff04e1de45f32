"""A simulation laid out for programs."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.simulation import SimulationReport
from powderkeg.app.simulation_odds import Odds
from powderkeg.app.simulation_position import PositionOutcome
from powderkeg.cascade.simulation import Distribution, Touch
from powderkeg.domain.time import format_instant


def plain_simulation(report: SimulationReport, position: PositionOutcome | None = None) -> dict[str, Any]:
    """A report for JSON: a row per level, distributions, and what it rests on; times in RFC 3339, None is unknown."""
    run, inputs, outcome = report.simulation, report.inputs, report.outcome
    return {
        "as_of": None if inputs.as_of_ns is None else format_instant(inputs.as_of_ns),
        "coin": inputs.coin,
        "method": run.method,
        "is_simulated": inputs.is_simulated,
        "price": inputs.price,
        "price_source": inputs.price_source,
        "horizon_h": run.steps * run.step_s / 3_600.0,
        "paths": run.paths,
        "groups": run.groups,
        "steps": run.steps,
        "step_s": run.step_s,
        "seed": run.seed,
        "returns": run.returns,
        "variance": run.variance,
        "device": run.device,
        "daily_sigma": report.daily_sigma,
        "rows": [_row(one, number < report.asked) for number, one in enumerate(outcome.touches)],
        "extremes": {
            name: _distribution(getattr(outcome, name))
            for name in ("highest_price", "lowest_price", "highest_price_alone", "lowest_price_alone")
        },
        "liquidated": {
            "short_usd": _distribution(outcome.shorts_liquidated_usd),
            "long_usd": _distribution(outcome.longs_liquidated_usd),
        },
        "amplification_up": msgspec.to_builtins(outcome.amplification_up),
        "amplification_down": msgspec.to_builtins(outcome.amplification_down),
        "position": None if position is None else _position(position),
        "odds": [{**_without_time(one), "as_of": format_instant(one.ts_event_ns)} for one in report.odds],
        "odds_note": report.odds_note,
        "assumptions": report.assumptions,
    }


def _row(one: Touch, asked: bool) -> dict[str, Any]:  # noqa: FBT001 - one word of a row
    return {
        "level_price": one.level_price,
        "direction": one.direction,
        "kind": "asked" if asked else "rung",
        "probability": one.probability.estimate,
        "probability_error": one.probability.standard_error,
        "probability_alone": one.probability_alone.estimate,
        "probability_alone_error": one.probability_alone.standard_error,
        "difference": one.difference.estimate,
        "difference_error": one.difference.standard_error,
        "hours": None if one.hours is None else _distribution(one.hours),
        "hours_alone": None if one.hours_alone is None else _distribution(one.hours_alone),
    }


def _distribution(one: Distribution) -> dict[str, Any]:
    return {
        "unit": one.unit,
        "mean": one.mean.estimate,
        "mean_error": one.mean.standard_error,
        "quantiles": [msgspec.to_builtins(held) for held in one.quantiles],
    }


def _position(one: PositionOutcome) -> dict[str, Any]:
    held = one.position
    return {
        "venue": held.venue,
        "symbol": held.symbol,
        "position_side": held.position_side,
        "liquidation_price": held.liquidation_price,
        "liquidation_note": held.liquidation_note,
        "survival": one.survival.estimate,
        "survival_error": one.survival.standard_error,
        "survival_alone": one.survival_alone.estimate,
        "survival_alone_error": one.survival_alone.standard_error,
        "survival_closed_form": one.survival_closed_form,
        "note": one.note,
        "assumptions": list(held.assumptions),
        "unknown": list(held.unknown),
    }


def _without_time(one: Odds) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(one)
    del found["ts_event_ns"]
    return found
