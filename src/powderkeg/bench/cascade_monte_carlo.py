"""Monte Carlo: path-steps a second with map and depth, against a bare loop of the same machine in the same run.

The bare loop is what one writes first: numba's standard normal, a price, its running extremes. It liquidates nothing,
watches no level, and its paths depend on the number of threads.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from powderkeg.bench.base import Measure
from powderkeg.cascade.monte_carlo import simulate
from powderkeg.cascade.monte_carlo_inputs import Coin, Plan, Variance

PATHS: Final = 16_000
STEPS: Final = 2_880
BARE_PATHS: Final = 40_000
TURNS: Final = 10
MANY: Final = 1_000_000
MANY_STEPS: Final = 96
BINS: Final = 500
DEPTH_USD: Final = 12e6
CLAIM: Final = 150.0
HORIZON_S: Final = 172_800.0


def run() -> list[Measure]:
    """Speed with everything on, the bare loop, kinds of returns, variance reduction, and memory."""
    threads = len(os.sched_getaffinity(0))
    coin, plan = _coin(), Plan(horizon_s=HORIZON_S, paths=PATHS, seed=1)
    simulate([coin], plan=Plan(horizon_s=HORIZON_S, paths=64), threads=1)
    _bare(8)
    # In turns, so that both meet the same neighbors on a shared machine; processor time hardly depends on them.
    turns = [(_speed(lambda: _bare_on(threads), BARE_PATHS * STEPS, threads),
              _speed(lambda: simulate([coin], plan=plan, threads=threads), PATHS * STEPS, threads))
             for _ in range(TURNS)]  # fmt: skip
    bare, ours = (max(turn[n].wall for turn in turns) for n in range(2))
    bare_busy, ours_busy = (max(turn[n].busy for turn in turns) for n in range(2))
    setting = f"{PATHS:,} paths x {STEPS:,} steps, {threads} threads, 4 maps of 500 bins, depth with stress and refill"
    return [
        Measure(name="with map and depth", figure=ours, unit="M path-steps/s", claim=f">= {CLAIM:.0f}",
                holds=ours >= CLAIM, note=f"{setting}; {ours_busy:.0f} by processor time"),
        Measure(name="bare loop", figure=bare, unit="M path-steps/s",
                note=f"numba standard_normal, price, extremes; {bare_busy:.0f} by processor time"),
        Measure(name="share of the bare loop", figure=ours_busy / bare_busy, unit="x", note="by processor time"),
        *_kinds(threads),
        *_gains(threads),
        *_memory(threads),
    ]  # fmt: skip


class _Speed(NamedTuple):
    """Million steps a second: of the wall clock, and of processor time times threads."""

    wall: float
    busy: float


def _speed(work: Callable[[], object], steps: int, threads: int) -> _Speed:
    start, used = time.perf_counter(), time.process_time()
    work()
    wall, busy = time.perf_counter() - start, time.process_time() - used
    return _Speed(steps / wall / 1e6, steps * threads / busy / 1e6)


def _kinds(threads: int) -> list[Measure]:
    history = np.random.default_rng(3).normal(0.0, 8e-4, 50_000)
    found: list[Measure] = []
    plain = Plan(horizon_s=HORIZON_S, paths=PATHS // 2, seed=1)
    student, bootstrap = (msgspec.structs.replace(plain, returns=kind) for kind in ("student", "bootstrap"))
    sobol = msgspec.structs.replace(plain, variance="sobol")
    for name, coins, plan in (
        ("Student-t returns", [_coin()], student),
        ("bootstrapped returns", [_coin(returns=history)], bootstrap),
        ("three coupled coins", [_coin() for _ in range(3)], plain),
        ("Sobol bridge", [_coin()], sobol),
    ):
        correlation = np.full((len(coins), len(coins)), 0.8) + 0.2 * np.eye(len(coins))

        def work(coins: list[Coin] = coins, plan: Plan = plan, correlation: Any = correlation) -> object:
            return simulate(coins, plan=plan, correlation=correlation, threads=threads)

        speed = max(_speed(work, plan.paths * STEPS * len(coins), threads).busy for _ in range(3))
        found.append(
            Measure(
                name=name,
                figure=speed,
                unit="M path-steps/s",
                note="by processor time" + ("; steps of each coin count" if len(coins) > 1 else ""),
            )
        )
    return found


def _gains(threads: int) -> list[Measure]:
    """How many times fewer paths give the same standard error of P(touch) of a level 3 % away."""
    errors: dict[str, float] = {}
    ways: tuple[Variance, ...] = ("none", "antithetic", "sobol")
    for variance in ways:
        plan = Plan(horizon_s=HORIZON_S, step_s=600.0, paths=1 << 17, seed=2, variance=variance)
        touch = simulate([_coin()], plan=plan, threads=threads).coins[0].touches[0]
        errors[variance] = touch.probability.standard_error
    return [
        Measure(name=f"variance gain, {name}", figure=(errors["none"] / errors[name]) ** 2, unit="x",
                note="of P(touch 3 % up in 48 h), with feedback; wanders by a quarter between seeds")
        for name in ("antithetic", "sobol")
    ]  # fmt: skip


def _memory(threads: int) -> list[Measure]:
    """Growth of the process's peak over a run of a million paths, after one of a hundredth of that."""
    short = Plan(horizon_s=MANY_STEPS * 60.0, paths=MANY // 100, seed=1)
    long = Plan(horizon_s=MANY_STEPS * 60.0, paths=MANY, seed=1)
    simulate([_coin()], plan=short, threads=threads)
    before = _peak_mib()
    start = time.perf_counter()
    simulate([_coin()], plan=long, threads=threads)
    took = time.perf_counter() - start
    grown = _peak_mib() - before
    return [
        Measure(name="memory of a million paths", figure=grown, unit="MiB more", claim="< 16", holds=grown < 16.0,
                note=f"than ten thousand paths take; {MANY_STEPS} steps, {took:.1f} s"),
    ]  # fmt: skip


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0)


def _coin(**changes: Any) -> Coin:
    rng = np.random.default_rng(7)
    held: dict[str, Any] = {
        "coin": "BTC",
        "price": 1e5,
        "daily_sigma": 0.03,
        "fuel_usd": rng.gamma(0.8, 0.4 * DEPTH_USD, (4, 2, BINS)),
        "depth_usd": np.full((2, BINS), DEPTH_USD),
        "bin_bps": 5.0,
        "levels": (1.03e5, 0.97e5),
    }
    return Coin(**{**held, **changes})


def _bare_on(threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(_bare, [BARE_PATHS // threads] * threads))


def _bare(paths: int) -> float:
    return _bare_loop()(paths, STEPS)


@cache
def _bare_loop() -> Any:
    import numba  # pyright: ignore[reportMissingTypeStubs] - untyped

    jit: Any = numba.njit(nogil=True, cache=True)
    return jit(_bare_text)


def _bare_text(paths: int, steps: int) -> float:
    kept = 0.0
    for _ in range(paths):
        price = high = low = 0.0
        for _ in range(steps):
            price += 8e-4 * np.random.standard_normal()  # noqa: NPY002 - compiled: numba's own generator
            high = max(high, price)
            low = min(low, price)
        kept += high - low
    return kept
