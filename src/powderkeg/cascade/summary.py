"""From the counters of a run to its record."""

from __future__ import annotations

import math

import numpy as np

from powderkeg.cascade.counting import (
    PROBABILITIES,
    geometric_edges,
    mean_of,
    quantiles_of,
    ratio_of,
    share_of,
    times_of,
)
from powderkeg.cascade.monte_carlo_inputs import Coin, Dynamics, Plan
from powderkeg.cascade.path_arrays import BINS, MEASURED, MOVE_UNIT, SMALLEST_MOVE, TIME_BINS, FloatArray, IntArray
from powderkeg.cascade.path_step import SPENT
from powderkeg.cascade.simulation import CoinOutcome, Direction, Distribution, Estimate, Quantile, Simulation, Touch
from powderkeg.cascade.world import Layout, level_order, usd_unit

HIGHEST, LOWEST, HIGHEST_ALONE, LOWEST_ALONE, SHORTS_USD, LONGS_USD = range(MEASURED)


def summarize(
    counts: IntArray, coins: tuple[Coin, ...], plan: Plan, dynamics: Dynamics, layout: Layout, device: str
) -> Simulation:
    """The record of a run.

    Args:
        counts: [rows, C·slots] counters.
        coins: as simulated.
        plan: of the run.
        dynamics: of forced flow.
        layout: rows and paths of each.
        device: what walked.
    """
    per_coin = counts.reshape(layout.rows, len(coins), -1)
    return Simulation(
        coins=tuple(_outcome(per_coin[:, n], one, plan, layout) for n, one in enumerate(coins)),
        paths=layout.rows * layout.per_row,
        groups=layout.rows,
        steps=plan.steps,
        step_s=plan.step_s,
        seed=plan.seed,
        returns=plan.returns,
        variance=plan.variance,
        device=device,
        assumptions=assumptions_of(plan, dynamics, max(len(one.fuel_usd) for one in coins)),
    )


def assumptions_of(plan: Plan, dynamics: Dynamics, maps: int) -> dict[str, str]:
    """What a reader must know to judge a run."""
    kinds = {
        "gaussian": "Gaussian, of constant volatility and no drift of the log price",
        "student": f"Student-t with {plan.freedom} degrees of freedom, of constant volatility and no drift",
        "bootstrap": f"blocks of {plan.block_steps} steps of history, without its mean, scaled to the volatility given",
    }
    waits = "within the step" if dynamics.latency_s == 0.0 else f"{dynamics.latency_s:g} s after the trigger on average"
    return {
        "returns": kinds[plan.returns],
        "monitoring": f"levels and liquidations are looked at every {plan.step_s:g} s",
        "fuel": f"{maps} equally likely maps; a level is liquidated once and nothing new is opened on the way",
        "execution": f"{dynamics.market_share:.0%} of a liquidation reaches the book as a market order, {waits}",
        "depth": (
            f"rests at the levels where it is now; {dynamics.stress:g} times thinner per unit of forced log move, at "
            f"most {dynamics.thinnest:g} times; {dynamics.refill_per_minute:.0%} of what is missing refills a minute"
        ),
        "impact": "forced flow moves the price for good",
    }


def _outcome(counts: IntArray, one: Coin, plan: Plan, layout: Layout) -> CoinOutcome:
    sums = counts[:, MEASURED * BINS : MEASURED * (BINS + 1)].astype(np.float64)
    unit = usd_unit(one)

    def prices(number: int, sign: float) -> Distribution:
        return _prices(counts[:, number * BINS : (number + 1) * BINS], sums[:, number], one.price, sign, layout.per_row)

    def dollars(number: int) -> Distribution:
        histogram = counts[:, number * BINS : (number + 1) * BINS]
        return Distribution(
            unit="usd",
            mean=mean_of(sums[:, number] * unit, layout.per_row),
            quantiles=quantiles_of(histogram, geometric_edges(SPENT * unit), PROBABILITIES),
        )

    return CoinOutcome(
        coin=one.coin,
        price=one.price,
        highest_price=prices(HIGHEST, 1.0),
        lowest_price=prices(LOWEST, -1.0),
        highest_price_alone=prices(HIGHEST_ALONE, 1.0),
        lowest_price_alone=prices(LOWEST_ALONE, -1.0),
        shorts_liquidated_usd=dollars(SHORTS_USD),
        longs_liquidated_usd=dollars(LONGS_USD),
        amplification_up=ratio_of(sums[:, HIGHEST], sums[:, HIGHEST_ALONE]),
        amplification_down=ratio_of(sums[:, LOWEST], sums[:, LOWEST_ALONE]),
        touches=_touches(counts[:, MEASURED * (BINS + 1) :], one, plan, layout),
    )


def _prices(histogram: IntArray, sums: FloatArray, start: float, sign: float, per_row: int) -> Distribution:
    """Log distances as prices; downwards the order of probabilities turns round."""
    move = mean_of(sums * MOVE_UNIT, per_row)
    mean = start * math.exp(sign * move.estimate)
    wanted = PROBABILITIES if sign > 0.0 else tuple(1.0 - p for p in reversed(PROBABILITIES))
    quantiles = quantiles_of(histogram, geometric_edges(SMALLEST_MOVE), wanted)
    ordered = quantiles if sign > 0.0 else tuple(reversed(quantiles))
    return Distribution(
        unit="price",
        mean=Estimate(estimate=mean, standard_error=mean * move.standard_error),
        quantiles=tuple(
            Quantile(
                probability=probability,
                estimate=start * math.exp(sign * held.estimate),
                standard_error=start * math.exp(sign * held.estimate) * held.standard_error,
            )
            for probability, held in zip(PROBABILITIES, ordered, strict=True)
        ),
    )


def _touches(counts: IntArray, one: Coin, plan: Plan, layout: Layout) -> tuple[Touch, ...]:
    moments = counts.reshape(layout.rows, 4, -1, TIME_BINS)
    horizon_h = plan.steps * plan.step_s / 3_600.0
    found: dict[int, Touch] = {}
    directions: tuple[tuple[int, Direction], ...] = ((0, "up"), (1, "down"))
    for side, direction in directions:
        for place, number in enumerate(level_order(one)[side]):
            touched, alone = moments[:, side, place], moments[:, 2 + side, place]
            hits, hits_alone = touched.sum(axis=1), alone.sum(axis=1)
            gained = mean_of((hits - hits_alone).astype(np.float64), layout.per_row)
            found[number] = Touch(
                level_price=one.levels[number],
                direction=direction,
                probability=share_of(hits, layout.per_row),
                probability_alone=share_of(hits_alone, layout.per_row),
                difference=gained,
                hours=times_of(touched, horizon_h),
                hours_alone=times_of(alone, horizon_h),
            )
    return tuple(found[number] for number in range(len(one.levels)))
