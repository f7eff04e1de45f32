"""Days before the simulated squeeze: prices, open interest, trades and liquidations every few minutes.

Long enough for a liquidation map to be calibrated and for hours that stand out to be told from ordinary ones. What is
liquidated follows the moves: the excess of a step over what is usual, times open interest, on the side it hurts. Same
seed, same bytes; made up from end to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_MS
from powderkeg.domain.units import PositionSide, TakerSide
from powderkeg.testing.squeeze import (
    COINS,
    FIRST_INTEREST,
    START_NS,
    VENUE_SHARE,
    Coin,
    SimulatedLiquidation,
    SimulatedTrade,
    Squeeze,
    Tick,
)

STEP_NS: Final = 5 * NS_PER_MINUTE
DAYS: Final = 3
STEPS_A_DAY: Final = 288

SIGMA: Final = 9e-4
"""Standard deviation of a step's log return: 1.5 % a day."""

USUAL: Final = 1.6 * SIGMA
FORCED_SHARE: Final = 0.9
"""Share of open interest liquidated per unit of log move beyond the usual."""

TURNOVER: Final = 0.5
"""Taken per step and direction, in fuels: about seven times open interest a day, both directions together."""

ORDERS: Final = 48
"""A step liquidates at most so many positions per coin."""

Floats = NDArray[np.float64]


def simulate_before(rng: np.random.Generator, *, days: int = DAYS, end_ns: int = START_NS) -> Squeeze:
    """What happened before the squeeze; every coin ends at the price the squeeze starts from.

    Args:
        rng: seeded generator; the only source of randomness.
        days: how many.
        end_ns: first instant after them.
    """
    steps = days * STEPS_A_DAY
    at_ns = end_ns - np.arange(steps, 0, -1, dtype=np.int64) * STEP_NS
    shared = rng.standard_t(3.5, steps)
    liquidations: list[SimulatedLiquidation] = []
    trades: list[SimulatedTrade] = []
    ticks: list[Tick] = []
    for coin in COINS:
        moves = SIGMA * (0.75 * shared + 0.5 * rng.standard_t(3.5, steps)) / 1.6
        moves -= moves.mean()
        prices = coin.price * np.exp(np.cumsum(moves))
        held = _open_interest(coin, moves, rng)
        for step in range(steps):
            ts_ns = int(at_ns[step])
            ticks.append(Tick(coin.name, float(prices[step]), float(held[step]), ts_ns))
            trades += _trades(coin, float(prices[step]), float(moves[step]), ts_ns, rng)
            liquidations += _forced(coin, float(prices[step]), float(moves[step] * held[step]), ts_ns, rng)
    for events in (liquidations, trades, ticks):
        events.sort(key=lambda event: event.ts_ns)
    return Squeeze(tuple(liquidations), tuple(trades), tuple(ticks))


def _open_interest(coin: Coin, moves: Floats, rng: np.random.Generator) -> Floats:
    """Base units: drifting, falling where moves force positions, ending where the squeeze begins."""
    growth = rng.normal(2e-4, 1.2e-3, len(moves)) - 0.5 * np.maximum(np.abs(moves) - USUAL, 0.0)
    path = np.cumsum(growth)
    return coin.fuel_usd * FIRST_INTEREST / coin.price * np.exp(path - path[-1])


def _trades(coin: Coin, price: float, move: float, ts_ns: int, rng: np.random.Generator) -> Iterator[SimulatedTrade]:
    """Two trades a venue: what takers bought and sold on the way to the step's price, more of what moved it."""
    takers: tuple[tuple[TakerSide, float], ...] = (("buy", 1.0), ("sell", -1.0))
    for venue, share in VENUE_SHARE.items():
        for taker_side, sign in takers:
            part = float(rng.random())
            notional = coin.fuel_usd * TURNOVER * share * float(rng.lognormal(0.0, 0.3))
            notional *= 1.0 + sign * float(np.tanh(move / SIGMA)) * 0.3
            qty = max(round(notional / price, coin.qty_decimals), 10.0**-coin.qty_decimals)
            traded = price * np.exp(-move * (1.0 - part) + sign * 1e-4 * abs(float(rng.standard_normal())))
            offset_ns = int(part * (STEP_NS // NS_PER_MS - 1)) * NS_PER_MS
            traded = round(float(traded), coin.price_decimals)
            yield SimulatedTrade(venue, coin.name, taker_side, qty, traded, ts_ns - STEP_NS + offset_ns)


def _forced(
    coin: Coin, price: float, moved_base: float, ts_ns: int, rng: np.random.Generator
) -> Iterator[SimulatedLiquidation]:
    """Positions a step liquidates: few in an ordinary one, many where it moved far."""
    held_base = coin.fuel_usd * FIRST_INTEREST / coin.price
    excess = max(abs(moved_base) / held_base - USUAL, 0.0)
    budget_usd = held_base * price * (FORCED_SHARE * excess + 2e-6 * float(rng.exponential()))
    is_short = moved_base > 0 if excess > 0 else bool(rng.random() < 0.5)
    usual_usd = max(budget_usd / ORDERS, 2.5e4)
    for _ in range(ORDERS):
        notional = min(usual_usd * float(rng.lognormal(0.3, 1.2)), 2.5e6, budget_usd)
        qty = round(notional / price, coin.qty_decimals)
        if budget_usd < 2_000 or qty <= 0:
            return
        budget_usd -= notional
        sign = 1.0 if is_short else -1.0
        fill = round(price * (1 + sign * 4e-4 * float(rng.random())), coin.price_decimals)
        bankruptcy = round(fill * (1 + sign * 0.004), coin.price_decimals)
        venue = str(rng.choice(list(VENUE_SHARE), p=list(VENUE_SHARE.values())))
        offset_ns = int(rng.integers(1, STEP_NS // NS_PER_MS)) * NS_PER_MS
        closed: PositionSide = "short" if is_short else "long"
        yield SimulatedLiquidation(venue, coin.name, closed, qty, fill, bankruptcy, ts_ns + offset_ns)
