"""A Monte Carlo asked about a coin: what is asked, what comes out, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from powderkeg.app.cascade_inputs import SIDES, LadderInputs
from powderkeg.app.simulation_coin import History, coin_of_inputs, rung_levels, sigma_of
from powderkeg.app.simulation_odds import Odds
from powderkeg.cascade.monte_carlo import Device, simulate
from powderkeg.cascade.monte_carlo_inputs import Dynamics, Plan, Returns, Variance
from powderkeg.cascade.simulation import CoinOutcome, Simulation
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S, parse_duration

DEFAULT_MAPS: Final = 16
"""Maps drawn from the band: their spread is far below that of the paths."""

Progress = Callable[[int, int], None]


class SimulationQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked.

    Attributes:
        horizon: `48h`, `7d`, ...
        step: length of a step; None for a minute, or a bar of history in a bootstrap.
        paths: at least so many.
        levels: prices whose touch is asked for; triggers of the nearest rungs are watched besides.
        returns: gaussian, student or bootstrap.
        variance: none, antithetic or sobol.
        daily_sigma: standard deviation of daily log returns; None for that of the bars.
        shock_usd: market order that comes first, selling is negative.
        market_share: share of a liquidation that reaches the book.
        latency: mean time from trigger to execution.
        stress: how much thinner the book gets per unit of forced log move; None for the published one.
        maps: drawn from the band of the map.
        seed: of everything drawn.
    """

    horizon: str = "48h"
    step: str | None = None
    paths: int = 100_000
    levels: tuple[float, ...] = ()
    returns: Returns = "gaussian"
    variance: Variance = "none"
    daily_sigma: float | None = None
    shock_usd: float = 0.0
    market_share: float = 1.0
    latency: str = "10s"
    stress: float | None = None
    maps: int = DEFAULT_MAPS
    seed: int = 0


class SimulationReport(msgspec.Struct, frozen=True, kw_only=True):
    """A run with what it was made of.

    Attributes:
        inputs: price, fuel and depth.
        question: what was asked.
        simulation: the run.
        asked: how many of the touches, from the first, are levels asked for; the others are rungs of the ladder.
        daily_sigma: used, with where it comes from in `sigma_source`.
        odds: of imported prediction markets about the levels asked for.
        odds_note: why there are none.
        assumptions: what a reader must know to judge it.
    """

    inputs: LadderInputs
    question: SimulationQuestion
    simulation: Simulation
    asked: int
    daily_sigma: float
    sigma_source: str
    odds: tuple[Odds, ...]
    odds_note: str
    assumptions: dict[str, str]

    @property
    def outcome(self) -> CoinOutcome:
        """Of the coin asked about."""
        return self.simulation.coins[0]


def ask_simulation(
    inputs: LadderInputs,
    question: SimulationQuestion,
    *,
    history: History | None = None,
    odds: tuple[tuple[Odds, ...], str] = ((), "none imported"),
    threads: int = 1,
    device: Device = "cpu",
    progress: Progress | None = None,
) -> SimulationReport:
    """Run what was asked on inputs that are loaded.

    Args:
        inputs: price, fuel and depth.
        question: what is asked.
        history: returns for the bootstrap.
        odds: imported odds, and what to say where there are none.
        threads: of the CPU; the answer does not depend on it.
        device: cpu or gpu.
        progress: called with groups done and in all.

    Raises:
        InputError: something out of range, bootstrap without history, or no device.
    """
    if question.returns == "bootstrap" and history is None:
        raise InputError("bootstrap needs a history of bars; give one with --bars, or import candles")
    if not 1 <= question.maps <= 1_000:
        raise InputError(f"maps is {question.maps}; the limits are 1 and 1,000")
    plan, dynamics = plan_of(question, history), dynamics_of(question)
    sigma, source = sigma_of(inputs, question.daily_sigma)
    rungs = tuple(level for level in rung_levels(inputs, question.market_share) if level not in question.levels)
    coin = coin_of_inputs(
        inputs,
        levels=(*question.levels, *rungs),
        maps=question.maps,
        seed=question.seed,
        daily_sigma=sigma,
        history=history if question.returns == "bootstrap" else None,
        shock_usd=question.shock_usd,
    )
    run = simulate([coin], plan=plan, dynamics=dynamics, threads=threads, device=device, progress=progress)
    said = {"volatility": f"{sigma:.2%} a day, {source}", **run.assumptions, **_of_inputs(inputs)}
    if question.returns == "bootstrap" and history is not None:
        said["history"] = history.source
    return SimulationReport(
        inputs=inputs,
        question=question,
        simulation=run,
        asked=len(question.levels),
        daily_sigma=sigma,
        sigma_source=source,
        odds=odds[0],
        odds_note=odds[1],
        assumptions=said,
    )


def plan_of(question: SimulationQuestion, history: History | None) -> Plan:
    """How the run is made.

    Raises:
        InputError: a duration cannot be read, or the step of a bootstrap is not that of its history.
    """
    step_s = 60.0 if question.step is None else parse_duration(question.step) / NS_PER_S
    if question.returns == "bootstrap" and history is not None:
        if question.step is not None and step_s != history.step_s:
            raise InputError(f"bars of {history.step_s:g} s are drawn as they are; leave --step out with a bootstrap")
        step_s = history.step_s
    return Plan(
        horizon_s=parse_duration(question.horizon) / NS_PER_S,
        step_s=step_s,
        paths=question.paths,
        seed=question.seed,
        returns=question.returns,
        variance=question.variance,
    )


def dynamics_of(question: SimulationQuestion) -> Dynamics:
    """How forced flow meets the book.

    Raises:
        InputError: the latency cannot be read.
    """
    none = question.latency.strip() in {"0", "none"}
    latency_s = 0.0 if none else parse_duration(question.latency) / NS_PER_S
    dynamics = Dynamics(market_share=question.market_share, latency_s=latency_s)
    return dynamics if question.stress is None else msgspec.structs.replace(dynamics, stress=question.stress)


def question_from(words: dict[str, Any]) -> SimulationQuestion:
    """A question from a table of words, as files and the web give it.

    Raises:
        InputError: an unknown or ill-typed word.
    """
    unknown = sorted(set(words) - set(SimulationQuestion.__struct_fields__))
    if unknown:
        known = ", ".join(SimulationQuestion.__struct_fields__)
        raise InputError(f"unknown setting {', '.join(unknown)}; a simulation has {known}")
    try:
        return msgspec.convert(words, SimulationQuestion)
    except msgspec.ValidationError as error:
        raise InputError(f"a simulation cannot be asked so: {error}") from None


def _of_inputs(inputs: LadderInputs) -> dict[str, str]:
    said: dict[str, str] = {}
    for side in SIDES:
        fuel, depth = inputs.fuel[side], inputs.depth[side]
        said[f"map of {side}s"] = f"{fuel.method}, {', '.join(fuel.sources)}"
        said |= {f"map, {name}": text for name, text in fuel.assumptions.items()}
        said[f"book for {side}s"] = f"{depth.method}, {depth.source}"
        said |= {f"book, {name}": text for name, text in depth.assumptions.items()}
    return said
