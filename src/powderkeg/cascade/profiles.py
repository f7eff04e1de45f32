"""What goes into a ladder, checked: fuel and depth per bin of log price, in one direction from a price."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError

FloatArray = NDArray[np.float64]

BIN: Final = 1e-4
"""One basis point of log price."""

FARTHEST: Final = 5.0
"""Log distance a grid may reach: beyond a factor of 148 nothing about an order book is meant."""

DIRECTIONS: Final = {"short": 1.0, "long": -1.0}
"""Which way price goes when positions of a side are liquidated: buying back shorts lifts it."""


class Grid(NamedTuple):
    """Bins in one direction from a price: bin k covers log distances [k, k + 1)·width, in `direction`."""

    price: float
    width: float
    direction: float
    bins: int

    def price_at(self, bins: float) -> float:
        """The price so many bins away."""
        return self.price * math.exp(self.direction * bins * self.width)

    def bins_to(self, price: float) -> float:
        """How many bins away a price is; negative behind the start."""
        return self.direction * math.log(price / self.price) / self.width

    @property
    def distances(self) -> FloatArray:
        """[bins + 1] log distance of the edges, from 0."""
        return self.width * np.arange(self.bins + 1, dtype=np.float64)


def grid_of(price: float, bin_bps: float, bins: int, position_side: str) -> Grid:
    """A grid of bins.

    Args:
        price: where it starts, quote per base, > 0.
        bin_bps: width of a bin in log price, basis points, > 0.
        bins: how many, at least one.
        position_side: `short` goes up, `long` down.

    Raises:
        InputError: a number out of range or an unknown side.
    """
    if position_side not in DIRECTIONS:
        raise InputError(f"side is {position_side!r}; it is 'short' (price goes up) or 'long' (price goes down)")
    if not (math.isfinite(price) and price > 0.0):
        raise InputError(f"price is {price}; it must be positive and finite")
    if not (math.isfinite(bin_bps) and bin_bps > 0.0):
        raise InputError(f"bin_bps is {bin_bps}; it must be positive and finite")
    if bins < 1:
        raise InputError("a ladder needs at least one bin")
    if bins * bin_bps * BIN > FARTHEST:
        raise InputError(f"{bins} bins of {bin_bps:g} bps reach farther than a log distance of {FARTHEST:g}")
    return Grid(float(price), bin_bps * BIN, DIRECTIONS[position_side], bins)


def checked_bins(name: str, given: Any) -> FloatArray:
    """Dollars per bin as a contiguous array of floats.

    Raises:
        InputError: not one-dimensional, negative, not finite, or not numbers.
    """
    try:
        array = np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} is not a row of numbers; give USD per bin") from None
    if array.ndim != 1:
        raise InputError(f"{name} has shape {array.shape}; give one number of USD per bin")
    wrong = ~(np.isfinite(array) & (array >= 0.0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"{name}[{at}] is {array[at]}; USD per bin must be finite and not negative")
    return array


def checked_pair(fuel: Any, depth: Any) -> tuple[FloatArray, FloatArray]:
    """Fuel and depth of the same bins.

    Raises:
        InputError: either cannot be used, or they differ in length.
    """
    checked_fuel, checked_depth = checked_bins("fuel", fuel), checked_bins("depth", depth)
    if len(checked_fuel) != len(checked_depth):
        raise InputError(
            f"fuel has {len(checked_fuel)} bins and depth {len(checked_depth)}; they must be the same bins"
        )
    return checked_fuel, checked_depth


def checked_share(market_share: float) -> float:
    """The share of a liquidation that reaches the book.

    Raises:
        InputError: not a share.
    """
    if not 0.0 <= market_share <= 1.0:
        raise InputError(f"market_share is {market_share}; it is a share and lies in [0, 1]")
    return float(market_share)


def checked_usd(name: str, usd: float) -> float:
    """Dollars, not negative.

    Raises:
        InputError: negative or not finite.
    """
    if not (math.isfinite(usd) and usd >= 0.0):
        raise InputError(f"{name} is {usd}; it must be finite and not negative")
    return float(usd)
