"""Frames of Bitfinex derivatives.

Quantities: base, signed on the wire. A frame of Bitfinex names only a channel number, so trades and derivative status
carry the channel and the key at their end the way recordings keep them; liquidations tell their contract themselves.
Every frame ends with sequence number and time (flags SEQ_ALL and TIMESTAMP). Source: Bitfinex API v2 docs, "Status"
and "Trades" channels, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from powderkeg.testing.frames.base import (
    PUSH_DELAY_MS,
    ForcedOrder,
    Json,
    MarketState,
    PublicTrade,
    VenueFrames,
    encode,
    maybe_number,
    number,
)

LIQUIDATIONS_CHANNEL: Final = 101
TRADES_CHANNEL: Final = 102
STATUS_CHANNEL: Final = 103
"""Channel numbers are handed out per connection; these are made up."""


def _position(row: ForcedOrder, *, is_match: bool) -> Json:
    signed = row.qty if row.is_long else -row.qty
    entry_price, acquired_price = number(row.second_price), number(row.price)
    # Positions 3, 7 and 10 are documented placeholders; the price paid is only told with the trigger's last field.
    head = ["pos", row.serial, row.ts_ms, None, row.venue_symbol, number(signed), entry_price]
    return [*head, None, int(is_match), 1, None, acquired_price]


def _liquidations(rows: Sequence[ForcedOrder], *, is_match: bool) -> bytes:
    positions = [_position(row, is_match=is_match) for row in rows]
    return encode([LIQUIDATIONS_CHANNEL, positions, 7, rows[-1].ts_ms + PUSH_DELAY_MS])


def liquidations(rows: Sequence[ForcedOrder]) -> bytes:
    """`liq:global`, the trigger (IS_MATCH 0): a positive amount is a long, `reference_price` its entry price."""
    return _liquidations(rows, is_match=False)


def executions(rows: Sequence[ForcedOrder]) -> bytes:
    """`liq:global`, IS_MATCH 1: the execution of a position whose trigger was told before."""
    return _liquidations(rows, is_match=True)


def trades(rows: Sequence[PublicTrade]) -> bytes:
    """`te`, one executed trade: a positive amount is a taker that bought."""
    (row,) = rows
    trade = [row.serial, row.ts_ms, number(row.qty if row.is_buy else -row.qty), number(row.price)]
    tail = [11, row.ts_ms + PUSH_DELAY_MS, "trades", row.venue_symbol.removeprefix("t")]
    return encode([TRADES_CHANNEL, "te", trade, *tail])


def status(state: MarketState) -> bytes:
    """Derivative status: deriv price, spot price, funding, mark price and open interest in base.

    `funding_rate` is both what has accrued for the next funding and what is applied in the current period.
    """
    fields: list[Json] = [None] * 19
    fields[0] = state.ts_ms
    fields[2] = maybe_number(state.mark_price)
    fields[3] = maybe_number(state.index_price)
    fields[7] = state.next_funding_ms
    fields[8] = maybe_number(state.funding_rate)
    fields[11] = maybe_number(state.funding_rate)
    fields[14] = maybe_number(state.mark_price)
    fields[17] = maybe_number(state.open_interest)
    tail = [12, state.ts_ms + PUSH_DELAY_MS, "status", state.venue_symbol.removeprefix("t")]
    return encode([STATUS_CHANNEL, fields, *tail])


FRAMES = VenueFrames(
    liquidations=liquidations,
    trades=trades,
    market={"mark_price": status, "open_interest": status, "funding_rate": status},
)
