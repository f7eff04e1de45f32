"""What the simulated days before a squeeze also tell: funding rates of every venue, and the order book of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS
from powderkeg.testing.frames import BookChange, frames_of, funding_rate_frame
from powderkeg.testing.recording import RecordedFrame
from powderkeg.testing.squeeze import COINS, VENUE_SHARE, Coin, Tick
from powderkeg.venues import VENUES

EVERY_NS: Final = 30 * NS_PER_MINUTE
FUNDING_EVERY_NS: Final = 8 * NS_PER_HOUR
USUAL_RATE: Final = 1e-4
CROWDED_RATE: Final = 4e-4
"""Per eight hours: what most venues charge most of the time, and what longs pay before the squeeze; made up."""

BOOK_VENUE: Final = "bybit"
THIN: Final = 0.1
"""The book of the pictures holds so much of its venue's share of what moves the coin in the squeeze: thin, so that a
ladder has rungs to show."""
LEVELS: Final = 200
LEVEL_RATIO: Final = 1e-4
SHAPE: Final = 0.8
"""Depth up to a log distance u grows as u^1.8."""

LATENCY_NS: Final = 30 * NS_PER_MS

Floats = NDArray[np.float64]


def quotes(
    ticks: tuple[Tick, ...],
    rng: np.random.Generator,
    *,
    at_ns: int = 0,
    crowded_rate: float = CROWDED_RATE,
    depth_ratio: float = THIN * VENUE_SHARE[BOOK_VENUE],
) -> Iterator[RecordedFrame]:
    """Funding of every venue and the book of one, every half hour, where a tick tells the price.

    Args:
        ticks: of all coins, in order of time.
        rng: seeded generator.
        at_ns: one of the instants at which they are told; the others are half hours before and after it.
        crowded_rate: what funding has risen to at the end.
        depth_ratio: the book holds so much of what moves the coin by 1 % in the squeeze.
    """
    coins = {coin.name: coin for coin in COINS}
    first_ns, last_ns = ticks[0].ts_ns, ticks[-1].ts_ns
    wander = dict.fromkeys(((venue, coin) for venue in VENUE_SHARE for coin in coins), 0.0)
    serial = 0
    for tick in ticks:
        if (tick.ts_ns - at_ns) % EVERY_NS:
            continue
        passed = (tick.ts_ns - first_ns) / max(last_ns - first_ns, 1)
        crowd = USUAL_RATE + (crowded_rate - USUAL_RATE) * passed**3
        for venue in VENUE_SHARE:
            key = (venue, tick.coin)
            wander[key] = 0.97 * wander[key] + float(rng.normal(0.0, 6e-6))
            yield _funding(venue, tick, round(crowd + wander[key], 8))
        serial += 1
        coin = coins[tick.coin]
        yield _book(coin, tick, serial, depth_ratio * coin.depth_usd, rng)


def _funding(venue: str, tick: Tick, rate: float) -> RecordedFrame:
    payload = funding_rate_frame(
        venue,
        venue_symbol=_instrument(venue, tick.coin).venue_symbol,
        funding_rate=rate,
        next_funding_ms=(tick.ts_ns // FUNDING_EVERY_NS + 1) * FUNDING_EVERY_NS // NS_PER_MS,
        ts_ms=tick.ts_ns // NS_PER_MS,
        mark_price=float(f"{tick.price:.8g}"),
    )
    return RecordedFrame(venue, tick.ts_ns + LATENCY_NS, payload)


def _book(coin: Coin, tick: Tick, serial: int, within_usd: float, rng: np.random.Generator) -> RecordedFrame:
    """A whole book with so much within 1 %, over 2 % of either side; in steps as coarse as a chart can show."""
    instrument = _instrument(BOOK_VENUE, coin.name)
    place = np.arange(1, LEVELS + 1, dtype=np.float64)
    usual_usd = within_usd * place**SHAPE / float((place[: LEVELS // 2] ** SHAPE).sum())
    change = BookChange(
        venue_symbol=instrument.venue_symbol,
        ts_ms=tick.ts_ns // NS_PER_MS,
        bids=_levels(coin, tick.price * np.exp(-place * LEVEL_RATIO), usual_usd, rng),
        asks=_levels(coin, tick.price * np.exp(place * LEVEL_RATIO), usual_usd, rng),
        first_id=serial,
        last_id=serial,
        previous_id=-1,
        is_snapshot=True,
    )
    build = frames_of(BOOK_VENUE).book
    assert build is not None
    return RecordedFrame(BOOK_VENUE, tick.ts_ns + LATENCY_NS, build(change))


def _levels(
    coin: Coin,
    prices: Floats,
    usual_usd: Floats,
    rng: np.random.Generator,
) -> tuple[tuple[float, float], ...]:
    base = usual_usd * rng.lognormal(-0.08, 0.4, LEVELS) / prices
    lot = 10.0**-coin.qty_decimals
    found: dict[float, float] = {}
    for price, qty in zip(np.round(prices, coin.price_decimals).tolist(), base.tolist(), strict=True):
        found[price] = found.get(price, 0.0) + max(qty, lot)
    return tuple((price, round(qty, coin.qty_decimals)) for price, qty in found.items())


def _instrument(venue: str, coin: str) -> Instrument:
    spelled = "{}-USDT-SWAP" if venue == "okx" else "{}USDT"
    return VENUES[venue].infer_instrument(spelled.format(coin))
