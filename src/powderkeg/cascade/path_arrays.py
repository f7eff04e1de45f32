"""The arrays a path is walked with, and the names of their columns."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
