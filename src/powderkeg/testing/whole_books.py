"""The order book one simulated venue shows: deep enough for a ladder, thin enough for one to have rungs.

It reaches 2 % to either side in 250 steps, as coarse as a ladder can show: more levels than the fifty of the
real channel, which end within dollars of the price. Only its messages are the venue's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.testing.frames import BookChange
from powderkeg.testing.squeeze import VENUE_SHARE, Coin

BOOK_VENUE: Final = "bybit"
THIN: Final = 0.1
"""The book holds so much of its venue's share of what moves the coin in the squeeze; made up."""

LEVELS: Final = 250
LEVEL_RATIO: Final = 8e-5
"""Closer than the bins of a ladder (1e-4): none of them is empty, so that every rung has depth."""

SHAPE: Final = 0.8
"""Depth up to a log distance u grows as u^1.8."""

Floats = NDArray[np.float64]


def whole_book(
    coin: Coin, *, venue_symbol: str, price: float, ts_ms: int, serial: int, rng: np.random.Generator
) -> BookChange:
    """A whole book around a price.

    Args:
        coin: what is traded.
        venue_symbol: its name on `BOOK_VENUE`, which counts base units.
        price: the middle, USD.
        ts_ms: of the book.
        serial: its number.
        rng: seeded generator, for the levels.
    """
    place = np.arange(1, LEVELS + 1, dtype=np.float64)
    within_usd = THIN * VENUE_SHARE[BOOK_VENUE] * coin.depth_usd  # within 1 %
    usual_usd = within_usd * place**SHAPE / float((place[: LEVELS // 2] ** SHAPE).sum())
    return BookChange(
        venue_symbol=venue_symbol,
        ts_ms=ts_ms,
        bids=_levels(coin, price * np.exp(-place * LEVEL_RATIO), usual_usd, rng),
        asks=_levels(coin, price * np.exp(place * LEVEL_RATIO), usual_usd, rng),
        first_id=serial,
        last_id=serial,
        previous_id=serial - 1,
        is_snapshot=True,
    )


def _levels(coin: Coin, prices: Floats, usual_usd: Floats, rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    base = usual_usd * rng.lognormal(-0.08, 0.4, LEVELS) / prices
    lot = 10.0**-coin.qty_decimals
    found: dict[float, float] = {}
    for price, qty in zip(np.round(prices, coin.price_decimals).tolist(), base.tolist(), strict=True):
        found[price] = found.get(price, 0.0) + max(qty, lot)
    return tuple((price, round(qty, coin.qty_decimals)) for price, qty in found.items())
