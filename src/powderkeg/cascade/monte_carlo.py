"""Monte Carlo of cascades: what exogenous returns do to a price whose moves liquidate positions that move it further.

The same seed gives the same counters, bit for bit, on any number of threads and in any order: a draw depends on seed,
path, coin and step alone, and what is counted are integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from powderkeg.cascade.bridge import coarse_sums
from powderkeg.cascade.monte_carlo_inputs import Coin, Dynamics, Plan, check_coins, check_dynamics, check_plan
from powderkeg.cascade.path_arrays import FloatArray, IntArray, World
from powderkeg.cascade.path_walk import compiled_walk, slots
from powderkeg.cascade.simulation import Simulation
from powderkeg.cascade.summary import summarize
from powderkeg.cascade.world import Layout, layout_of, scratch_of, world_of

Device = Literal["cpu", "gpu"]


def simulate(
    coins: Sequence[Coin],
    *,
    plan: Plan,
    dynamics: Dynamics | None = None,
    correlation: FloatArray | None = None,
    spillover: FloatArray | None = None,
    threads: int = 1,
    device: Device = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Simulation:
    """Walk paths of coupled coins and say what happened to them, with and without forced flow.

    Args:
        coins: C coins with fuel, depth and levels.
        plan: horizon, steps, paths, seed, returns, variance reduction.
        dynamics: how forced flow meets the book; None for the defaults.
        correlation: [C, C] of exogenous returns; None for independent coins. Venues of one index have 1.
        spillover: [C, C] share of a coin's forced log move (column) that another (row) follows in the next step.
        threads: of the CPU; the answer does not depend on it.
        device: `cpu`, or `gpu` for a CUDA device.
        progress: called with groups done and groups in all.

    Returns:
        Simulation with one outcome per coin.

    Raises:
        InputError: an input out of range, or no CUDA device.

    Reference: discrete monitoring shifts barriers by 0.5826·σ·√Δt (Broadie, Glasserman, Kou 1997), feedback or not;
    the step is in the result.
    """
    chosen, behavior = tuple(coins), dynamics or Dynamics()
    check_plan(plan)
    check_dynamics(behavior)
    check_coins(chosen, plan)
    world = world_of(chosen, plan, behavior, correlation, spillover)
    layout = layout_of(plan)
    counts = count(world, plan, layout, threads=threads, device=device, progress=progress)
    return summarize(counts, chosen, plan, behavior, layout, device)


def count(
    world: World,
    plan: Plan,
    layout: Layout,
    *,
    threads: int = 1,
    device: Device = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> IntArray:
    """[rows, C·slots] counters of a run; rows are independent groups of paths.

    Args:
        world: the arrays.
        plan: of the run.
        layout: rows and paths of each.
        threads: rows walked at once.
        device: as `simulate`.
        progress: as `simulate`.

    Raises:
        InputError: no CUDA device.
    """
    coins = world.law.shape[0]
    counts: IntArray = np.zeros((layout.rows, coins * slots(world.levels.shape[2] - 1)), dtype=np.int64)
    if device == "gpu":
        from powderkeg.cascade.cuda_walk import walk_on_gpu  # noqa: PLC0415 - an extra

        walk = walk_on_gpu()
    else:
        walk = _walk_on_cpu

    def one_row(row: int) -> None:
        held = world
        if plan.variance == "sobol":
            coarse = coarse_sums(paths=layout.per_row, coins=coins, steps=plan.steps, seed=plan.seed, row=row)
            held = world._replace(coarse=coarse)
        walk(row, layout.per_row, held, counts)

    if device == "gpu" or threads <= 1:
        for row in range(layout.rows):
            one_row(row)
            _tell(progress, row + 1, layout.rows)
        return counts
    compiled_walk()  # by one thread, before many ask for it
    with ThreadPoolExecutor(threads) as pool:
        for done, _ in enumerate(pool.map(one_row, range(layout.rows)), start=1):
            _tell(progress, done, layout.rows)
    return counts


def _walk_on_cpu(row: int, per_row: int, world: World, counts: IntArray) -> None:
    compiled_walk()(row, row + 1, per_row, row * per_row, world, scratch_of(world.law.shape[0]), counts)


def _tell(progress: Callable[[int, int], None] | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
