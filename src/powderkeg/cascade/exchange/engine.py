"""The exchange: what may be asked of it, each request checked, logged and carried out to the unit.

    >>> from powderkeg.cascade.exchange import BINANCE_LIKE, Exchange, Instrument
    >>> from powderkeg.margin import tier_table
    >>> btc = Instrument.of(symbol="BTC/USDT:USDT", tick="0.1", lot="0.001", low_price=50_000, high_price=150_000,
    ...                     tiers=tier_table("binance-usdm", "BTCUSDT"))
    >>> exchange = Exchange([btc], BINANCE_LIKE, account_count=4)
    >>> for account in (1, 2):
    ...     exchange.deposit(account, 10_000)
    >>> exchange.update_index([btc.ticks(94_640)])
    >>> exchange.order(1, 0, -btc.lots(0.5), btc.ticks(94_641)).left_lots
    500
    >>> exchange.order(2, 0, btc.lots(0.2)).value_units
    18928200000
    >>> exchange.gap()
    0

Account 0 is the insurance fund. Time moves by `advance` alone. The mark moves, and everybody is checked against it,
with every `update_index`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from powderkeg.cascade.exchange import book_kernels as k
from powderkeg.cascade.exchange.accounts import DEPOSITS, FUND, WITHDRAWALS, ledger_gap
from powderkeg.cascade.exchange.check_kernels import margin_kernel
from powderkeg.cascade.exchange.funding import pay_funding, rate_of
from powderkeg.cascade.exchange.instruments import Instrument
from powderkeg.cascade.exchange.integers import MAX_LOTS, MAX_UNITS, UNITS_PER_QUOTE
from powderkeg.cascade.exchange.liquidation import liquidate_all, unwind
from powderkeg.cascade.exchange.log import Event, EventLog, Kind, hash_of
from powderkeg.cascade.exchange.mark import mark_of, observe, take_premium
from powderkeg.cascade.exchange.parts import Part, equity
from powderkeg.cascade.exchange.rules import VenueRules
from powderkeg.cascade.exchange.state import State
from powderkeg.domain.errors import InputError

MAX_INSTRUMENTS: Final = 16
"""Money of one account over all instruments then fits in 62 bits."""

NO_MARGIN, NO_ROOM, BOOK_FULL = 1, 2, 3
"""Why an order was refused; `Event.other` of a REFUSED record."""


class OrderResult(NamedTuple):
    """What became of an order.

    Attributes:
        handle: of what rests in the book, None where nothing does.
        left_lots: not traded; without a handle they are gone.
        value_units: traded, unsigned.
        refused: 0, or why nothing was done.
    """

    handle: int | None
    left_lots: int
    value_units: int
    refused: int = 0


class Exchange:
    """One venue with several instruments settled in one currency.

    Args:
        instruments: what is traded, at most `MAX_INSTRUMENTS`.
        rules: the venue's.
        account_count: accounts, the fund included.
        max_orders: that can rest in a book.
        keep_outcomes: keep outcomes in the log; inputs are always kept.

    Raises:
        InputError: no instrument or too many, or no account beside the fund.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        rules: VenueRules,
        *,
        account_count: int,
        max_orders: int = 4_096,
        keep_outcomes: bool = True,
    ) -> None:
        if not 0 < len(instruments) <= MAX_INSTRUMENTS or account_count < 2:
            raise InputError(
                f"{len(instruments)} instruments and {account_count} accounts; an exchange has 1 to {MAX_INSTRUMENTS} "
                "instruments and at least 2 accounts, the first of them its fund"
            )
        self.log = EventLog(keep=keep_outcomes)
        self.state = State(instruments, rules, account_count=account_count, max_orders=max_orders, log=self.log)
        self._max_orders = max_orders
        self._margin_after = margin_kernel()

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """What is traded."""
        return self.state.instruments

    @property
    def rules(self) -> VenueRules:
        """The venue's."""
        return self.state.rules

    @property
    def max_orders(self) -> int:
        """Orders that can rest in a book."""
        return self._max_orders

    def gap(self) -> int:
        """Deposits − withdrawals less everything held, units: 0, always."""
        return ledger_gap(self.state.accounts, self.state.worth)

    def state_hash(self) -> str:
        """A hash over every array of the state."""
        return hash_of(self.state.arrays())

    def equity_units(self, account: int) -> int:
        """Wallet and PnL of an account's cross part, units."""
        return equity(self.state, Part(self._checked(account)))

    def advance(self, ts_ns: int) -> None:
        """Let time pass.

        Raises:
            InputError: it would go back.
        """
        if ts_ns < self.state.now_ns:
            raise InputError(f"time {ts_ns} is before {self.state.now_ns}; it does not go back")
        self.state.now_ns = ts_ns

    def deposit(self, account: int, quote: float) -> None:
        """Pay money in; into account 0 to endow the fund.

        Args:
            account: whose.
            quote: how much, to the millionth.

        Raises:
            InputError: not above 0, or more than the arithmetic holds.
        """
        self.deposit_units(account, round(quote * UNITS_PER_QUOTE))

    def deposit_units(self, account: int, units: int) -> None:
        """The same in money units."""
        totals = self.state.accounts.totals
        if not 0 < units <= MAX_UNITS or int(totals[DEPOSITS]) + units > 4 * MAX_UNITS:
            raise InputError(
                f"a deposit of {units / UNITS_PER_QUOTE:,}; one is above 0, and all of them together are at most "
                f"{4 * MAX_UNITS // UNITS_PER_QUOTE:,}"
            )
        self._note(Kind.DEPOSIT, account=self._checked(account), units=units)
        self.state.accounts.wallet[account] += units
        totals[DEPOSITS] += units

    def withdraw(self, account: int, quote: float) -> bool:
        """Pay money out, where the account's initial margins leave that much; whether it was paid."""
        return self.withdraw_units(account, round(quote * UNITS_PER_QUOTE))

    def withdraw_units(self, account: int, units: int) -> bool:
        """The same in money units."""
        if not 0 < units <= MAX_UNITS:
            raise InputError(f"a withdrawal of {units / UNITS_PER_QUOTE:,}; it must be above 0")
        self._note(Kind.WITHDRAWAL, account=self._checked(account), units=units)
        wallet = self.state.accounts.wallet
        wallet[account] -= units
        if int(wallet[account]) < 0 or self._free_margin(account)[1] < 0:
            wallet[account] += units
            self._note(Kind.REFUSED, account=account, other=NO_MARGIN)
            return False
        self.state.accounts.totals[WITHDRAWALS] += units
        return True

    def set_mode(self, account: int, instrument: int, *, leverage: int, isolated: bool = False) -> None:
        """Choose leverage and margin mode, while there is neither position nor order.

        Raises:
            InputError: there is one, or the leverage is not allowed.
        """
        self._checked(account, instrument)
        limit = self.instruments[instrument].max_leverage
        if not 1 <= leverage <= limit:
            raise InputError(f"leverage is {leverage}; {self.instruments[instrument].symbol} allows 1 to {limit}")
        held = self.state.accounts
        if held.lots[account, instrument] or held.open_lots[account, instrument].any():
            raise InputError(f"account {account} has a position or orders; mode and leverage change without them")
        self._note(Kind.MODE, instrument, account, int(isolated), units=leverage)
        held.leverage[account, instrument] = leverage
        held.isolated[account, instrument] = int(isolated)

    def block(self, buyer: int, seller: int, instrument: int, lots: int, tick: int) -> None:
        """Let two accounts trade at a price they agree on, without book, fee and margin check: how a scenario begins.

        Raises:
            InputError: lots or tick out of range, or one account on both sides.
        """
        self._checked(buyer, instrument)
        self._checked(seller)
        one = self.instruments[instrument]
        longest = max(abs(int(self.state.accounts.lots[who, instrument])) for who in (buyer, seller)) + lots
        if lots < 1 or longest > one.max_lots or not one.low_tick <= tick < one.high_tick or buyer == seller:
            raise InputError(f"a block of {lots} lots at tick {tick} from {seller} to {buyer} cannot be")
        self._note(Kind.BLOCK, instrument, buyer, seller, lots, tick)
        for account, sign in ((buyer, 1), (seller, -1)):
            self.state.transfer(account, instrument, sign * lots, sign * lots * tick * one.tick_units)

    def order(
        self, account: int, instrument: int, lots: int, tick: int | None = None, kind: int = k.LIMIT
    ) -> OrderResult:
        """Place an order.

        Args:
            account: whose; not the fund.
            instrument: index.
            lots: signed, buys positive.
            tick: limit; None is a market order, which trades at any price of the book and never rests.
            kind: LIMIT, IMMEDIATE or FILL_OR_KILL of `book_kernels`.

        Raises:
            InputError: lots or tick out of range.
        """
        self._checked(account, instrument)
        one = self.instruments[instrument]
        if not 0 < abs(lots) <= MAX_LOTS or account == FUND:
            raise InputError(f"an order of {lots} lots by account {account}; lots are 1 to {MAX_LOTS:,}, 0 is the fund")
        if tick is None:
            tick, kind = (one.high_tick - 1 if lots > 0 else one.low_tick), k.IMMEDIATE
        if not one.low_tick <= tick < one.high_tick:
            raise InputError(f"tick is {tick}; {one.symbol} has {one.low_tick} to {one.high_tick - 1}")
        if not self.state.worth[instrument]:
            raise InputError(f"{one.symbol} has no mark yet; call update_index before the first order")
        self._note(Kind.ORDER, instrument, account, kind, lots, tick)
        state = self.state
        held = state.accounts
        reach = abs(int(held.lots[account, instrument])) + int(held.open_lots[account, instrument].sum()) + abs(lots)
        if reach > one.max_lots:
            return self._refuse(account, instrument, lots, NO_ROOM)
        raised, free = self._free_margin(account, instrument, lots)
        if raised > 0 and free < 0:
            return self._refuse(account, instrument, lots, NO_MARGIN)
        handle, left, value = state.submit(account, instrument, lots, tick, kind)
        if handle < 0 and left and kind == k.LIMIT:
            self._refuse(account, instrument, lots, BOOK_FULL)
        return OrderResult(None if handle < 0 else handle, left, value)

    def cancel(self, account: int, instrument: int, handle: int) -> int:
        """Take an own order out; its lots, 0 where it is gone or another's."""
        self._note(Kind.CANCEL, self._checked_instrument(instrument), self._checked(account), units=handle)
        known = self.state.books[instrument].order(handle)
        return 0 if known is None or known[0] != account else self.state.cancel(instrument, handle)

    def cancel_all(self, account: int, instrument: int) -> None:
        """Take all own orders of an instrument out."""
        self._note(Kind.CANCEL_ALL, self._checked_instrument(instrument), self._checked(account))
        self.state.cancel_all(account, instrument)

    def update_index(self, index_ticks: Sequence[int | None]) -> None:
        """New index prices: marks follow, then all accounts are checked and what is deficient is liquidated.

        Args:
            index_ticks: [I] ticks, None where it is as before.

        Raises:
            InputError: not one per instrument, or outside the book's range.
        """
        if len(index_ticks) != len(self.instruments):
            raise InputError(f"{len(index_ticks)} index prices for {len(self.instruments)} instruments")
        for i, (one, tick) in enumerate(zip(self.instruments, index_ticks, strict=True)):
            if tick is not None and not one.low_tick <= tick < one.high_tick:
                raise InputError(f"index tick is {tick}; {one.symbol} has {one.low_tick} to {one.high_tick - 1}")
            if tick is None and not self.state.index_ticks[i]:
                raise InputError(f"{one.symbol} has no index price yet; give one")
        for i, tick in enumerate(index_ticks):
            self._note(Kind.INDEX, i, tick=tick or 0)
            self._mark(i, tick)
        unwind(self.state)
        liquidate_all(self.state)

    def settle_funding(self, instrument: int) -> int:
        """Let longs and shorts pay each other for the premium since the last time; the rate, billionths."""
        self._note(Kind.SETTLE_FUNDING, self._checked_instrument(instrument))
        state = self.state
        interval = state.rules.funding_interval_ns
        rate = rate_of(take_premium(state.memory[instrument]), interval)
        paid, kept = pay_funding(state.accounts, instrument, int(state.worth[instrument]), rate)
        state.funding[instrument] = (rate, state.now_ns + interval)
        for account in paid.nonzero()[0].tolist():
            self._note(Kind.FUNDING, instrument, account, FUND, units=-int(paid[account]))
        self._note(Kind.FUNDING, instrument, FUND, -1, units=kept)
        return rate

    def _mark(self, i: int, tick: int | None) -> None:
        state = self.state
        if tick is not None:
            state.index_ticks[i] = tick
        index = int(state.index_ticks[i])
        quote = state.quote(i)
        rate, due_ns = (int(number) for number in state.funding[i])
        carry = rate * max(0, due_ns - state.now_ns) // state.rules.funding_interval_ns
        observe(state.memory[i], quote=quote, index_tick=index, now_ns=state.now_ns)
        mark = mark_of(state.rules.mark, state.memory[i], quote=quote, index_tick=index, carry=carry)
        one = self.instruments[i]
        mark = min(max(mark, one.low_tick), one.high_tick - 1)
        state.move_mark(i, mark)
        self._note(Kind.MARK, i, tick=mark, units=index)

    def _refuse(self, account: int, instrument: int, lots: int, why: int) -> OrderResult:
        self._note(Kind.REFUSED, instrument, account, why, lots)
        return OrderResult(None, abs(lots), 0, why)

    def _free_margin(self, account: int, instrument: int = 0, lots: int = 0) -> tuple[int, int]:
        state = self.state
        margins = (state.accounts.open_lots, state.accounts.leverage)
        return self._margin_after(state.ledger[:5], margins, account, instrument, lots, state.worth)

    def _note(
        self,
        kind: Kind,
        instrument: int = -1,
        account: int = -1,
        other: int = -1,
        lots: int = 0,
        tick: int = 0,
        units: int = 0,
    ) -> None:
        self.log.add(Event(self.state.now_ns, kind, instrument, account, other, lots, tick, units))

    def _checked(self, account: int, instrument: int | None = None) -> int:
        if instrument is not None:
            self._checked_instrument(instrument)
        if not 0 <= account < len(self.state.accounts.wallet):
            raise InputError(f"account {account}; there are 0 to {len(self.state.accounts.wallet) - 1}")
        return account

    def _checked_instrument(self, instrument: int) -> int:
        if not 0 <= instrument < len(self.instruments):
            raise InputError(f"instrument {instrument}; there are 0 to {len(self.instruments) - 1}")
        return instrument
