"""One simulated path of coupled coins, and what is counted of it.

A step draws exogenous returns (Gaussian, Student-t with a mixing variable common to the coins, or blocks of history),
correlates them, adds what other coins' forced moves of the step before spread, and lets each coin answer (`path_step`).
Beside each coin walks the same path without feedback, on the same draws, so that differences between the two have
little noise. Counters and sums are integers: no order of adding changes them.

The text runs interpreted, compiled, and on a CUDA device.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.draws import (
    BLOCKS,
    CHOICES,
    MASK,
    MIXING,
    STREAM_SHIFT,
    normal,
    normal_of_rejected,
    normal_of_word,
    philox,
    uniform,
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
    PRICE,
    SELLING,
    SHARE,
    SHOCK,
    SHORTS,
    SIGMA,
    SOLD,
    THIN,
    USD_UNIT,
    PER_LOG,
    forced,
    fuel_to,
    push,
    sweep,
    trigger,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint64]

STEPS, KIND, BLOCK, FREEDOM, ANTITHETIC, MAPS, PLAN_COLUMNS = range(7)
GAUSSIAN, STUDENT, BOOTSTRAP = 0, 1, 2

BINS: Final = 2048
LOG_BIN: Final = 0.0075
SMALLEST_MOVE: Final = 1e-6
"""Histograms are geometric: bin 0 holds what is below the smallest, bin i the i-th step of 0.75 %; they span 4.6e6."""

MEASURED: Final = 6
"""Histograms and sums of a coin: high, low, high and low without feedback, shorts and longs liquidated."""

TIME_BINS: Final = 128
MOVE_UNIT: Final = 2.0**-32
"""Sums of log moves are kept in this unit; of dollars, in the coin's own."""

INDEPENDENT, CORRECTION, MOVE, SPREAD = 0, 1, 2, 3
"""Columns of the moves."""

_WORD_BITS: Final = np.uint64(32)
_NOUGHT: Final = np.uint64(0)


class World(NamedTuple):
    """What every path of a run shares. C coins, M maps, B bins, L levels, N returns, P paths at hand, J coarse blocks.

    Attributes:
        key: [2] key words.
        plan: [6] steps, kind of returns, block length, degrees of freedom, antithetic, maps.
        law: [C, 9] per coin.
        mixing: [2, C, C] Cholesky factor of the correlation; what a forced move of one coin moves another.
        fuel: [C, M, 2, B + 1] cumulative USD at bin edges, outwards.
        depth: [C, 2, B] USD per bin, outwards.
        levels: [C, 2, L + 1] log distances, ascending, ended by infinity.
        history: [C, N] log returns per step.
        coarse: [P, C, J] sums of the standard normals of each coarse block; J = 0 leaves them free.
        ziggurat: [2, 257] tables of `draws`.
    """

    key: WordArray
    plan: IntArray
    law: FloatArray
    mixing: FloatArray
    fuel: FloatArray
    depth: FloatArray
    levels: FloatArray
    history: FloatArray
    coarse: FloatArray
    ziggurat: FloatArray


class Scratch(NamedTuple):
    """What one path needs while it is walked.

    Attributes:
        state: [C, 12] see the columns.
        moves: [C, 4] independent draw, correction of the coarse block, move of the step, what spread from others.
        words: [C, 2] words of the next draws.
        marks: [C, 4] next level upwards and downwards, with feedback and without.
    """

    state: FloatArray
    moves: FloatArray
    words: WordArray
    marks: IntArray


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


def standard_normal(step: Any, coin: Any, path: Any, world: Any, words: Any) -> Any:
    """The coin's standard normal of a step; four steps share the words of one counter.

    Args:
        step: number of the step.
        coin: number of the coin.
        path: number of the path, a uint64.
        world: the run.
        words: [2] kept between the steps of one counter.
    """
    where, low, high = np.uint64(step >> 2), path & MASK, path >> _WORD_BITS
    k0, k1 = world.key[0], world.key[1]
    if step & 3 == 0:
        w0, w1, w2, w3 = philox(where, low, high, np.uint64(coin), k0, k1)
        words[0] = w0 | (w1 << _WORD_BITS)
        words[1] = w2 | (w3 << _WORD_BITS)
    word = words[0] & MASK
    words[0] = (words[0] >> _WORD_BITS) | ((words[1] & MASK) << _WORD_BITS)
    words[1] = words[1] >> _WORD_BITS
    # A rejected word tries again with counters that name the step, not the four.
    return normal(word, np.uint64(step), path, np.uint64(coin), k0, k1, world.ziggurat)


def correct_blocks(step: Any, path: Any, place: Any, world: Any, scratch: Any) -> None:
    """At the start of a coarse block: what each of its draws must change by for the block to sum to what is wanted."""
    blocks = world.coarse.shape[2]
    quads = (world.plan[STEPS] + 3) // 4
    block = 0
    while block < blocks and 4 * (block * quads // blocks) != step:
        block += 1
    if block == blocks:
        return
    end = min(4 * ((block + 1) * quads // blocks), world.plan[STEPS])
    for coin in range(world.law.shape[0]):
        total = 0.0
        for later in range(step, end):
            total += standard_normal(later, coin, path, world, scratch.words[coin])
        scratch.moves[coin, CORRECTION] = (world.coarse[place, coin, block] - total) / (end - step)


def mixing_factor(step: Any, path: Any, world: Any) -> Any:
    """What turns a normal into a Student-t of unit variance: √((ν − 2)/χ²ν), ν even, χ²ν = −2·ln of ν/2 uniforms."""
    freedom = world.plan[FREEDOM]
    w0, w1, w2, w3 = philox(
        np.uint64(step), path & MASK, path >> _WORD_BITS, MIXING << STREAM_SHIFT, world.key[0], world.key[1]
    )
    product = uniform(w0) * uniform(w1)
    if freedom >= 6:
        product *= uniform(w2)
    if freedom >= 8:
        product *= uniform(w3)
    return math.sqrt((freedom - 2.0) / (-2.0 * math.log(product)))


def block_start(step: Any, path: Any, world: Any) -> Any:
    """Where in history the block of a step begins."""
    number = np.uint64(step // world.plan[BLOCK])
    w0, _, _, _ = philox(number, path & MASK, path >> _WORD_BITS, BLOCKS << STREAM_SHIFT, world.key[0], world.key[1])
    return int((w0 * np.uint64(world.history.shape[1])) >> _WORD_BITS)


def exogenous(step: Any, path: Any, place: Any, sign: Any, world: Any, scratch: Any) -> None:
    """The moves of a step that have nothing to do with liquidations, and what spread from those of the step before."""
    coins, kind, moves = world.law.shape[0], world.plan[KIND], scratch.moves
    if kind == BOOTSTRAP:
        at = (block_start(step, path, world) + step % world.plan[BLOCK]) % world.history.shape[1]
        for coin in range(coins):
            moves[coin, MOVE] = world.history[coin, at]
    else:
        if world.coarse.shape[2] > 0 and step & 3 == 0:
            correct_blocks(step, path, place, world, scratch)
        scale = sign * mixing_factor(step, path, world) if kind == STUDENT else sign
        for coin in range(coins):
            drawn = standard_normal(step, coin, path, world, scratch.words[coin])
            moves[coin, INDEPENDENT] = scale * (drawn + moves[coin, CORRECTION])
        for coin in range(coins):
            total = 0.0
            for other in range(coin + 1):
                total += world.mixing[0, coin, other] * moves[other, INDEPENDENT]
            moves[coin, MOVE] = world.law[coin, SIGMA] * total
    if coins > 1:
        for coin in range(coins):
            spread = 0.0
            for other in range(coins):
                spread += world.mixing[1, coin, other] * scratch.state[other, FORCED]
            moves[coin, SPREAD] = spread


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
    one[FORCED] = 0.0
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
    return drawn


def slots(levels: Any) -> Any:
    """Counters of one coin: histograms, sums, and the moments its levels were first reached."""
    return MEASURED * (BINS + 1) + 4 * levels * TIME_BINS


def record(one: Any, unit: Any, counts: Any) -> None:
    """Count where a coin's path ended up; `unit` is its unit of dollars, `counts` its histograms and sums."""
    for number in range(MEASURED):
        column = (HIGH, LOW, FREE_HIGH, FREE_LOW, BOUGHT, SOLD)[number]
        scale = MOVE_UNIT if number < 4 else unit
        smallest = SMALLEST_MOVE if number < 4 else unit
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


def walk_rows(first: int, last: int, per_row: int, offset: int, world: Any, scratch: Any, out: Any) -> None:
    """Walk the paths of rows [first, last); row r holds paths [r·per_row, (r + 1)·per_row).

    Args:
        first: first row of `out`.
        last: one beyond the last.
        per_row: paths of a row.
        offset: the path that stands first in `world.coarse`.
        world: the run.
        scratch: room for one path.
        out: [R, C·slots] counters.
    """
    coins = world.law.shape[0]
    for row in range(first, last):
        for number in range(row * per_row, (row + 1) * per_row):
            if coins == 1:
                walk_one(number - offset, number, world, scratch, out[row])
            else:
                walk_coupled(number - offset, number, world, scratch, out[row])


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
    """`walk_rows` compiled without holding the interpreter's lock, cached on disk beside this file."""
    from numba import njit  # noqa: PLC0415 - half a second, only for whoever simulates
    from numba.extending import register_jitable  # noqa: PLC0415

    for one in TEXTS.values():
        register_jitable(one)
    # Without reference counts: a path allocates nothing, and counting the views it takes would cost half the time.
    return njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(walk_rows)
