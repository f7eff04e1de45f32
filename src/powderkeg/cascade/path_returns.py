"""The exogenous returns of a path: Gaussian, Student-t, or blocks of history, correlated between coins.

Gaussian paths may have the coarse shape of a low-discrepancy point: every draw of a coarse block is then shifted by
the same amount, so that the block sums to what the point says (a Brownian bridge over each block).

The text runs interpreted, compiled, and on a CUDA device.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from powderkeg.cascade.draws import BLOCKS, MASK, MIXING, STREAM_SHIFT, normal, philox, uniform
from powderkeg.cascade.path_arrays import (
    BLOCK,
    BOOTSTRAP,
    CORRECTION,
    FREEDOM,
    INDEPENDENT,
    KIND,
    MOVE,
    SPREAD,
    STEPS,
    STUDENT,
)
from powderkeg.cascade.path_step import FORCED, SIGMA

_WORD_BITS: Final = np.uint64(32)


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


def spread_over(world: Any, scratch: Any) -> None:
    """What the forced moves since the last time make other coins move, once."""
    coins = world.law.shape[0]
    for coin in range(coins):
        total = 0.0
        for other in range(coins):
            total += world.mixing[1, coin, other] * scratch.state[other, FORCED]
        scratch.moves[coin, SPREAD] = total
    for coin in range(coins):
        scratch.state[coin, FORCED] = 0.0
