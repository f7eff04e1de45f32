"""Random walks on the exact exchange: makers carry their whole book along, the engine closes who falls due."""

from __future__ import annotations

import copy
import math
from typing import NamedTuple

import numpy as np
from exchange_referee import (
    CROWD,
    PRICE,
    RICH,
    TICK,
    assert_closed_by_trades,
    endow,
    in_lots,
    market_order,
    opened,
    print_at,
    rows,
    until_nothing_moves,
)

QUOTES_PER_BIN, ACCOUNTS_PER_BIN = 12, 12


class Walked(NamedTuple):
    """One path: extremes and end as prices, and what was liquidated per side at the price that triggers it, USD."""

    highest: float
    lowest: float
    end: float
    longs_usd: float
    shorts_usd: float


class Maker:
    """One side of a book that stands at fixed prices and is whole beyond the last price before every step."""

    def __init__(self, exchange, sign, quotes):
        """`sign` 1 for asks; `quotes` in the order in which a sweep meets them."""
        self.exchange, self.sign = exchange, sign
        self.ticks = [exchange.instruments[0].ticks(price) for price, _ in quotes]
        self.lots = [lots for _, lots in quotes]
        self.handles = [0] * len(quotes)
        self.first = len(quotes)

    def quote_beyond(self, tick):
        """Cancel what is not beyond the price, and put back what is missing there."""
        exchange, book = self.exchange, self.exchange.state.books[0]
        first = int(np.searchsorted(self.sign * np.array(self.ticks), self.sign * tick, side="right"))
        for n in range(self.first, first):
            exchange.cancel(RICH, 0, self.handles[n])
        for n in range(first, len(self.ticks)):
            resting = book.order(self.handles[n])
            if resting is not None and resting[3] == self.lots[n]:
                break
            exchange.cancel(RICH, 0, self.handles[n])
            self.handles[n] = exchange.order(RICH, 0, -self.sign * self.lots[n], self.ticks[n]).handle
        self.first = first


class World:
    """Fuel and depth of a `Coin` with one map as accounts and orders; every path starts from a copy."""

    def __init__(self, coin):
        fuel = [list(rows(coin.fuel_usd[0, side], sign, per_bin=ACCOUNTS_PER_BIN, bin_bps=coin.bin_bps))
                for side, sign in ((0, -1), (1, 1))]  # fmt: skip
        self.crowd_usd = np.array([usd for side in fuel for _, usd in side])
        self.longs = len(fuel[0])
        quotes = [list(in_lots(_both_ways(coin, side, sign))) for side, sign in ((0, -1), (1, 1))]
        exchange = opened(len(self.crowd_usd), sum(map(len, quotes)) + 10)
        account = CROWD
        for sign, side in zip((-1, 1), fuel, strict=True):
            for price, lots in in_lots(side):
                endow(exchange, account, sign, price, lots)
                account += 1
        self.start = (exchange, [Maker(exchange, sign, one) for sign, one in zip((-1, 1), quotes, strict=True)])
        for maker in self.start[1]:
            maker.quote_beyond(exchange.instruments[0].ticks(PRICE))
        exchange.log.events.clear()  # how it was set up is no part of a path, and long to copy

    def walk(self, moves, shock_usd=0.0):
        """A market order, then exogenous log moves; after each the engine works until nothing moves."""
        exchange, makers = copy.deepcopy(self.start)
        seen = []
        if shock_usd:
            market_order(exchange, math.copysign(1, shock_usd), abs(shock_usd))
            seen.append(until_nothing_moves(exchange))
        tick = exchange.state.books[0].last_tick
        for move in moves:
            tick = round(tick * math.exp(move))
            for maker in makers:
                maker.quote_beyond(tick)
            print_at(exchange, tick)
            seen.append(tick)
            tick = until_nothing_moves(exchange)
            seen.append(tick)
        gone = np.array(assert_closed_by_trades(exchange), dtype=int) - CROWD
        longs = float(self.crowd_usd[gone[gone < self.longs]].sum())
        shorts = float(self.crowd_usd[gone[gone >= self.longs]].sum())
        home = round(PRICE / TICK)
        return Walked(max(home, *seen) * TICK, min(home, *seen) * TICK, tick * TICK, longs, shorts)


def _both_ways(coin, side, sign):
    """(price, USD) of a side's quotes; on the other side of the start its first bin's depth goes on."""
    depth = coin.depth_usd[side]
    behind = rows(np.full(depth.size, depth[0]), -sign, per_bin=QUOTES_PER_BIN, bin_bps=coin.bin_bps)
    yield from reversed(list(behind))
    yield from rows(depth, sign, per_bin=QUOTES_PER_BIN, bin_bps=coin.bin_bps)
