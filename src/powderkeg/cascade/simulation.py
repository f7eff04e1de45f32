"""What a Monte Carlo says: distributions with standard errors, and what they assume."""

from __future__ import annotations

from typing import Literal

import msgspec

Direction = Literal["up", "down"]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A number and how sure it is: one standard error, from the spread between independent groups of paths."""

    estimate: float
    standard_error: float


class Quantile(msgspec.Struct, frozen=True, kw_only=True):
    """A quantile, read from a geometric histogram in steps of 0.75 %, with the half-width of Woodruff's interval."""

    probability: float
    estimate: float
    standard_error: float


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """How something is spread over paths.

    Attributes:
        unit: `price` (quote per base), `usd` or `hours`.
        mean: of all paths; for prices at the mean log move.
        quantiles: in order of probability.
    """

    unit: str
    mean: Estimate
    quantiles: tuple[Quantile, ...]

    def at(self, probability: float) -> float:
        """One of the quantiles held."""
        return next(held.estimate for held in self.quantiles if held.probability == probability)


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """Whether and when a level is reached within the horizon.

    Attributes:
        level_price: the level.
        direction: whether it lies above or below the start.
        probability: with feedback.
        probability_alone: of the same exogenous paths without forced flow.
        difference: what forced flow adds; the paths are paired, so it is surer than either.
        hours: time of first touch, given that it is touched; None where no path touches it.
        hours_alone: the same without feedback.
    """

    level_price: float
    direction: Direction
    probability: Estimate
    probability_alone: Estimate
    difference: Estimate
    hours: Distribution | None
    hours_alone: Distribution | None


class CoinOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one coin.

    Attributes:
        coin: its name.
        price: at the start.
        highest_price, lowest_price: extremes within the horizon.
        highest_price_alone, lowest_price_alone: of the same paths without forced flow.
        shorts_liquidated_usd, longs_liquidated_usd: notional force-closed by the horizon.
        amplification_up, amplification_down: mean log distance of the extreme over that without forced flow; None
            where nothing moves that way.
        touches: the levels asked for, in their order.
    """

    coin: str
    price: float
    highest_price: Distribution
    lowest_price: Distribution
    highest_price_alone: Distribution
    lowest_price_alone: Distribution
    shorts_liquidated_usd: Distribution
    longs_liquidated_usd: Distribution
    amplification_up: Estimate | None
    amplification_down: Estimate | None
    touches: tuple[Touch, ...]


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """A run.

    Attributes:
        coins: in the order given.
        paths: walked; the number asked for, rounded up to whole groups.
        groups: independent groups the standard errors come from.
        steps, step_s: monitoring.
        seed: of the run; the same seed gives the same counters on any number of threads.
        returns: kind of exogenous returns.
        variance: how variance was reduced.
        device: what walked the paths.
        assumptions: what a reader must know to judge it.
        method: always `modelled`.
    """

    coins: tuple[CoinOutcome, ...]
    paths: int
    groups: int
    steps: int
    step_s: float
    seed: int
    returns: str
    variance: str
    device: str
    assumptions: dict[str, str]
    method: str = "modelled"
