"""A ladder asked about inputs that are loaded: which shock, through which book; with what a reader must know."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import numpy as np

from powderkeg.app.cascade_inputs import BIN_BPS, FuelProfile, LadderInputs
from powderkeg.cascade.depth import DepthProfile
from powderkeg.cascade.impact import PowerImpact, SquareRootImpact, depth_of
from powderkeg.cascade.ladder import ASSUMPTIONS, Ladder, Reach, ladder, reach
from powderkeg.cascade.profiles import FloatArray, Grid
from powderkeg.cascade.quoted import POWER_EXPONENT, SQUARE_ROOT_PREFACTOR
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, format_duration
from powderkeg.domain.units import SHORT, PositionSide

ImpactName = Literal["sweep", "power", "sqrt"]
IMPACTS: Final[tuple[ImpactName, ...]] = ("sweep", "power", "sqrt")

STEPS: Final = 8
OLD_NS: Final = NS_PER_HOUR
"""From this age on depth is said to be old."""

LEAST_SHOWN: Final = 0.03
"""A ladder is shown at least so far (log distance), and half again as far as it goes."""


class LadderQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a ladder: a shock, or a price to reach.

    Attributes:
        position_side: whose positions are liquidated.
        shock_usd: net market buying (selling, for longs) from elsewhere; this or `price_target`.
        price_target: where price is to go.
        market_share: share of a liquidation that reaches the book.
        impact: `sweep` the depth as it is, `power` for log X = a + γ·log(V/D), `sqrt` for I = Y·σ·√(Q/V).
        shrink: how many times thinner depth is than it was seen.
    """

    position_side: PositionSide = SHORT
    shock_usd: float | None = None
    price_target: float | None = None
    market_share: float = 1.0
    impact: ImpactName = "sweep"
    shrink: float = 1.0


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the ladder, rung or not.

    Attributes:
        price_from, price_to: the stretch.
        fuel_usd, depth_usd: in it.
        reproduction: market share times fuel over depth; None without depth.
        fuel_total_usd, depth_total_usd: from the start to its end.
    """

    price_from: float
    price_to: float
    fuel_usd: float
    depth_usd: float
    reproduction: float | None
    fuel_total_usd: float
    depth_total_usd: float


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """A figure others reported, shown beside a ladder and used for none of its numbers.

    Attributes:
        what: what was counted.
        scope: which venues it is about.
        source: who reported it.
        reported_usd: as reported.
        simulated_usd: the ladder's fuel up to the same price; None where the figure is not about a price.
    """

    what: str
    scope: str
    source: str
    reported_usd: float
    simulated_usd: float | None


class LadderReport(msgspec.Struct, frozen=True, kw_only=True):
    """A ladder with everything it rests on.

    Attributes:
        inputs: what it was made of.
        question: what was asked.
        ladder: where the shock stops.
        reach: what it takes to get to the price asked for; None where a shock was asked about.
        liquidated_usd: on the way to where price stops, or to the price asked for.
        lower_usd, upper_usd: the same with the ends of the map's 80 % band as fuel; None without a band.
        fuel: the fuel that entered.
        depth: the depth that entered.
        steps: the way in equal stretches.
        assumptions: what a reader must know to judge it.
        beside: what was reported of the same move; see `cascade_reported`.
    """

    inputs: LadderInputs
    question: LadderQuestion
    ladder: Ladder
    reach: Reach | None
    liquidated_usd: float
    lower_usd: float | None
    upper_usd: float | None
    fuel: FuelProfile
    depth: DepthProfile
    steps: tuple[Step, ...]
    assumptions: dict[str, str]
    beside: tuple[Beside, ...] = ()


def ask(inputs: LadderInputs, question: LadderQuestion) -> LadderReport:
    """Compute a ladder; well under a millisecond, so a person can drag the shock.

    Raises:
        InputError: neither or both of shock and target, a number out of range, or an impact without its numbers.
    """
    if (question.shock_usd is None) == (question.price_target is None):
        raise InputError("give a shock (shock_usd) or a price to reach (price_target), one of them")
    if question.impact not in IMPACTS:
        raise InputError(f"unknown impact {question.impact!r}; it is one of {', '.join(IMPACTS)}")
    if question.position_side not in inputs.fuel:
        raise InputError(f"position_side is {question.position_side!r}; it is 'long' or 'short'")
    fuel = inputs.fuel[question.position_side]
    depth = _depth(inputs, question)
    found, target = _run(inputs, question, fuel.fuel_usd, depth)
    bands = [None if held is None else _liquidated(*_run(inputs, question, held, depth)) for held in _band(fuel)]
    return LadderReport(
        inputs=inputs,
        question=question,
        ladder=found,
        reach=target,
        liquidated_usd=_liquidated(found, target),
        lower_usd=bands[0],
        upper_usd=bands[1],
        fuel=fuel,
        depth=depth,
        steps=_steps(inputs, question, found, depth),
        assumptions=_assumptions(inputs, question, fuel, depth),
    )


def _band(fuel: FuelProfile) -> tuple[FloatArray | None, FloatArray | None]:
    return fuel.lower_usd, fuel.upper_usd


def _run(
    inputs: LadderInputs, question: LadderQuestion, fuel: FloatArray, depth: DepthProfile
) -> tuple[Ladder, Reach | None]:
    book: dict[str, Any] = {
        "price": inputs.price,
        "fuel": fuel,
        "depth": depth.depth_usd,
        "market_share": question.market_share,
        "bin_bps": BIN_BPS,
        "side": question.position_side,
    }
    target = None if question.price_target is None else reach(price_target=question.price_target, **book)
    shock_usd = question.shock_usd if target is None else target.shock_usd
    assert shock_usd is not None
    return ladder(shock_usd=shock_usd, **book), target


def _liquidated(found: Ladder, target: Reach | None) -> float:
    return found.liquidated_usd if target is None else target.liquidated_usd


def _depth(inputs: LadderInputs, question: LadderQuestion) -> DepthProfile:
    """The book the shock goes through: as it is, or one that has the impact asked for."""
    seen = inputs.depth[question.position_side].stressed(question.shrink)
    grid = inputs.grid(question.position_side)
    if question.impact == "sweep":
        return seen
    if question.impact == "power":
        model = PowerImpact(depth_usd=seen.within_usd, depth_distance=seen.within_distance)
        said = f"log X = a + γ·log(V/D), a from D = {seen.within_usd:,.0f} USD within {seen.within_distance:.2%}, "
        said += f"γ = {POWER_EXPONENT}"
        shaped = {**seen.assumptions, "impact": said}
        shaped.pop("shape", None)
        return msgspec.structs.replace(seen, depth_usd=depth_of(model, grid), seen_bins=0, assumptions=shaped)
    sigma, volume = inputs.daily_sigma, inputs.daily_volume_usd
    if sigma is None or volume is None:
        raise InputError("the square-root law needs two days of bars with volume; use --impact sweep or power")
    if question.shrink != 1.0:
        raise InputError("the square-root law knows no depth that could shrink; use --impact sweep or power")
    model = SquareRootImpact(daily_volume_usd=volume, daily_sigma=sigma)
    said = f"I = Y·σ·√(Q/V), σ = {sigma:.2%} and V = {volume:,.0f} USD a day, Y = {SQUARE_ROOT_PREFACTOR}"
    return DepthProfile(
        depth_usd=depth_of(model, grid),
        seen_bins=0,
        within_usd=float(model.absorbed_usd(np.array(seen.within_distance))),
        within_distance=seen.within_distance,
        method="modelled",
        source=f"volume and volatility of {inputs.volume_window}",
        as_of_ns=inputs.as_of_ns,
        assumptions={"impact": said},
    )


def _steps(inputs: LadderInputs, question: LadderQuestion, found: Ladder, depth: DepthProfile) -> tuple[Step, ...]:
    """Equal stretches of whole 0.05 %, to half again as far as price goes."""
    grid = inputs.grid(question.position_side)
    farthest = max(LEAST_SHOWN, 1.5 * found.distance_log)
    if question.price_target is not None:
        farthest = max(farthest, 1.1 * abs(float(np.log(question.price_target / inputs.price))))
    width = np.ceil(farthest / STEPS / 5e-4) * 5e-4
    edges = np.minimum(width * np.arange(STEPS + 1), grid.width * grid.bins)
    fuel_sum = _summed(inputs.fuel[question.position_side].fuel_usd, grid, edges)
    depth_sum = _summed(depth.depth_usd, grid, edges)
    steps: list[Step] = []
    for k in np.flatnonzero(np.diff(edges) > 0.0).tolist():
        fuel_usd, depth_usd = fuel_sum[k + 1] - fuel_sum[k], depth_sum[k + 1] - depth_sum[k]
        steps.append(
            Step(
                price_from=grid.price_at(float(edges[k]) / grid.width),
                price_to=grid.price_at(float(edges[k + 1]) / grid.width),
                fuel_usd=fuel_usd,
                depth_usd=depth_usd,
                reproduction=question.market_share * fuel_usd / depth_usd if depth_usd > 0.0 else None,
                fuel_total_usd=fuel_sum[k + 1],
                depth_total_usd=depth_sum[k + 1],
            )
        )
    return tuple(steps)


def _summed(dollars: FloatArray, grid: Grid, edges: FloatArray) -> list[float]:
    """Dollars from the start to each edge."""
    sums: FloatArray = np.concatenate([np.zeros(1), np.cumsum(dollars)])
    return np.interp(edges, grid.distances, sums).tolist()


def _assumptions(
    inputs: LadderInputs, question: LadderQuestion, fuel: FuelProfile, depth: DepthProfile
) -> dict[str, str]:
    found = {f"fuel: {name}": said for name, said in fuel.assumptions.items()}
    found["fuel: standing"] = "only what is open at the start: positions opened on the way are not in it"
    found |= {f"depth: {name}": said for name, said in depth.assumptions.items()}
    if inputs.as_of_ns is not None and depth.as_of_ns is not None and inputs.as_of_ns - depth.as_of_ns > OLD_NS:
        age = format_duration((inputs.as_of_ns - depth.as_of_ns) // NS_PER_HOUR * NS_PER_HOUR)
        found["depth: age"] = f"it is {age} older than the fuel, and taken as if it stood now"
    found |= {f"ladder: {name}": said for name, said in ASSUMPTIONS.items()}
    found["ladder: market share"] = (
        f"{question.market_share:.0%} of every liquidation reaches the book as a market order"
    )
    return found
