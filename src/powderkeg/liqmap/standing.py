"""The map of the public heatmaps, as a rival: every trade opens at every leverage, nothing closes, levels stay."""

from __future__ import annotations

from functools import cache
from typing import Any

from powderkeg.margin.jit import compiled


def stand(entry: Any, qty: Any, reach: Any, steps: Any, histogram: Any, crossed: Any) -> None:
    """Crossed levels where every trade opens, nothing closes and no level ever goes: what public heatmaps draw.

    Args:
        entry: [N] bin of each bar's entry, from the grid's first.
        qty: [N] what each bar opens, base units.
        reach: [N, 2, 2] first and last bin each side's levels are crossed in, per bar and side.
        steps: [K] distances in bins, each weighed alike.
        histogram: [B] opened base units by bin, all zero, changed in place.
        crossed: [N, 2] out: base units crossed per bar and side.
    """
    for i in range(len(entry)):
        for side in range(2):
            for k in range(len(steps)):
                offset = steps[k] if side == 0 else -steps[k]
                for b in range(reach[i, side, 0] + offset, reach[i, side, 1] + offset + 1):
                    crossed[i, side] += histogram[b]
        histogram[entry[i]] += qty[i]


@cache
def compiled_stand() -> Any:
    """`stand`, compiled on first use."""
    return compiled(stand, "(i8[::1], f8[::1], i8[:,:,::1], i8[::1], f8[::1], f8[:,::1])")
