"""Made-up markets for the tests of the map, and their mirror images."""

from __future__ import annotations

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, parse_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.estimate import MapSettings, estimate

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


def minutes(seed, hours=120, symbol="BTCUSDT"):
    """One-minute bars of a random walk; liquidations follow the move of the minute and are often none."""
    rng = np.random.default_rng(seed)
    count = hours * 60
    closed = np.log(50_000.0) + np.cumsum(rng.standard_t(4, count) * 5e-4)
    opened = np.concatenate([[np.log(50_000.0)], closed[:-1]])
    wick = np.abs(rng.normal(0, 2e-4, (2, count)))
    path = np.column_stack([opened, np.maximum(opened, closed) + wick[0], np.minimum(opened, closed) - wick[1], closed])
    held = 80_000.0 * np.exp(np.cumsum(rng.normal(0, 4e-4, count + 1)))
    depth = np.column_stack([path[:, 0] - path[:, 2], path[:, 1] - path[:, 0]])
    liquidated = held[:-1, None] * 1e-5 * np.expm1(1000 * depth) * (rng.random((count, 2)) < 0.3)
    return Bars(
        symbol=symbol,
        interval_ns=NS_PER_MINUTE,
        open_ns=START_NS + np.arange(count) * NS_PER_MINUTE,
        prices=np.exp(path),
        volume_base=rng.gamma(2.0, 80.0, count),
        open_interest_base=held,
        liquidated_base=liquidated,
    )


def from_the_map(seed, count=1000, symbol="BTCUSDT"):
    """Hours whose liquidations are drawn from the map of their own flow, which comes in spells of five hours."""
    rng = np.random.default_rng(seed + 99)
    bars = market(seed, count, symbol)
    volume = 3_000.0 * np.repeat(np.exp(1.6 * rng.normal(size=count // 5)), 5)
    bars = msgspec.structs.replace(bars, volume_base=volume)
    walked = estimate(bars, MapSettings())
    weights = 0.02 * np.exp(-(((np.arange(len(MapSettings().distances)) - 6) / 3.0) ** 2))
    mean = walked.open_interest_before[:, None] * (walked.crossed_share @ weights)
    return msgspec.structs.replace(bars, liquidated_base=mean * np.exp(rng.normal(0, 0.3, (count, 2))))
