"""Made-up markets for the tests of the map, and their mirror images."""

from __future__ import annotations

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_HOUR, parse_instant
from powderkeg.liqmap.bars import Bars

START_NS = parse_instant("2024-03-01T00:00:00Z")


def market(seed, count=200, symbol="BTCUSDT", unit=1.0):
    """A random walk with volume that follows range, and liquidations that follow drawdowns."""
    rng = np.random.default_rng(seed)
    moves = rng.standard_t(4, (count, 12)) * 0.002
    log_price = np.log(50_000.0) + np.cumsum(moves).reshape(count, 12)
    opened = np.concatenate([[np.log(50_000.0)], log_price[:-1, -1]])
    inside = np.column_stack([opened, log_price])
    path = np.column_stack([opened, inside.max(axis=1), inside.min(axis=1), log_price[:, -1]])
    volume = 3_000.0 * np.exp(rng.normal(0, 0.3, count)) * (1 + 100 * (path[:, 1] - path[:, 2]))
    held = 80_000.0 * np.exp(np.cumsum(rng.normal(0, 0.003, count + 1)))
    depth = np.column_stack([path[:, 0] - path[:, 2], path[:, 1] - path[:, 0]])
    liquidated = held[:-1, None] * 1e-4 * np.expm1(200 * depth) * np.exp(rng.normal(0, 0.8, (count, 2)))
    return Bars(
        symbol=symbol,
        interval_ns=NS_PER_HOUR,
        open_ns=START_NS + np.arange(count) * NS_PER_HOUR,
        prices=np.exp(path),
        volume_base=volume * unit,
        open_interest_base=held * unit,
        liquidated_base=liquidated * unit,
    )


def mirrored(bars):
    """The market in which every move up is a move down: log prices negated, longs and shorts exchanged."""
    return msgspec.structs.replace(
        bars,
        prices=1.0 / bars.prices[:, [0, 2, 1, 3]],
        liquidated_base=bars.liquidated_base[:, ::-1],
    )
