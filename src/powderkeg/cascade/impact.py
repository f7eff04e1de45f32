"""How far volume moves price: three models, each also readable as a book that would give it.

A model says which log distance X a volume V goes, and its inverse says which volume is absorbed up to a distance. The
differences of the inverse over bins are a depth profile, so every model goes through the same ladder: the fixed point
X = impact(S + φ·F(X)).

- sweep: the book as it stands, or one that is even up to a known depth: X = u1·V/D.
- power: log X = a + γ·log(V/D), nearly linear, for one sweep of the book.
- square root: X = Y·σ·√(Q/V), for flow that is spread over time (arXiv:1412.4503, arXiv:2502.16246, read 2026-11).
"""

from __future__ import annotations

import math
from typing import Protocol

import msgspec
import numpy as np

from powderkeg.cascade.profiles import FloatArray, Grid
from powderkeg.cascade.quoted import POWER_EXPONENT, SQUARE_ROOT_PREFACTOR
from powderkeg.domain.errors import InputError


class Impact(Protocol):
    """A model of impact."""

    def distance(self, volume_usd: FloatArray) -> FloatArray:
        """Log distance that so much volume goes."""
        ...

    def absorbed_usd(self, distance: FloatArray) -> FloatArray:
        """Volume it takes to go so far in log price: the inverse of `distance`."""
        ...


class _AllPositive(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that no book or market can have are refused.

    Raises:
        InputError: one is not positive and finite.
    """

    def __post_init__(self) -> None:
        for name, number in msgspec.structs.asdict(self).items():
            if not (math.isfinite(number) and number > 0.0):
                raise InputError(f"{name} is {number}; it must be positive and finite")


class PowerImpact(_AllPositive, frozen=True, kw_only=True):
    """log X = a + γ·log(V/D); with γ = 1 the linear sweep of an even book.

    Attributes:
        depth_usd: D, resting notional of one side up to `depth_distance`, > 0.
        depth_distance: log distance D was counted to, > 0: sweeping all of it goes as far, so a = log of it.
        exponent: γ > 0.
    """

    depth_usd: float
    depth_distance: float
    exponent: float = POWER_EXPONENT.number

    def distance(self, volume_usd: FloatArray) -> FloatArray:
        """Log distance that so much volume goes."""
        return self.depth_distance * (volume_usd / self.depth_usd) ** self.exponent

    def absorbed_usd(self, distance: FloatArray) -> FloatArray:
        """Volume it takes to go so far."""
        return self.depth_usd * (distance / self.depth_distance) ** (1.0 / self.exponent)


class SquareRootImpact(_AllPositive, frozen=True, kw_only=True):
    """X = Y·σ·√(Q/V).

    Attributes:
        daily_volume_usd: V, traded in a day, > 0.
        daily_sigma: σ, standard deviation of daily log returns, > 0.
        prefactor: Y > 0.
    """

    daily_volume_usd: float
    daily_sigma: float
    prefactor: float = SQUARE_ROOT_PREFACTOR.number

    def distance(self, volume_usd: FloatArray) -> FloatArray:
        """Log distance that so much volume goes."""
        return self.prefactor * self.daily_sigma * np.sqrt(volume_usd / self.daily_volume_usd)

    def absorbed_usd(self, distance: FloatArray) -> FloatArray:
        """Volume it takes to go so far."""
        return self.daily_volume_usd * (distance / (self.prefactor * self.daily_sigma)) ** 2


def depth_of(impact: Impact, grid: Grid) -> FloatArray:
    """[bins] USD per bin of the book that has this impact."""
    return np.diff(impact.absorbed_usd(grid.distances))
