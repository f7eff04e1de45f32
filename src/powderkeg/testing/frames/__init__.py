"""Frames as the venues would send them, made from plain facts: for simulated venues, demos and tests.

    >>> from powderkeg.testing.frames import liquidation_frame
    >>> liquidation_frame(
    ...     "gate", venue_symbol="BTC_USDT", position_side="long", qty=25, price=95_000.5, ts_ms=1_784_112_600_123
    ... )
    b'{"time":1784112600,"time_ms":1784112600123,"channel":"futures.public_liquidates","event":"update","result":[{"price":"95000.5","size":25,"time":1784112600123,"contract":"BTC_USDT"}]}'

Quantities are in the unit of the venue's own feed, which each venue's module states: base, contracts, US dollars, or
quote currency (Bitget's liquidations). Same arguments, same bytes. Everything made here is simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.units import PositionSide, TakerSide
from powderkeg.testing.frames import (
    binance,
    bitfinex,
    bitget,
    bitmex,
    bybit,
    deribit,
    dydx,
    gate,
    htx,
    hyperliquid,
    kraken,
    lighter,
    okx,
)
from powderkeg.testing.frames.base import BookChange, ForcedOrder, MarketFact, MarketState, PublicTrade, VenueFrames

FRAMES: Final[dict[str, VenueFrames]] = {
    "binance-coinm": binance.FRAMES,
    "binance-usdm": binance.FRAMES,
    "bitfinex": bitfinex.FRAMES,
    "bitget": bitget.FRAMES,
    "bitmex": bitmex.FRAMES,
    "bybit": bybit.FRAMES,
    "deribit": deribit.FRAMES,
    "dydx": dydx.FRAMES,
    "gate": gate.FRAMES,
    "htx": htx.FRAMES,
    "hyperliquid": hyperliquid.FRAMES,
    "kraken-futures": kraken.FRAMES,
    "lighter": lighter.FRAMES,
    "okx": okx.FRAMES,
}
"""Builders by venue slug."""

__all__ = [
    "FRAMES",
    "BookChange",
    "ForcedOrder",
    "MarketFact",
    "MarketState",
    "PublicTrade",
    "VenueFrames",
    "funding_rate_frame",
    "liquidation_frame",
    "liquidations_frame",
    "mark_price_frame",
    "open_interest_frame",
    "replay_frame",
    "trade_frame",
]


def frames_of(venue: str) -> VenueFrames:
    """The builders of a venue.

    Raises:
        InputError: there is no such venue, or nobody has written its builders yet.
    """
    slug = venue_slug(venue)
    if slug not in FRAMES:
        raise InputError(f"no frame builders for {slug}: add testing/frames/{slug.replace('-', '_')}.py and list it")
    return FRAMES[slug]


def liquidation_frame(
    venue: str,
    *,
    venue_symbol: str,
    position_side: PositionSide,
    qty: float,
    price: float,
    ts_ms: int,
    reference_price: float | None = None,
    serial: int = 1,
) -> bytes:
    """One liquidation in the venue's wire format.

    Args:
        venue: slug.
        venue_symbol: the venue's own name of the contract; see `ForcedOrder` for this and the rest.
        position_side: whose position is closed.
        qty: in the unit of the venue's liquidation feed.
        price: main price of the message, quote per base.
        ts_ms: the venue's time, ms UTC; BitMEX does not send it.
        reference_price: Binance's limit price, Bitfinex's entry price; by default `price`.
        serial: number from which ids are made.
    """
    row = ForcedOrder(
        venue_symbol=venue_symbol,
        position_side=position_side,
        qty=qty,
        price=price,
        ts_ms=ts_ms,
        reference_price=reference_price,
        serial=serial,
    )
    return frames_of(venue).liquidations((row,))


def liquidations_frame(venue: str, rows: Sequence[ForcedOrder]) -> bytes:
    """Several liquidations of one contract in one frame.

    Raises:
        InputError: no rows, rows of several contracts, or several rows where the venue sends one per frame.
    """
    return frames_of(venue).liquidations(_checked(venue, rows))


def replay_frame(venue: str, rows: Sequence[ForcedOrder]) -> bytes:
    """The frame in which the venue repeats past liquidations after a subscription.

    Raises:
        InputError: the venue repeats nothing, or the rows cannot share a frame.
    """
    replay = frames_of(venue).replay
    if replay is None:
        raise InputError(f"{venue} repeats no liquidations on subscribing")
    return replay(_checked(venue, rows, is_single=False))


def _checked(venue: str, rows: Sequence[ForcedOrder], *, is_single: bool | None = None) -> Sequence[ForcedOrder]:
    if len({row.venue_symbol for row in rows}) != 1:
        raise InputError(f"a frame of {venue} holds liquidations of one contract; got {[*rows]}")
    if (frames_of(venue).is_single if is_single is None else is_single) and len(rows) > 1:
        raise InputError(f"{venue} sends one liquidation per frame; got {len(rows)}")
    return rows


def trade_frame(
    venue: str,
    *,
    venue_symbol: str,
    taker_side: TakerSide,
    qty: float,
    price: float,
    ts_ms: int,
    serial: int = 1,
) -> bytes:
    """One ordinary trade in the venue's wire format; `qty` in the unit of the venue's trade feed."""
    row = PublicTrade(
        venue_symbol=venue_symbol, taker_side=taker_side, qty=qty, price=price, ts_ms=ts_ms, serial=serial
    )
    return frames_of(venue).trades((row,))


def mark_price_frame(
    venue: str,
    *,
    venue_symbol: str,
    mark_price: float,
    ts_ms: int,
    index_price: float | None = None,
    open_interest: float | None = None,
    funding_rate: float | None = None,
    next_funding_ms: int | None = None,
) -> bytes:
    """The message in which the venue sends the mark price; the rest goes along where that message carries it.

    Raises:
        InputError: the venue publishes no mark price.
    """
    state = MarketState(
        venue_symbol=venue_symbol,
        ts_ms=ts_ms,
        mark_price=mark_price,
        index_price=index_price,
        open_interest=open_interest,
        funding_rate=funding_rate,
        next_funding_ms=next_funding_ms,
    )
    return _market(venue, "mark_price", state)


def open_interest_frame(
    venue: str, *, venue_symbol: str, open_interest: float, ts_ms: int, mark_price: float | None = None
) -> bytes:
    """The message in which the venue sends open interest, in the unit of that feed.

    `mark_price` values it where the venue sends a worth too; where both share a message it goes along.

    Raises:
        InputError: the venue publishes no open interest.
    """
    state = MarketState(venue_symbol=venue_symbol, ts_ms=ts_ms, mark_price=mark_price, open_interest=open_interest)
    return _market(venue, "open_interest", state)


def funding_rate_frame(
    venue: str,
    *,
    venue_symbol: str,
    funding_rate: float,
    next_funding_ms: int,
    ts_ms: int,
    mark_price: float,
) -> bytes:
    """The message in which the venue sends the running funding rate, as the fraction the venue states.

    The mark price goes along where one message carries both.

    Raises:
        InputError: the venue publishes no funding rate.
    """
    state = MarketState(
        venue_symbol=venue_symbol,
        ts_ms=ts_ms,
        mark_price=mark_price,
        funding_rate=funding_rate,
        next_funding_ms=next_funding_ms,
    )
    return _market(venue, "funding_rate", state)


def _market(venue: str, fact: MarketFact, state: MarketState) -> bytes:
    build = frames_of(venue).market.get(fact)
    if build is None:
        raise InputError(f"{venue} sends no {fact.replace('_', ' ')}")
    return build(state)
