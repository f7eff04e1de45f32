"""Everything the exchange knows, and the few ways in which money and orders move.

Every module of the engine works on one `State`; nothing else holds any. All money that moves goes through `submit`
(trades), `transfer` (closing at a value that is no price) and `funding.pay_funding`, so conservation has three places
to be proven at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.exchange import book_kernels as k
from powderkeg.cascade.exchange.accounts import FUND, Accounts, empty_accounts
from powderkeg.cascade.exchange.book import OrderBook
from powderkeg.cascade.exchange.check_kernels import deficient_kernel, safe_equity
from powderkeg.cascade.exchange.instruments import Instrument, tier_units
from powderkeg.cascade.exchange.integers import IntArray
from powderkeg.cascade.exchange.log import Event, EventLog, Kind
from powderkeg.cascade.exchange.mark import empty_marks
from powderkeg.cascade.exchange.rules import VenueRules
from powderkeg.cascade.exchange.settle_kernels import change_kernel, settle_kernel


class State:
    """The exchange's memory.

    Args:
        instruments: what is traded.
        rules: how.
        account_count: accounts, the fund included.
        max_orders: per book.
        log: where events go.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        rules: VenueRules,
        *,
        account_count: int,
        max_orders: int,
        log: EventLog,
    ) -> None:
        count = len(instruments)
        self.instruments = tuple(instruments)
        self.rules = rules
        self.log = log
        self.now_ns = 0
        self.tiers = tier_units(instruments)
        self.safe = safe_equity(self.tiers)
        self.accounts: Accounts = empty_accounts(account_count, count, 1)
        self.accounts.leverage[:] = [each.max_leverage for each in instruments]
        self.books = [
            OrderBook(low_tick=each.low_tick, high_tick=each.high_tick, max_orders=max_orders) for each in instruments
        ]
        self.tick_units = np.array([each.tick_units for each in instruments], dtype=np.int64)
        self.terms = np.array(
            [(each.low_tick, each.tick_units, each.maker_fee_rate, each.taker_fee_rate) for each in instruments],
            dtype=np.int64,
        )
        self.index_ticks = np.zeros(count, dtype=np.int64)
        self.mark_ticks = np.zeros(count, dtype=np.int64)
        self.previous_ticks = np.zeros(count, dtype=np.int64)
        self.worth = np.zeros(count, dtype=np.int64)
        self.funding = np.zeros((count, 2), dtype=np.int64)  # last rate in billionths, next payment in ns
        self.memory = empty_marks(count)
        held = self.accounts
        self.ledger = (held.wallet, held.lots, held.cost, held.margin, held.isolated, held.leverage)
        self._moving = (held.open_lots, held.totals)
        self._settle, self._change, self._deficient = settle_kernel(), change_kernel(), deficient_kernel()

    def submit(self, account: int, instrument: int, lots: int, tick: int, kind: int) -> tuple[int, int, int]:
        """Send an order to the book and settle what it meets.

        Args:
            account: whose.
            instrument: index.
            lots: signed, buys positive.
            tick: limit; held inside the book's range.
            kind: of `book_kernels`.

        Returns:
            (handle or −1, lots left unsigned, value traded in units unsigned).
        """
        book, is_buy = self.books[instrument], int(lots > 0)
        level = min(max(tick, book.low_tick), book.high_tick - 1) - book.low_tick
        handle, left, count = book.send(kind, account, is_buy, level, abs(lots))
        if handle >= 0:
            self.accounts.open_lots[account, instrument, is_buy] += left
        value = 0
        if count:
            rows = book.fill_rows[:count]
            terms = self.terms[instrument]
            _, value, paid = self._settle(self.ledger, self._moving, rows, account, is_buy, instrument, terms)
            self._write(rows, account, instrument, 1 if is_buy else -1)
            if paid:
                self.log.add(Event(self.now_ns, Kind.SHORTFALL, instrument, FUND, account, units=-int(paid)))
        return handle, left, int(value)

    def _write(self, rows: IntArray, account: int, instrument: int, sign: int) -> None:
        low, unit, kind = self.books[instrument].low_tick, int(self.tick_units[instrument]), Kind.TRADE
        for _, maker, level, lots, fill in rows.tolist():
            if fill == k.TRADE:
                tick = level + low
                self.log.add(
                    Event(self.now_ns, kind, instrument, account, maker, sign * lots, tick, sign * lots * tick * unit)
                )

    def cancel(self, instrument: int, handle: int) -> int:
        """Take an order out; its lots, 0 where there is none."""
        known = self.books[instrument].order(handle)
        if known is None:
            return 0
        owner, is_buy, _, lots = known
        self.books[instrument].cancel(handle)
        self.accounts.open_lots[owner, instrument, int(is_buy)] -= lots
        return lots

    def cancel_all(self, account: int, instrument: int) -> None:
        """Take all orders of an account in one instrument out."""
        if self.accounts.open_lots[account, instrument].any():
            for handle in self.books[instrument].orders_of(account).tolist():
                self.books[instrument].cancel(handle)
            self.accounts.open_lots[account, instrument] = 0

    def transfer(self, account: int, instrument: int, change: int, cost: int) -> None:
        """Change a position for a signed value, without a book and without a fee."""
        paid = self._change(self.ledger, account, instrument, change, cost)
        if paid:
            self.log.add(Event(self.now_ns, Kind.SHORTFALL, instrument, FUND, account, units=-int(paid)))

    def move_mark(self, instrument: int, tick: int) -> None:
        """Set the mark, and remember the one before."""
        before = int(self.mark_ticks[instrument])
        self.previous_ticks[instrument] = before or tick
        self.mark_ticks[instrument] = tick
        self.worth[instrument] = tick * int(self.tick_units[instrument])

    def deficient(self) -> list[int]:
        """Accounts with a part to liquidate, in order."""
        out = np.empty(len(self.accounts.wallet), dtype=np.int8)
        self._deficient(self.ledger[:5], self.worth, self.safe, tuple(self.tiers), out)
        return np.flatnonzero(out).tolist()

    def quote(self, instrument: int) -> tuple[int, int, int]:
        """Best bid, best ask and last price; where one is missing the nearest of the others, at last the index."""
        book = self.books[instrument]
        index = int(self.index_ticks[instrument])
        bid, ask = book.best_bid, book.best_ask
        last = book.last_tick if book.last_tick is not None else index
        if bid is None:
            bid = min(last, ask) if ask is not None else last
        return bid, max(bid, last) if ask is None else ask, last

    def arrays(self) -> Iterator[NDArray[np.int8] | IntArray]:
        """Every array the state consists of."""
        yield from self.accounts
        for book in self.books:
            yield from book.arrays
        yield from (self.index_ticks, self.mark_ticks, self.previous_ticks, self.funding, self.memory)
