"""What simulated days before a squeeze also tell: funding of every venue, the book of one, the ratios of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS
from powderkeg.testing.frames import frames_of, funding_rate_frame
from powderkeg.testing.frames.base import encode
from powderkeg.testing.long_short import RATIO_STREAM, RATIO_VENUE, long_short_row
from powderkeg.testing.recording import RecordedFrame
from powderkeg.testing.squeeze import COINS, VENUE_SHARE, Coin, Tick
from powderkeg.testing.whole_books import BOOK_VENUE, whole_book
from powderkeg.venues import VENUES
from powderkeg.venues.rest import poll_frame

EVERY_NS: Final = 30 * NS_PER_MINUTE
FUNDING_EVERY_NS: Final = 8 * NS_PER_HOUR
USUAL_RATE: Final = 1e-4
CROWDED_RATE: Final = 4e-4
"""Per eight hours: what most venues charge most of the time, and what longs pay before the squeeze; made up."""

LATENCY_NS: Final = 30 * NS_PER_MS


def quotes(
    ticks: tuple[Tick, ...],
    rng: np.random.Generator,
    *,
    at_ns: int = 0,
    crowded_rate: float = CROWDED_RATE,
) -> Iterator[RecordedFrame]:
    """Funding, the book and ratios every half hour, where a tick tells the price.

    Args:
        ticks: of all coins, in order of time.
        rng: seeded generator.
        at_ns: one of the instants at which they are told; the others are half hours before and after it.
        crowded_rate: what funding has risen to at the end.
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
        yield _book(coins[tick.coin], tick, serial, rng)
        yield from _ratios(tick)


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


def _book(coin: Coin, tick: Tick, serial: int, rng: np.random.Generator) -> RecordedFrame:
    change = whole_book(
        coin,
        venue_symbol=_instrument(BOOK_VENUE, coin.name).venue_symbol,
        price=tick.price,
        ts_ms=tick.ts_ns // NS_PER_MS,
        serial=serial,
        rng=rng,
    )
    build = frames_of(BOOK_VENUE).book
    assert build is not None
    return RecordedFrame(BOOK_VENUE, tick.ts_ns + LATENCY_NS, build(change))


def _ratios(tick: Tick) -> Iterator[RecordedFrame]:
    """The answers to what is polled, as they would be journaled."""
    symbol = _instrument(RATIO_VENUE, tick.coin).venue_symbol
    facts = VENUES[RATIO_VENUE].rest
    assert facts is not None
    for poll in facts.polls:
        if poll.stream == RATIO_STREAM:
            body = encode([long_short_row(poll.name, symbol, tick.ts_ns // NS_PER_MS)])
            yield RecordedFrame(RATIO_VENUE, tick.ts_ns + LATENCY_NS, poll_frame(RATIO_VENUE, poll, symbol, body))


def _instrument(venue: str, coin: str) -> Instrument:
    spelled = "{}-USDT-SWAP" if venue == "okx" else "{}USDT"
    return VENUES[venue].infer_instrument(spelled.format(coin))
