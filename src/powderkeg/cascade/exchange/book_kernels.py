"""The order book's loops: price-time priority over plain arrays.

A level is a price in ticks above the lowest the book knows; its orders are a linked list, oldest first, so the head is
the next to trade. Levels hold bids below the spread and asks above it, never both. Empty levels are skipped by blocks
of 64. An order is one row of 64 bytes.

    orders [slots, 8]   LEVEL LOTS OWNER IS_BUY NEXT PREV GENERATION -      slot 0 is nobody
    levels [L, 4]       HEAD TAIL LOTS COUNT
    blocks [L/64]       orders resting in the block
    meta   [8]          BEST_BID BEST_ASK FREE LIVE HIGH LAST_LEVEL TRADED -

BEST_BID is −1 and BEST_ASK is L where there is none. A handle names an order for good: GENERATION · 2²⁴ + slot.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from powderkeg.cascade.exchange.integers import IntArray
from powderkeg.margin.jit import compiled

Book = tuple[IntArray, IntArray, IntArray, IntArray]
"""orders, levels, blocks, meta; see the module."""

LEVEL, LOTS, OWNER, IS_BUY, NEXT, PREV, GENERATION = range(7)
HEAD, TAIL, RESTING, COUNT = range(4)
BEST_BID, BEST_ASK, FREE, LIVE, HIGH, LAST_LEVEL, TRADED = range(7)
MAKER, MAKER_OWNER, FILL_LEVEL, FILL_LOTS, FILL_KIND = range(5)
KIND, BY, BUYS, AT, HOW_MANY = range(5)

BLOCK_SHIFT: Final = 6
SLOT_BITS: Final = 24
SLOT_MASK: Final = (1 << SLOT_BITS) - 1
TRADE: Final = 0
SELF_CANCEL: Final = 1
"""Kinds of fill: a trade, or a resting order of the taker himself that is canceled instead."""

LIMIT: Final = 0
IMMEDIATE: Final = 1
FILL_OR_KILL: Final = 2
CANCEL: Final = 3
"""Kinds of message: rests what it cannot fill; drops it; fills all or nothing; takes the order HOW_MANY out."""


def next_ask(levels: Any, blocks: Any, start: Any) -> Any:
    """The first level at or above `start` with orders, L if none."""
    at = start
    while at < levels.shape[0]:
        if blocks[at >> BLOCK_SHIFT] == 0:
            at = ((at >> BLOCK_SHIFT) + 1) << BLOCK_SHIFT
        elif levels[at, COUNT] > 0:
            return at
        else:
            at += 1
    return levels.shape[0]


def next_bid(levels: Any, blocks: Any, start: Any) -> Any:
    """The first level at or below `start` with orders, −1 if none."""
    at = start
    while at >= 0:
        if blocks[at >> BLOCK_SHIFT] == 0:
            at = ((at >> BLOCK_SHIFT) << BLOCK_SHIFT) - 1
        elif levels[at, COUNT] > 0:
            return at
        else:
            at -= 1
    return -1


def unlink(orders: Any, levels: Any, blocks: Any, meta: Any, slot: Any) -> None:
    """Take an order out; its slot is free and its handle void."""
    level, after, before = orders[slot, LEVEL], orders[slot, NEXT], orders[slot, PREV]
    if before == 0:
        levels[level, HEAD] = after
    else:
        orders[before, NEXT] = after
    if after == 0:
        levels[level, TAIL] = before
    else:
        orders[after, PREV] = before
    levels[level, RESTING] -= orders[slot, LOTS]
    levels[level, COUNT] -= 1
    blocks[level >> BLOCK_SHIFT] -= 1
    orders[slot, LOTS] = 0
    orders[slot, GENERATION] += 1
    orders[slot, NEXT] = meta[FREE]
    meta[FREE] = slot
    meta[LIVE] -= 1
    if levels[level, COUNT] == 0:
        if level == meta[BEST_BID]:
            meta[BEST_BID] = next_bid(levels, blocks, level)
        elif level == meta[BEST_ASK]:
            meta[BEST_ASK] = next_ask(levels, blocks, level)


def rest(orders: Any, levels: Any, blocks: Any, meta: Any, owner: Any, is_buy: Any, level: Any, lots: Any) -> Any:
    """Queue an order behind those of its price; its handle, or −1 where the book is full."""
    slot = meta[FREE]
    if slot != 0:
        meta[FREE] = orders[slot, NEXT]
    elif meta[HIGH] + 1 < orders.shape[0]:
        meta[HIGH] += 1
        slot = meta[HIGH]
    else:
        return -1
    last = levels[level, TAIL]
    orders[slot, LEVEL], orders[slot, LOTS] = level, lots
    orders[slot, OWNER], orders[slot, IS_BUY] = owner, is_buy
    orders[slot, NEXT], orders[slot, PREV] = 0, last
    if last == 0:
        levels[level, HEAD] = slot
    else:
        orders[last, NEXT] = slot
    levels[level, TAIL] = slot
    levels[level, RESTING] += lots
    levels[level, COUNT] += 1
    blocks[level >> BLOCK_SHIFT] += 1
    meta[LIVE] += 1
    if is_buy:
        meta[BEST_BID] = max(meta[BEST_BID], level)
    else:
        meta[BEST_ASK] = min(meta[BEST_ASK], level)
    return (orders[slot, GENERATION] << SLOT_BITS) + slot


def crosses(meta: Any, is_buy: Any, level: Any, size: Any) -> Any:
    """The opposite side's best level if an order limited at `level` trades with it, else −1."""
    if is_buy:
        best = meta[BEST_ASK]
        return best if best <= level and best < size else -1
    return meta[BEST_BID] if meta[BEST_BID] >= level else -1


def can_fill(levels: Any, blocks: Any, meta: Any, is_buy: Any, level: Any, lots: Any) -> Any:
    """Whether that many lots rest within the limit."""
    found = 0
    at = crosses(meta, is_buy, level, levels.shape[0])
    while 0 <= at < levels.shape[0] and (at <= level if is_buy else at >= level):
        found += levels[at, RESTING]
        if found >= lots:
            return True
        at = next_ask(levels, blocks, at + 1) if is_buy else next_bid(levels, blocks, at - 1)
    return False


def take(book: Any, owner: Any, is_buy: Any, level: Any, lots: Any, fills: Any, n: Any) -> Any:
    """Trade up to `lots` within the limit, best price and oldest order first.

    Returns:
        (lots left, fills written so far).
    """
    orders, levels, blocks, meta = book
    best = crosses(meta, is_buy, level, levels.shape[0])
    while lots > 0 and best >= 0:
        slot = levels[best, HEAD]
        own = orders[slot, OWNER] == owner
        part = orders[slot, LOTS] if own else min(lots, orders[slot, LOTS])
        fills[n, MAKER] = (orders[slot, GENERATION] << SLOT_BITS) + slot
        fills[n, MAKER_OWNER] = orders[slot, OWNER]
        fills[n, FILL_LEVEL] = best
        fills[n, FILL_LOTS] = part
        fills[n, FILL_KIND] = SELF_CANCEL if own else TRADE
        n += 1
        if not own:
            lots -= part
            meta[LAST_LEVEL] = best
            meta[TRADED] += part
        if part == orders[slot, LOTS]:
            unlink(orders, levels, blocks, meta, slot)
        else:
            orders[slot, LOTS] -= part
            levels[best, RESTING] -= part
        best = crosses(meta, is_buy, level, levels.shape[0])
    return lots, n


def run_messages(book: Any, messages: Any, results: Any, fills: Any) -> Any:
    """Work messages off in order.

    Args:
        book: see the module.
        messages: [M, 5] KIND, owner BY, BUYS (1 or 0), level AT, lots (or the handle to cancel) HOW_MANY.
        results: [M, 2] receives the handle of what rests (−1: nothing) and the lots not filled; of a cancel the handle
            and the lots taken out, (−1, 0) where there was no such order.
        fills: [F, 5] receives handle and owner of the maker, level, lots, kind.

    Returns:
        (messages done, fills written): fewer than M where `fills` has too little room left for the whole book.
    """
    orders, levels, blocks, meta = book
    n = 0
    for m in range(messages.shape[0]):
        if fills.shape[0] - n < meta[LIVE]:
            return m, n
        kind, owner, is_buy = messages[m, KIND], messages[m, BY], messages[m, BUYS]
        level, lots = messages[m, AT], messages[m, HOW_MANY]
        results[m, 0] = -1
        if kind == CANCEL:
            slot = lots & SLOT_MASK
            results[m, 1] = 0
            if 0 < slot <= meta[HIGH] and orders[slot, GENERATION] == lots >> SLOT_BITS and orders[slot, LOTS] > 0:
                results[m, 0], results[m, 1] = lots, orders[slot, LOTS]
                unlink(orders, levels, blocks, meta, slot)
            continue
        if kind != FILL_OR_KILL or can_fill(levels, blocks, meta, is_buy, level, lots):
            lots, n = take(book, owner, is_buy, level, lots, fills, n)
        if kind == LIMIT and lots > 0:
            results[m, 0] = rest(orders, levels, blocks, meta, owner, is_buy, level, lots)
        results[m, 1] = lots
    return messages.shape[0], n


@cache
def messages_kernel() -> Any:
    """`run_messages`, compiled."""
    book = "Tuple((int64[:, ::1], int64[:, ::1], int64[::1], int64[::1]))"
    signature = f"UniTuple(int64, 2)({book}, int64[:, ::1], int64[:, ::1], int64[:, ::1])"
    return compiled(run_messages, signature, next_ask, next_bid, unlink, rest, crosses, can_fill, take)
