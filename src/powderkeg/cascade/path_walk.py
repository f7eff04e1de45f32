"""One simulated path of coupled coins, and what is counted of it.

A step draws exogenous returns (Gaussian, Student-t with a mixing variable common to the coins, or blocks of history),
correlates them, adds what other coins' forced moves of the step before spread, and lets each coin answer (`path_step`).
Beside each coin walks the same path without feedback, on the same draws, so that differences between the two have
little noise. Counters and sums are integers: no order of adding changes them.

The text runs interpreted, compiled, and on a CUDA device.
"""

from __future__ import annotations

import math
import zlib
from functools import cache
from typing import Any, Final

import numpy as np

from powderkeg.cascade.draws import (
    CHOICES,
    MASK,
    STREAM_SHIFT,
    normal,
    normal_of_rejected,
    normal_of_word,
    philox,
    uniform,
)
from powderkeg.cascade.path_arrays import (
    ANTITHETIC,
    BINS,
    BLOCK,
    BOOTSTRAP,
    CORRECTION,
    KIND,
    LOG_BIN,
    MAPS,
    MEASURED,
    MOVE,
    MOVE_UNIT,
    SMALLEST_MOVE,
    SPREAD,
    STEPS,
    STUDENT,
    TIME_BINS,
)
from powderkeg.cascade.path_returns import (
    block_start,
    correct_blocks,
    exogenous,
    mixing_factor,
    spread_over,
    standard_normal,
)
from powderkeg.cascade.path_step import (
    BOUGHT,
    BUYING,
    FORCED,
    FREE,
    FREE_HIGH,
    FREE_LOW,
    HIGH,
    KEPT,
    LONGS,
    LOW,
    PER_LOG,
    PRICE,
    SELLING,
    SHARE,
    SHOCK,
    SHORTS,
    SIGMA,
    SOLD,
    SPENT,
    THIN,
    USD_UNIT,
    forced,
    fuel_to,
    push,
    sweep,
    trigger,
)

_WORD_BITS: Final = np.uint64(32)
_NOUGHT: Final = np.uint64(0)


def add(counts: Any, slot: Any, count: Any) -> None:
    """Add to a counter; a device puts its atomic one here."""
    counts[slot] += count


def reach(distance: Any, ladder: Any, mark: Any, moment: Any, counts: Any, first: Any) -> Any:
    """Count every level an extreme has reached, in the bin of the moment; the next level."""
    while ladder[mark] <= distance:
        add(counts, first + mark * TIME_BINS + moment, 1)
        mark += 1
    return mark


def bin_of(amount: Any, smallest: Any) -> Any:
    """The geometric bin of an amount, 0 below the smallest."""
    if amount < smallest:
        return 0
    return min(1 + int(math.log(amount / smallest) / LOG_BIN), BINS - 1)


def answer(moment: Any, one: Any, law: Any, fuel: Any, depth: Any, levels: Any, marks: Any, counts: Any) -> None:
    """What a coin's liquidations make of the step's move, and which extremes and levels that reaches.

    Args:
        moment: bin of time.
        one: [12] the coin's state.
        law: [9] its law.
        fuel: [2, B + 1] cumulative USD.
        depth: [2, B] USD per bin.
        levels: [2, L + 1] log distances.
        marks: [4] next levels.
        counts: [4·L·TIME_BINS] moments of first touch: up and down, with feedback, then without.
    """
    if one[PRICE] > one[HIGH] or -one[PRICE] > one[LOW]:
        trigger(one, law, fuel)
    if one[BUYING] + one[SELLING] > 0.0:
        forced(one, law, fuel, depth)
    one[FREE_HIGH] = max(one[FREE_HIGH], one[FREE])
    one[FREE_LOW] = max(one[FREE_LOW], -one[FREE])
    size = (levels.shape[1] - 1) * TIME_BINS
    if levels[0, marks[0]] <= one[HIGH]:
        marks[0] = reach(one[HIGH], levels[0], marks[0], moment, counts, 0)
    if levels[1, marks[1]] <= one[LOW]:
        marks[1] = reach(one[LOW], levels[1], marks[1], moment, counts, size)
    if levels[0, marks[2]] <= one[FREE_HIGH]:
        marks[2] = reach(one[FREE_HIGH], levels[0], marks[2], moment, counts, 2 * size)
    if levels[1, marks[3]] <= one[FREE_LOW]:
        marks[3] = reach(one[FREE_LOW], levels[1], marks[3], moment, counts, 3 * size)


def begin(path: Any, world: Any, scratch: Any) -> Any:
    """Set a path to its start and execute the shock; the map it walks over."""
    scratch.state[:, :] = 0.0
    scratch.marks[:, :] = 0
    scratch.moves[:, :] = 0.0
    w0, _, _, _ = philox(_NOUGHT, path & MASK, path >> _WORD_BITS, CHOICES << STREAM_SHIFT, world.key[0], world.key[1])
    drawn = int((w0 * np.uint64(world.plan[MAPS])) >> _WORD_BITS)
    for coin in range(world.law.shape[0]):
        law, one = world.law[coin], scratch.state[coin]
        one[THIN] = 1.0
        shock = law[SHOCK]
        if shock != 0.0:
            sign, side = (1.0, SHORTS) if shock > 0.0 else (-1.0, LONGS)
            cumulative, depth = world.fuel[coin, drawn, side], world.depth[coin, side]
            one[FREE] = sign * sweep(0.0, 0.0, abs(shock), 0.0, 1.0, law[PER_LOG], cumulative, depth)
            push(one, law, cumulative, depth, abs(shock), law[SHARE], sign)
            one[FORCED] = one[PRICE]
    return drawn


def slots(levels: Any) -> Any:
    """Counters of one coin: histograms, sums, and the moments its levels were first reached."""
    return MEASURED * (BINS + 1) + 4 * levels * TIME_BINS


def record(one: Any, unit: Any, counts: Any) -> None:
    """Count where a coin's path ended up; `unit` is its unit of dollars, `counts` its histograms and sums."""
    for number in range(MEASURED):
        column = (HIGH, LOW, FREE_HIGH, FREE_LOW, BOUGHT, SOLD)[number]
        scale = MOVE_UNIT if number < 4 else unit
        smallest = SMALLEST_MOVE if number < 4 else SPENT * unit
        add(counts, number * BINS + bin_of(one[column], smallest), 1)
        add(counts, MEASURED * BINS + number, int(one[column] / scale + 0.5))


def walk_one(place: Any, number: Any, world: Any, scratch: Any, counts: Any) -> None:
    """Walk a path of one coin: a tight loop while nothing happens, `answer` when an extreme moves or flow waits.

    Args:
        place: the path's row in `world.coarse`.
        number: the path's number, which is what its draws depend on.
        world: the run.
        scratch: room for one path.
        counts: [slots] counters of the row.
    """
    plan, k0, k1, ziggurat, history = world.plan, world.key[0], world.key[1], world.ziggurat, world.history
    steps, kind, antithetic = plan[STEPS], plan[KIND], plan[ANTITHETIC]
    path = np.uint64(number >> antithetic)
    low, high = path & MASK, path >> _WORD_BITS
    sign = -1.0 if number & antithetic else 1.0
    drawn = begin(path, world, scratch)
    one, law, marks = scratch.state[0], world.law[0], scratch.marks[0]
    fuel, depth, levels = world.fuel[0, drawn], world.depth[0], world.levels[0]
    touches = counts[MEASURED * (BINS + 1) :]
    answer(0, one, law, fuel, depth, levels, marks, touches)
    scale, kept, coarse = sign * law[SIGMA], law[KEPT], world.coarse.shape[2] > 0
    price, free, excess, correction = one[PRICE], one[FREE], one[THIN] - 1.0, 0.0
    top, bottom, free_top, free_bottom = one[HIGH], -one[LOW], one[FREE_HIGH], -one[FREE_LOW]
    waiting = one[BUYING] + one[SELLING] > 0.0
    near, far = _NOUGHT, _NOUGHT
    for step in range(steps):
        if kind == BOOTSTRAP:
            at = (block_start(step, path, world) + step % plan[BLOCK]) % history.shape[1]
            move = history[0, at]
        else:
            if step & 3 == 0:
                if coarse:
                    correct_blocks(step, path, place, world, scratch)
                    correction = scratch.moves[0, CORRECTION]
                w0, w1, w2, w3 = philox(np.uint64(step >> 2), low, high, _NOUGHT, k0, k1)
                near = w0 | (w1 << _WORD_BITS)
                far = w2 | (w3 << _WORD_BITS)
            drawn_normal = normal_of_word(near & MASK, ziggurat)
            if drawn_normal != drawn_normal:  # noqa: PLR0124 - NaN: the ziggurat did not accept at once
                drawn_normal = normal_of_rejected(near & MASK, np.uint64(step), path, _NOUGHT, k0, k1, ziggurat)
            near = (near >> _WORD_BITS) | (far << _WORD_BITS)
            far = far >> _WORD_BITS
            move = scale * (drawn_normal + correction)
            if kind == STUDENT:
                move *= mixing_factor(step, path, world)
        price += move
        free += move
        excess *= kept
        if price > top or price < bottom or free > free_top or free < free_bottom or waiting:
            one[PRICE], one[FREE], one[THIN] = price, free, 1.0 + excess
            answer(step * TIME_BINS // steps, one, law, fuel, depth, levels, marks, touches)
            price, excess = one[PRICE], one[THIN] - 1.0
            top, bottom, free_top, free_bottom = one[HIGH], -one[LOW], one[FREE_HIGH], -one[FREE_LOW]
            waiting = one[BUYING] + one[SELLING] > 0.0
    record(one, law[USD_UNIT], counts)


def walk_coupled(place: Any, number: Any, world: Any, scratch: Any, counts: Any) -> None:
    """Walk a path of several coins; arguments as `walk_one`, with the coins' counters one after another."""
    antithetic, coins, steps = world.plan[ANTITHETIC], world.law.shape[0], world.plan[STEPS]
    path = np.uint64(number >> antithetic)
    sign = -1.0 if number & antithetic else 1.0
    drawn = begin(path, world, scratch)
    room = slots(world.levels.shape[2] - 1)
    for step in range(-1, steps):
        if step >= 0:
            exogenous(step, path, place, sign, world, scratch)
            spread_over(world, scratch)
        for coin in range(coins):
            one, law = scratch.state[coin], world.law[coin]
            if step >= 0:
                one[PRICE] += scratch.moves[coin, MOVE] + scratch.moves[coin, SPREAD]
                one[FREE] += scratch.moves[coin, MOVE]
                one[THIN] = 1.0 + (one[THIN] - 1.0) * law[KEPT]
            touches = counts[coin * room + MEASURED * (BINS + 1) : (coin + 1) * room]
            moment = max(step, 0) * TIME_BINS // steps
            fuel, depth = world.fuel[coin, drawn], world.depth[coin]
            answer(moment, one, law, fuel, depth, world.levels[coin], scratch.marks[coin], touches)
    for coin in range(coins):
        record(scratch.state[coin], world.law[coin, USD_UNIT], counts[coin * room :])


TEXTS: Final = {
    one.__name__: one
    for one in (
        philox,
        uniform,
        normal_of_word,
        normal_of_rejected,
        normal,
        fuel_to,
        sweep,
        push,
        trigger,
        forced,
        add,
        reach,
        bin_of,
        slots,
        standard_normal,
        correct_blocks,
        mixing_factor,
        block_start,
        exogenous,
        spread_over,
        begin,
        answer,
        record,
        walk_one,
        walk_coupled,
    )
}
"""Every function a path runs through, callees first: what a target has to compile."""


@cache
def compiled_walk() -> Any:
    """Walks rows of paths, compiled without holding the interpreter's lock, cached on disk beside this file.

    The compiled function takes (first row, last row, paths of a row, path that stands first in `world.coarse`, world,
    scratch, out [R, C·slots]); row r counts paths [r·per_row, (r + 1)·per_row).
    """
    from numba import njit  # noqa: PLC0415 - half a second, only for whoever simulates
    from numba.extending import register_jitable  # noqa: PLC0415

    for one in TEXTS.values():
        register_jitable(one)
    # The cache on disk watches this file alone; a closure over what the texts of the others say makes it watch them.
    said = zlib.crc32(repr([(one.__code__.co_code, one.__code__.co_consts) for one in TEXTS.values()]).encode())

    def walk_rows(
        first: int, last: int, per_row: int, offset: int, world: Any, scratch: Any, out: Any
    ) -> None:  # fmt: skip
        if said < 0:
            return
        for row in range(first, last):
            for number in range(row * per_row, (row + 1) * per_row):
                if world.law.shape[0] == 1:
                    walk_one(number - offset, number, world, scratch, out[row])
                else:
                    walk_coupled(number - offset, number, world, scratch, out[row])

    # Without reference counts: a path allocates nothing, and counting the views it takes would cost half the time.
    jit: Any = njit
    return jit(cache=True, nogil=True, error_model="numpy", _nrt=False)(walk_rows)
