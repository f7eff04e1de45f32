"""The coarse shape of paths from low-discrepancy points.

A scrambled Sobol point per path fixes the sums of its standard normals over a few coarse blocks, the end of the path
first, then its middle, then the quarters (Brownian bridge); inside a block the path stays free. What a path does at
large is spread evenly over paths, so averages over them are surer. Every group of paths has a scramble of its own.

References: Owen, "Scrambled net variance for integrals of smooth functions", Ann. Statist. 25, 1997; Caflisch,
Morokoff, Owen, "Valuation of mortgage-backed securities using Brownian bridges", J. Comp. Finance 1, 1997.
"""

# scipy ships no types for this part.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false

from __future__ import annotations

import math
from typing import Final

import numpy as np

from powderkeg.cascade.path_arrays import FloatArray

MAX_BLOCKS: Final = 16
_OPEN: Final = 2.0**-33


def block_edges(steps: int, blocks: int) -> list[int]:
    """The steps at which coarse blocks begin, and the end; whole counters of four steps (as `path_walk` walks them)."""
    quads = (steps + 3) // 4
    return [min(4 * (block * quads // blocks), steps) for block in range(blocks + 1)]


def blocks_for(steps: int) -> int:
    """How many coarse blocks a path has: a power of two, each of at least one counter."""
    blocks = 1
    while blocks < MAX_BLOCKS and 2 * blocks <= (steps + 3) // 4:
        blocks *= 2
    return blocks


def coarse_sums(*, paths: int, coins: int, steps: int, seed: int, row: int) -> FloatArray:
    """[paths, coins, blocks] sums of standard normals over coarse blocks, for one group of paths.

    Args:
        paths: a power of two.
        coins: independent walks of a path.
        steps: of a path.
        seed: of the run.
        row: number of the group.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - late: only runs that ask for it pay
    from scipy.stats import qmc  # noqa: PLC0415 - same

    blocks = blocks_for(steps)
    source = np.random.default_rng([seed, row])
    points = qmc.Sobol(coins * blocks, scramble=True, rng=source).random(paths)
    normals: FloatArray = ndtri(np.clip(points, _OPEN, 1.0 - _OPEN)).reshape(paths, blocks, coins)
    return np.ascontiguousarray(np.diff(_bridge(normals, block_edges(steps, blocks)), axis=1).transpose(0, 2, 1))


def _bridge(normals: FloatArray, edges: list[int]) -> FloatArray:
    """[P, J + 1, C] Brownian walks at the block edges, built from the end inwards, one normal each."""
    blocks = int(normals.shape[1])
    walks = np.zeros((normals.shape[0], blocks + 1, normals.shape[2]))
    walks[:, blocks] = normals[:, 0] * math.sqrt(edges[blocks])
    used, span = 1, blocks
    while span > 1:
        for left in range(0, blocks, span):
            middle, right = left + span // 2, left + span
            before, after = edges[middle] - edges[left], edges[right] - edges[middle]
            share = before / (before + after)
            walks[:, middle] = (
                (1.0 - share) * walks[:, left]
                + share * walks[:, right]
                + math.sqrt(before * after / (before + after)) * normals[:, used]
            )
            used += 1
        span //= 2
    return walks
