"""The map of a coin as one reads it: the map, what stands out in it, and both laid out for programs."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_MS, format_instant
from powderkeg.liqmap.bars import FloatArray
from powderkeg.liqmap.heatmap import Heatmap
from powderkeg.liqmap.reading import Cluster, LiquidationMap, MarketCoverage, clusters


class MapReading(msgspec.Struct, frozen=True, kw_only=True):
    """A map and what stands out in it.

    Attributes:
        total: the map, markets added up.
        nearest: clusters on both sides, nearest first.
    """

    total: LiquidationMap
    nearest: list[Cluster]

    def plain(self) -> dict[str, Any]:
        """For JSON: clusters, and the arrays with the bins outside of which nothing stands left out."""
        one = self.total
        used = np.flatnonzero(one.notional_usd.sum(axis=0) > 0)
        span = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)
        return {
            "as_of": format_instant(one.as_of_ns),
            "coin": one.coin,
            "method": one.method,
            "is_floor": one.is_floor,
            "is_simulated": one.is_simulated,
            "mark_price": one.mark_price,
            "open_interest_usd": one.open_interest_usd,
            "long_usd": float(one.long_usd.sum()),
            "short_usd": float(one.short_usd.sum()),
            "sources": list(one.sources),
            "absent": one.absent,
            "coverage": [_covered(seen) for seen in one.coverage],
            "kernel": _kernel(one),
            "assumptions": one.assumptions,
            "rows": [msgspec.to_builtins(cluster) for cluster in self.nearest],
            "by_market": [_market(part) for part in one.parts or (one,)],
            "bin_bps": one.bin_width * 1e4,
            "bins": {
                "price": one.prices[span].tolist(),
                "long_usd": one.long_usd[span].tolist(),
                "short_usd": one.short_usd[span].tolist(),
                **{
                    f"{side}_{end}_usd": held[n, span].tolist()
                    for end, held in (("lower", one.lower_usd), ("upper", one.upper_usd))
                    for n, side in enumerate(("long", "short"))
                },
            },
        }


def read(one: LiquidationMap, count: int = 5) -> MapReading:
    """A map with its nearest clusters, so many per side."""
    return MapReading(total=one, nearest=clusters(one, count))


def plain_heatmap(one: Heatmap) -> dict[str, Any]:
    """For JSON: axes, the bytes of the grid in base64 (column after column, prices upwards), and what a byte means."""
    return {
        "as_of": format_instant(int(one.times_ns[-1])),
        "coin": one.coin,
        "method": one.method,
        "is_floor": True,
        "is_simulated": one.is_simulated,
        "sources": list(one.sources),
        "absent": one.absent,
        "assumptions": one.assumptions,
        "times_ms": (one.times_ns // NS_PER_MS).tolist(),
        "price_edges": one.price_edges.tolist(),
        "mark_price": _known(one.mark_price),
        "open_interest_usd": _known(one.open_interest_usd),
        "row_bps": one.row_bps,
        "column_count": one.cells.shape[0],
        "row_count": one.cells.shape[1],
        "cells_base64": base64.b64encode(one.cells.tobytes()).decode(),
        "scale": {
            "floor_usd": one.scale.floor_usd,
            "top_usd": one.scale.top_usd,
            "ticks": [{"level": level, "usd": usd} for level, usd in one.scale.ticks],
        },
    }


def _known(numbers: FloatArray) -> list[float | None]:
    return [number if np.isfinite(number) else None for number in numbers.tolist()]


def _covered(seen: MarketCoverage) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(seen)
    plain["from"], plain["until"] = format_instant(plain.pop("from_ns")), format_instant(plain.pop("until_ns"))
    plain["interval_ms"] = plain.pop("interval_ns") // 1_000_000
    return plain


def _kernel(one: LiquidationMap) -> dict[str, Any] | None:
    held = one.kernel
    if held is None:
        return None
    until_ns, half_life = held.trained_until_ns, held.settings.half_life_hours
    return {
        "origin": held.origin,
        "source": held.source,
        "trained_until": None if until_ns is None else format_instant(until_ns),
        "training_bars": held.training_bars,
        "churn": held.settings.churn,
        "half_life_hours": half_life if np.isfinite(half_life) else None,
        "basis": held.settings.basis,
        "distances": list(held.settings.distances),
        "long_weights": held.weights[0].tolist(),
        "short_weights": held.weights[1].tolist(),
    }


def _market(part: LiquidationMap) -> dict[str, Any]:
    return {
        "source": part.symbol,
        "mark_price": part.mark_price,
        "open_interest_usd": part.open_interest_usd,
        "long_usd": float(part.long_usd.sum()),
        "short_usd": float(part.short_usd.sum()),
    }
