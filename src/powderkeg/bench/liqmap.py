"""The liquidation map: events a second, a year of minutes, five hundred coins scored, and the row-by-row pattern.

The peer is the pattern of the public estimators, written out here: a loop over the rows of a DataFrame that keeps a
table of levels, appends two rows for every trade and leverage, and deletes the crossed ones. It gets the same
trades.
"""

from __future__ import annotations

import os
import time
from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.domain.time import NS_PER_DAY, NS_PER_MINUTE, parse_instant
from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.liqmap.estimate import LevelMap, MapSettings, estimate
from powderkeg.liqmap.screen import screen

SEED: Final = 20_240_715
TRADES: Final = 5_000_000
PEER_TRADES: Final = 500
BLOCK: Final = 20_000
YEAR_MINUTES: Final = 525_600
OPEN_INTEREST: Final = 80_000.0
COINS: Final = 500
DIFFERENT: Final = 25
"""Made-up coins that differ; each is taken twenty times, so that the bench does not hold 5 GB of bars."""

SCREEN_DAYS: Final = 90
TRAIN_DAYS: Final = 60
THREADS: Final = 2


def run() -> list[Measure]:
    """Trades, bars, and the peer on equal input."""
    rng = np.random.default_rng(SEED)
    prices, qty = _trades(rng)
    trades_s = best_seconds(lambda: _walk(prices, qty), 3)
    block_s = best_seconds(lambda: _walk(prices[:BLOCK], qty[:BLOCK], 100), 5)
    year = _year(rng)
    bars_s = best_seconds(lambda: estimate(year), 3)
    peer_s = best_seconds(lambda: _row_by_row(prices[:PEER_TRADES], qty[:PEER_TRADES]), 1)
    ours_s = best_seconds(lambda: _walk(prices[:PEER_TRADES], qty[:PEER_TRADES]), 5)
    wild = 60_000.0 * np.exp(10.0 * np.log(prices / 60_000.0))
    wild_s = best_seconds(lambda: _walk(wild, qty), 3)
    million_a_second = TRADES / trades_s / 1e6
    setting = f"{TRADES:,} trades, {len(MapSettings().distances)} distances, both sides, one thread"
    return [
        Measure(
            name="trades",
            figure=million_a_second,
            unit="M events/s",
            claim=">= 10",
            holds=million_a_second >= 10.0,
            note=setting,
        ),
        Measure(
            name="trades in a wild market",
            figure=TRADES / wild_s / 1e6,
            unit="M events/s",
            note="ten times the move per trade: a new bin every 25 trades",
        ),
        Measure(
            name="live trade",
            figure=block_s / BLOCK * 1e6,
            unit="us/trade",
            claim="< 1",
            holds=block_s / BLOCK * 1e6 < 1.0,
            note="in batches of 100, as a feed hands them over",
        ),
        Measure(
            name="a year of minutes",
            figure=bars_s,
            unit="s",
            claim="< 0.2",
            holds=bars_s < 0.2,
            note=f"{YEAR_MINUTES:,} bars of one coin",
        ),
        _screened(rng),
        Measure(
            name="row by row in pandas",
            figure=peer_s / ours_s,
            unit="x slower",
            note=f"{PEER_TRADES:,} equal trades: {peer_s:.2f} s against {ours_s * 1e3:.2f} ms",
        ),
    ]


def _trades(rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A day's tape of a large coin: ticks of about a tenth of a basis point."""
    return 60_000.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-5, TRADES))), rng.gamma(0.5, 0.1, TRADES)


def _walk(prices: FloatArray, qty: FloatArray, block: int = BLOCK) -> LevelMap:
    one = LevelMap(MapSettings(), 1.0)
    for start in range(0, len(prices), block):
        stop = start + block
        one.walk_trades(prices[start:stop], qty[start:stop], (OPEN_INTEREST, OPEN_INTEREST), 0.01)
    return one


def _screened(rng: np.random.Generator) -> Measure:
    """Five hundred coins through `screen`: walked, fitted together, scored on the hours after the cut."""
    different = [_coin(rng) for _ in range(DIFFERENT)]
    first_ns = int(different[0].open_ns[0])
    cut_ns = first_ns + TRAIN_DAYS * NS_PER_DAY
    screen(different[:1], cut_ns)
    coins = (msgspec.structs.replace(different[n % DIFFERENT], symbol=f"COIN{n}") for n in range(COINS))
    began_s, busy_s = time.perf_counter(), time.process_time()
    found = screen(coins, cut_ns, threads=THREADS)
    took_s, busy_s = time.perf_counter() - began_s, time.process_time() - busy_s
    return Measure(
        name="500 coins, 90 days of minutes, scored",
        figure=took_s,
        unit="s",
        claim="< 60",
        holds=took_s < 60.0 and len(found.rows) == 2 * COINS,
        note=f"{THREADS} threads, {busy_s:.0f} s of processor, load before it {os.getloadavg()[0]:.1f}; "
        f"{DIFFERENT} different coins",
    )


def _coin(rng: np.random.Generator) -> Bars:
    """Ninety days of minutes whose liquidations follow the move of the minute."""
    bars = _year(rng).until(SCREEN_DAYS * 1440)
    opened, high, low, _ = bars.prices.T
    moved = np.column_stack([opened / low, high / opened]) - 1.0
    shown = rng.random(moved.shape) < 0.1
    liquidated = OPEN_INTEREST * 1e-6 * np.expm1(1e3 * moved) * np.exp(rng.normal(0.0, 1.5, moved.shape)) * shown
    return msgspec.structs.replace(bars, liquidated_base=liquidated)


def _year(rng: np.random.Generator) -> Bars:
    closes = np.log(60_000.0) + np.cumsum(rng.normal(0.0, 6e-4, YEAR_MINUTES))
    opens = np.concatenate([closes[:1], closes[:-1]])
    wick = np.abs(rng.normal(0.0, 3e-4, (2, YEAR_MINUTES)))
    path = np.column_stack([opens, np.maximum(opens, closes) + wick[0], np.minimum(opens, closes) - wick[1], closes])
    return Bars(
        symbol="BTCUSDT",
        interval_ns=NS_PER_MINUTE,
        open_ns=parse_instant("2024-01-01") + np.arange(YEAR_MINUTES) * NS_PER_MINUTE,
        prices=np.exp(path),
        volume_base=rng.gamma(2.0, 80.0, YEAR_MINUTES),
        open_interest_base=OPEN_INTEREST * np.exp(np.cumsum(rng.normal(0.0, 3e-4, YEAR_MINUTES + 1))),
        liquidated_base=np.full((YEAR_MINUTES, 2), np.nan),
    )


def _row_by_row(prices: FloatArray, qty: FloatArray) -> Any:
    """The public pattern: `iterrows`, `loc`, and a table of levels that grows row by row."""
    import pandas as pd  # pyright: ignore[reportMissingTypeStubs] - an optional peer

    frame: Any = pd.DataFrame({"price": prices, "qty": qty})
    levels: Any = pd.DataFrame({"side": ["long"], "price": [0.0], "qty": [0.0]})
    for _, trade in frame.iterrows():
        rows = [
            {"side": side, "price": trade["price"] * np.exp(sign * distance), "qty": trade["qty"]}
            for distance in MapSettings().distances
            for side, sign in (("long", -1), ("short", 1))
        ]
        levels = pd.concat([levels, pd.DataFrame(rows)], ignore_index=True)
        crossed = ((levels["side"] == "long") & (levels["price"] >= trade["price"])) | (
            (levels["side"] == "short") & (levels["price"] <= trade["price"])
        )
        levels = levels[~crossed]
    return levels
