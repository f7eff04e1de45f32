"""The same paths on a CUDA device: the same text, compiled for it, one thread a path.

Imported only by whoever asks for a device.

Draws are functions of seed, path, coin and step, and counters are integers added atomically, so a device counts the
same paths as the CPU; what may differ are the last bits of `log` and `exp`, which decide a draw in the ziggurat's
rejections once in a great while.
"""

# numba ships no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, Final

import numpy as np
from numba import cuda as _cuda

from powderkeg.cascade.path_arrays import IntArray, Scratch, World
from powderkeg.cascade.path_walk import TEXTS
from powderkeg.cascade.world import scratch_of
from powderkeg.domain.errors import InputError

THREADS: Final = 128
"""Threads of a block: paths do not talk to each other, so any multiple of a warp does."""

cuda: Any = _cuda
Walk = Callable[[int, int, World, IntArray], None]


def walk_on_gpu() -> Walk:
    """What walks one row of paths on the device.

    Raises:
        InputError: numba's CUDA target or a device is missing.
    """
    try:
        is_there = bool(cuda.is_available())
    except Exception as error:  # noqa: BLE001 - drivers fail in ways of their own; each means there is no device
        raise InputError(f"no CUDA device can be used ({error}); use --device cpu") from None
    if not is_there:
        raise InputError(
            "no CUDA device was found: install the extra (pip install 'powderkeg[gpu]') on a machine with one, "
            "or use --device cpu"
        )
    return _walk_row


def _walk_row(row: int, per_row: int, world: World, counts: IntArray) -> None:
    coins = world.law.shape[0]
    own = counts[row : row + 1]
    on_device = [cuda.to_device(np.ascontiguousarray(held)) for held in world]
    room = [cuda.to_device(np.repeat(held[None], per_row, axis=0)) for held in scratch_of(coins)]
    counted = cuda.to_device(own)
    blocks = -(-per_row // THREADS)
    _kernel()[blocks, min(THREADS, per_row)](row * per_row, per_row, *on_device, *room, counted)
    own[:] = counted.copy_to_host()


def _add(counts: Any, slot: Any, count: Any) -> None:
    cuda.atomic.add(counts, slot, count)


@cache
def _kernel() -> Any:
    """The kernel; every function of a path is compiled for the device first, callees before callers."""
    compiled: dict[str, Any] = {}
    for name, text in TEXTS.items():
        one = _add if name == "add" else FunctionType(text.__code__, {**text.__globals__, **compiled}, name)
        compiled[name] = cuda.jit(device=True, fastmath=False)(one)
    walk_one, walk_coupled = compiled["walk_one"], compiled["walk_coupled"]

    def walk_path(  # noqa: PLR0913, PLR0917 - a device takes arrays, not records
        first: Any, per_row: Any,
        key: Any, plan: Any, law: Any, mixing: Any, fuel: Any, depth: Any, levels: Any, history: Any, coarse: Any,
        ziggurat: Any, state: Any, moves: Any, words: Any, marks: Any, counts: Any,
    ) -> None:  # fmt: skip
        place = cuda.grid(1)
        if place < per_row:
            world = World(key, plan, law, mixing, fuel, depth, levels, history, coarse, ziggurat)
            scratch = Scratch(state[place], moves[place], words[place], marks[place])
            if law.shape[0] == 1:
                walk_one(place, first + place, world, scratch, counts[0])
            else:
                walk_coupled(place, first + place, world, scratch, counts[0])

    return cuda.jit(walk_path)
