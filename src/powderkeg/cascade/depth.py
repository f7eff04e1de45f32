"""Depth per bin: from a book, from a total within a distance and a stated shape, and what stress makes of it."""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec
import numpy as np

from powderkeg.cascade.impact import PowerImpact, depth_of
from powderkeg.cascade.profiles import FloatArray, Grid
from powderkeg.cascade.quoted import POWER_EXPONENT, REFILL_PER_MINUTE
from powderkeg.domain.errors import InputError

Method = Literal["measured", "reported", "modelled", "assumed"]

SHAPE_EXPONENT: Final = 1.0 / POWER_EXPONENT.number
"""β of D(u) ∝ u^β, the resting notional up to a log distance u: the book in which a sweep goes V^γ far has β = 1/γ."""

LEAST_REACH: Final = 0.002
"""A book seen less than so far (log distance) is not extended: its best levels say nothing about the rest."""


class DepthProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Resting notional in one direction.

    Attributes:
        depth_usd: [bins] USD per bin.
        seen_bins: how many of them were seen; the rest is extended by the shape.
        within_usd: USD up to `within_distance`: the size of the book in one number.
        within_distance: log distance.
        method: measured from a book, reported as a total, or assumed; what lies beyond it is modelled by the shape.
        source: where it comes from.
        as_of_ns: when; None where no time is known.
        assumptions: what a reader must know to judge it.
    """

    depth_usd: FloatArray
    seen_bins: int
    within_usd: float
    within_distance: float
    method: Method
    source: str
    as_of_ns: int | None
    assumptions: dict[str, str]

    def stressed(self, shrink: float) -> DepthProfile:
        """The profile with everything `shrink` times thinner.

        Raises:
            InputError: not a number >= 1.
        """
        if not (math.isfinite(shrink) and shrink >= 1.0):
            raise InputError(f"depth shrinks by {shrink}; give a factor of at least 1")
        if shrink == 1.0:
            return self
        return msgspec.structs.replace(
            self,
            depth_usd=self.depth_usd / shrink,
            within_usd=self.within_usd / shrink,
            assumptions={**self.assumptions, "stress": f"depth is {shrink:g} times thinner than it was seen"},
        )


def one_percent(grid: Grid) -> float:
    """The log distance to a price 1 % away, in the grid's direction."""
    return abs(math.log1p(0.01 * grid.direction))


def depth_from_total(
    total_usd: float, grid: Grid, *, within: float | None = None, exponent: float = SHAPE_EXPONENT
) -> FloatArray:
    """[bins] USD: a total within a distance laid out as D(u) = total·(u/within)^exponent, also beyond.

    Args:
        total_usd: resting notional of one side, > 0.
        grid: the bins.
        within: log distance it was counted to; None for 1 % of the price.
        exponent: β; 1 is an even book, less is denser near the price.

    Raises:
        InputError: a number is not positive and finite.
    """
    if not (math.isfinite(exponent) and exponent > 0.0):
        raise InputError(f"the shape's exponent is {exponent}; it must be positive and finite")
    distance = one_percent(grid) if within is None else within
    return depth_of(PowerImpact(depth_usd=total_usd, depth_distance=distance, exponent=1.0 / exponent), grid)


def depth_from_levels(
    distances: FloatArray, notional_usd: FloatArray, grid: Grid, *, known_to: float, exponent: float = SHAPE_EXPONENT
) -> tuple[FloatArray, int]:
    """Levels of a book in bins, extended by the shape beyond what is known of it.

    Args:
        distances: [L] log distances from the middle, increasing.
        notional_usd: [L] USD at each.
        grid: the bins.
        known_to: log distance up to which the levels are the book.
        exponent: β of the extension.

    Returns:
        [bins] USD, and how many bins were seen: those wholly within what is known.

    Raises:
        InputError: the book is known less than `LEAST_REACH` far, or empty there.
    """
    if known_to < LEAST_REACH:
        raise InputError(
            f"the book is known {known_to:.3%} from its middle; {LEAST_REACH:.1%} is needed to say anything about depth"
        )
    seen = min(math.floor(known_to / grid.width), grid.bins)
    at = np.minimum(distances / grid.width, grid.bins).astype(np.int64)
    kept = at < seen
    depth = np.bincount(at[kept], weights=notional_usd[kept], minlength=grid.bins).astype(np.float64)
    total_usd = float(depth.sum())
    if total_usd <= 0.0:
        raise InputError(f"the book holds nothing within {known_to:.3%} of its middle")
    if seen < grid.bins:
        depth[seen:] = depth_from_total(total_usd, grid, within=seen * grid.width, exponent=exponent)[seen:]
    return depth, seen


def refilled(
    now_usd: FloatArray, rest_usd: FloatArray, minutes: float, rate_per_minute: float = REFILL_PER_MINUTE.number
) -> FloatArray:
    """[bins] depth after new orders came in for some minutes: a share of the book at rest a minute, never above it.

    Args:
        now_usd: [bins] what is left.
        rest_usd: [bins] what rests there in calm.
        minutes: >= 0.
        rate_per_minute: share of the book at rest.

    Raises:
        InputError: minutes or rate are negative.
    """
    if not (minutes >= 0.0 and rate_per_minute >= 0.0):
        raise InputError(f"minutes is {minutes} and the rate {rate_per_minute}; neither may be negative")
    return np.minimum(now_usd + rate_per_minute * minutes * rest_usd, np.maximum(rest_usd, now_usd))
