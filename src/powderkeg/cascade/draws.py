"""Random numbers that depend on where they are used and on nothing else: a counter goes in, a draw comes out.

A draw is a function of (seed, path, coin, step), so a path is the same whichever thread, chunk, task or device walks
it. Words are Philox 4x32 with ten rounds; normals are a ziggurat of 256 layers on 32-bit words, whose rare rejections
take words from counters of their own. Everything here is scalar arithmetic on 64-bit unsigned integers that never
overflows, so that the same text runs interpreted, compiled, and on a CUDA device.

References: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Marsaglia and Tsang,
"The ziggurat method for generating random variables", J. Stat. Software 5(8), 2000; Doornik, "An improved ziggurat
method to generate normal random samples", 2005 (the layer and the value must not share bits, and here do not).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MASK: Final = np.uint64(0xFFFFFFFF)
_HALF_WORD: Final = np.uint64(32)
_MULTIPLIER_0: Final = np.uint64(0xD2511F53)
_MULTIPLIER_1: Final = np.uint64(0xCD9E8D57)
_WEYL_0: Final = np.uint64(0x9E3779B9)
_WEYL_1: Final = np.uint64(0xBB67AE85)

LAYERS: Final = 256
TAIL_STARTS: Final = 3.6541528853610088
"""r of the ziggurat with 256 layers of equal area (Marsaglia and Tsang 2000, table 1)."""

_LAYER_BITS: Final = np.uint64(0xFF)
_LAYER_WIDTH: Final = np.uint64(8)
_SIGN_BIT: Final = np.uint64(0x80000000)
_MAGNITUDE: Final = np.uint64(0x7FFFFF)
_MAGNITUDE_UNIT: Final = 2.0**-23
_WORD_UNIT: Final = 2.0**-32

NORMALS: Final = np.uint64(0)
MIXING: Final = np.uint64(1)
BLOCKS: Final = np.uint64(2)
RETRIES: Final = np.uint64(3)
CHOICES: Final = np.uint64(4)
"""Streams: the fourth word of a counter holds one of them and the coin, so that no two purposes share a draw."""

STREAM_SHIFT: Final = np.uint64(24)
ONE: Final = np.uint64(1)


def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Four 32-bit words of a counter of four 32-bit words and a key of two, each in a uint64."""
    for _ in range(10):
        left = _MULTIPLIER_0 * c0
        right = _MULTIPLIER_1 * c2
        c0 = (right >> _HALF_WORD) ^ c1 ^ k0
        c1 = right & MASK
        c2 = (left >> _HALF_WORD) ^ c3 ^ k1
        c3 = left & MASK
        k0 = (k0 + _WEYL_0) & MASK
        k1 = (k1 + _WEYL_1) & MASK
    return c0, c1, c2, c3


def uniform(word: Any) -> Any:
    """A uniform in (0, 1) of a 32-bit word, never an end."""
    return (float(word) + 0.5) * _WORD_UNIT


def normal_of_word(word: Any, ziggurat: Any) -> Any:
    """The standard normal of a 32-bit word where the ziggurat accepts at once (98.8 %); else NaN."""
    layer = word & _LAYER_BITS
    width = ziggurat[0, layer]
    magnitude = (float((word >> _LAYER_WIDTH) & _MAGNITUDE) + 0.5) * _MAGNITUDE_UNIT * width
    if magnitude >= ziggurat[0, layer + ONE]:
        return math.nan
    return -magnitude if word & _SIGN_BIT else magnitude


def normal_of_rejected(word: Any, step: Any, path: Any, coin: Any, k0: Any, k1: Any, ziggurat: Any) -> Any:
    """The standard normal of a word that was not accepted at once: its wedge, the tail, or further words.

    Args:
        word: the 32-bit word.
        step: number of the step; the retries have a stream and numbers of their own.
        path: number of the path, below 2^48.
        coin: number of the coin, below 2^24.
        k0: low key word.
        k1: high key word.
        ziggurat: [2, 257] edges and densities of the layers.
    """
    # The path's high word is far from full: its upper half numbers the tries.
    tries = np.uint64(0)
    while True:
        w0, w1, w2, _ = philox(
            step, path & MASK, (path >> _HALF_WORD) | (tries << np.uint64(16)), coin | (RETRIES << STREAM_SHIFT), k0, k1
        )
        layer = word & _LAYER_BITS
        magnitude = (float((word >> _LAYER_WIDTH) & _MAGNITUDE) + 0.5) * _MAGNITUDE_UNIT * ziggurat[0, layer]
        accepted = magnitude < ziggurat[0, layer + ONE]
        if not accepted and layer == np.uint64(0):
            beyond = -math.log(uniform(w0)) / TAIL_STARTS
            if -2.0 * math.log(uniform(w1)) <= beyond * beyond:
                # Once in the tail a draw stays there: only its distance is tried again.
                tries += ONE
                continue
            magnitude = TAIL_STARTS + beyond
            accepted = True
        elif not accepted:
            low_density, high_density = ziggurat[1, layer], ziggurat[1, layer + ONE]
            height = low_density + uniform(w0) * (high_density - low_density)
            accepted = height < math.exp(-0.5 * magnitude * magnitude)
        if accepted:
            return -magnitude if word & _SIGN_BIT else magnitude
        word = w2
        tries += ONE


def normal(word: Any, step: Any, path: Any, coin: Any, k0: Any, k1: Any, ziggurat: Any) -> Any:
    """The standard normal of a 32-bit word."""
    fast = normal_of_word(word, ziggurat)
    if fast == fast:  # noqa: PLR0124 - the test for NaN that every target compiles to one instruction
        return fast
    return normal_of_rejected(word, step, path, coin, k0, k1, ziggurat)


def ziggurat_tables() -> NDArray[np.float64]:
    """[2, 257] right edges of the layers, widest first, and the density exp(−x²/2) there.

    Layer 0 is the base: a rectangle of the area of every layer, of which the part beyond r stands for the tail.
    """
    edges = np.zeros(LAYERS + 1)
    edges[1] = TAIL_STARTS
    tail = math.sqrt(math.pi / 2.0) * math.erfc(TAIL_STARTS / math.sqrt(2.0))
    area = TAIL_STARTS * math.exp(-0.5 * TAIL_STARTS**2) + tail
    edges[0] = area / math.exp(-0.5 * TAIL_STARTS**2)
    for layer in range(2, LAYERS):
        density = area / edges[layer - 1] + math.exp(-0.5 * edges[layer - 1] ** 2)
        edges[layer] = math.sqrt(-2.0 * math.log(density))
    return np.stack([edges, np.exp(-0.5 * edges**2)])


def key_of(seed: int) -> tuple[np.uint64, np.uint64]:
    """The two key words of a seed of up to 64 bits."""
    return np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32 & 0xFFFFFFFF)
