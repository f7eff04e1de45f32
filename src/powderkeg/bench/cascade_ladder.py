"""The ladder: a what-if on loaded inputs, against the time a person notices and against the same sums in numpy."""

from __future__ import annotations

from typing import Final

import numpy as np

from powderkeg.app.cascade_depth import DepthChoice, depth_for
from powderkeg.app.cascade_inputs import BINS, SIDES, FuelProfile, LadderInputs
from powderkeg.app.cascade_ladder import ask
from powderkeg.app.cascade_question import question_of
from powderkeg.bench.base import Measure, best_seconds
from powderkeg.cascade.ladder import ladder

SEED: Final = 20_260_114
CALLS: Final = 200
PRICE: Final = 94_000.0


def run() -> list[Measure]:
    """A ladder of arrays, and a whole what-if with band, rungs, steps and words of assumption."""
    rng = np.random.default_rng(SEED)
    fuel = rng.gamma(0.3, 3e6, BINS)
    depth = np.sort(rng.gamma(3.0, 1e6, BINS))
    inputs = _inputs(fuel)
    question = question_of(shock_usd=250e6)

    def ladders() -> None:
        for _ in range(CALLS):
            ladder(price=PRICE, fuel=fuel, depth=depth, shock_usd=250e6)

    def sums() -> None:
        for _ in range(CALLS):
            int(np.argmax(np.cumsum(depth - fuel) >= 250e6))

    def questions() -> None:
        for _ in range(CALLS):
            ask(inputs, question)

    ladders()
    one_s, sum_s, ask_s = (best_seconds(work) / CALLS for work in (ladders, sums, questions))
    rungs = len(ask(inputs, question).ladder.rungs)
    return [
        Measure(
            name="a what-if on loaded inputs",
            figure=ask_s * 1e3,
            unit="ms",
            claim="< 20",
            holds=ask_s < 0.020,
            note=f"{BINS} bins, {rungs} rungs, both ends of the map's band",
        ),
        Measure(
            name="a ladder of arrays",
            figure=one_s * 1e6,
            unit="us",
            note=f"checked, with and without fuel, R and rungs; numpy's sums alone {sum_s * 1e6:.0f} us",
        ),
    ]


def _inputs(fuel_usd: np.ndarray[tuple[int], np.dtype[np.float64]]) -> LadderInputs:
    profile = FuelProfile(
        fuel_usd=fuel_usd,
        lower_usd=0.7 * fuel_usd,
        upper_usd=1.4 * fuel_usd,
        method="given",
        sources=("synthetic",),
        as_of_ns=None,
        assumptions={},
    )
    return LadderInputs(
        coin="BTC",
        price=PRICE,
        price_source="given",
        as_of_ns=None,
        fuel=dict.fromkeys(SIDES, profile),
        depth=depth_for("BTC", PRICE, None, DepthChoice(within_usd=244e6), None),
    )
