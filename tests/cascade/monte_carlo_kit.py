"""Small markets and a slow, obvious twin for the Monte Carlo."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np

from powderkeg.cascade import path_arrays, path_returns, path_walk
from powderkeg.cascade.draws import key_of, ziggurat_tables
from powderkeg.cascade.monte_carlo_inputs import Coin, Dynamics, Plan

STILL = Dynamics(latency_s=0.0, stress=0.0)
"""Depth that neither flees nor refills, execution within the step: the ladder's world."""


def coin(**changes):
    """BTC at 100,000 with constant fuel and depth, R = 0.5, 30 % of log price each way."""
    bins = changes.pop("bins", 300)
    depth = changes.pop("depth", 24e6)
    ratio = changes.pop("ratio", 0.5)
    held = {
        "coin": "BTC",
        "price": 1e5,
        "daily_sigma": 0.03,
        "fuel_usd": np.full((1, 2, bins), depth * ratio),
        "depth_usd": np.full((2, bins), depth),
        "bin_bps": 10.0,
        "levels": (1.03e5, 0.97e5),
    }
    return Coin(**{**held, **changes})


def plan(**changes):
    """A day in steps of ten minutes."""
    return Plan(**{"horizon_s": 86_400.0, "step_s": 600.0, "paths": 4_000, "seed": 5, **changes})


def monitored_touch(price, level, daily_sigma, days, steps):
    """P(touch) of a driftless Brownian log price looked at `steps` times (Broadie, Glasserman, Kou 1997)."""
    width = daily_sigma * math.sqrt(days)
    distance = abs(math.log(level / price)) + 0.5826 * width / math.sqrt(steps)
    return 2.0 * NormalDist().cdf(-distance / width)


@cache
def _filler():
    from numba import njit

    path_walk.compiled_walk()

    @njit
    def fill(world, words, out):
        for path in range(out.shape[0]):
            for step in range(out.shape[1]):
                out[path, step] = path_returns.standard_normal(step, 0, np.uint64(path), world, words)

    return fill


def drawn_normals(seed, paths, steps):
    """[paths, steps] the standard normals a run of one coin draws."""
    blank = np.zeros((1, 1, 2, 2))
    world = path_arrays.World(
        key=np.array(key_of(seed), dtype=np.uint64),
        plan=np.zeros(6, dtype=np.int64),
        law=np.zeros((1, 9)),
        mixing=np.zeros((2, 1, 1)),
        fuel=blank,
        depth=blank[0],
        levels=blank[0],
        history=blank[0, 0],
        coarse=blank[0],
        ziggurat=ziggurat_tables(),
    )
    out = np.empty((paths, steps))
    _filler()(world, np.zeros(2, dtype=np.uint64), out)
    return out
