"""Many accounts at once: equity, maintenance and who is liquidatable, cross and isolated, over many instruments.

    >>> import numpy as np
    >>> from powderkeg.margin import TierTable, build_accounts, check
    >>> tiers = TierTable.from_rows([{"floor": 0, "mmr": 0.01}], unit="USDT", date="2026-01-14", source="an example")
    >>> accounts = build_accounts(
    ...     wallet_balance=np.array([1_000.0, 1_000.0]), qty=np.array([[0.1, 0.0], [0.1, -2.0]]),
    ...     entry_price=np.array([[95_000.0, 0.0], [95_000.0, 3_300.0]]), instrument=np.array([[0, 0], [0, 1]]),
    ...     tiers=[tiers, tiers])
    >>> check(accounts, np.array([97_000.0, 3_900.0]))
    array([False,  True])

An account is a row of at most P positions; long and short of one instrument (hedge mode) are two of them. All its
instruments settle in one currency. Venue rules beyond "equity at or below maintenance" (fees held back, partial steps)
are the venue modules'.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind
from powderkeg.margin.account_kernels import IntArray, Tables, cross_kernel, safe_rates, state_kernel
from powderkeg.margin.checks import FloatArray, contract_is_inverse, number, positive
from powderkeg.margin.tiers import TierTable

BoolArray = NDArray[np.bool_]


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts as arrays; make them with `build_accounts`.

    Attributes:
        wallet_balance: [A] balance behind the cross positions, settle currency.
        exposure: [A, P] signed base (linear) or minus signed USD face (inverse); 0 where there is no position.
        entry_worth: [A, P] entry price (linear) or its inverse (inverse).
        instrument: [A, P] index into marks and tables.
        isolated_margin: [A, P] margin of isolated positions, NaN where cross; None where all are cross.
        inverse: the instruments are coin-margined.
        tables: tiers of every instrument, see `account_kernels.Tables`.
        safe: see `account_kernels.safe_rates`.
    """

    wallet_balance: FloatArray
    exposure: FloatArray
    entry_worth: FloatArray
    instrument: IntArray
    isolated_margin: FloatArray | None
    inverse: bool
    tables: Tables
    safe: FloatArray


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """Where accounts stand at given marks, in settle currency.

    Attributes:
        equity: [A] wallet and unrealized PnL of the cross positions.
        maintenance_margin: [A] of the cross positions.
        isolated_equity: [A, P] margin and unrealized PnL of an isolated position, NaN where cross.
        isolated_maintenance_margin: [A, P] NaN where cross.
    """

    equity: FloatArray
    maintenance_margin: FloatArray
    isolated_equity: FloatArray
    isolated_maintenance_margin: FloatArray

    @property
    def margin_ratio(self) -> FloatArray:
        """[A] maintenance over equity: 0 without positions, infinite where equity is gone; 1 and above liquidates."""
        held = self.maintenance_margin > 0.0
        ratio = np.where(held, np.inf, 0.0)
        np.divide(self.maintenance_margin, self.equity, out=ratio, where=held & (self.equity > 0.0))
        return ratio

    @property
    def cross_liquidatable(self) -> BoolArray:
        """[A] the cross positions' equity is at or below their maintenance."""
        return (self.maintenance_margin > 0.0) & (self.equity <= self.maintenance_margin)

    @property
    def isolated_liquidatable(self) -> BoolArray:
        """[A, P] an isolated position's equity is at or below its maintenance."""
        needed = self.isolated_maintenance_margin
        return (needed > 0.0) & (self.isolated_equity <= needed)


def build_accounts(
    *,
    wallet_balance: FloatArray,
    qty: FloatArray,
    entry_price: FloatArray,
    instrument: NDArray[np.integer],
    tiers: Sequence[TierTable],
    contract: ContractKind = "linear",
    isolated_margin: FloatArray | None = None,
) -> Accounts:
    """Lay accounts out for checking.

    Args:
        wallet_balance: [A] balance behind the cross positions, settle currency.
        qty: [A, P] base units (linear) or USD face (inverse), positive long, negative short, 0 for no position.
        entry_price: [A, P] quote per base, > 0 wherever there is a position.
        instrument: [A, P] index into `tiers`.
        tiers: one table per instrument, all in the settle currency.
        contract: linear or inverse, for all of them.
        isolated_margin: [A, P] margin of isolated positions, NaN where cross; None where all are cross.

    Raises:
        InputError: shapes differ, a number is out of range, an instrument has no table or they differ in currency.
    """
    inverse = contract_is_inverse(contract)
    wallet = np.ascontiguousarray(wallet_balance, dtype=np.float64)
    held = np.ascontiguousarray(qty, dtype=np.float64)
    entry = np.ascontiguousarray(entry_price, dtype=np.float64)
    index = np.ascontiguousarray(instrument, dtype=np.int32)
    own = None if isolated_margin is None else np.ascontiguousarray(isolated_margin, dtype=np.float64)
    shape = held.shape
    if held.ndim != 2 or wallet.shape != shape[:1] or entry.shape != shape or index.shape != shape:
        raise InputError(
            f"wallet_balance [A], qty, entry_price and instrument [A, P] do not fit: "
            f"{wallet.shape}, {shape}, {entry.shape}, {index.shape}"
        )
    if own is not None and own.shape != shape:
        raise InputError(f"isolated_margin is {own.shape}, qty is {shape}; they must be equal")
    number("wallet_balance", wallet)
    number("qty", held)
    empty = held == 0.0
    worth = np.where(empty, 1.0, entry)
    positive("entry_price", worth)
    if index.size and not 0 <= index.min() <= index.max() < len(tiers):
        raise InputError(f"instrument runs from {index.min()} to {index.max()}; there are {len(tiers)} tier tables")
    if own is not None:
        own = np.where(empty, np.nan, own)
        number("isolated_margin", own[~np.isnan(own)])
    tables = _tables(tiers)
    return Accounts(
        wallet_balance=wallet,
        exposure=-held if inverse else held,
        entry_worth=1.0 / worth if inverse else worth,
        instrument=index,
        isolated_margin=own,
        inverse=inverse,
        tables=tables,
        safe=safe_rates(tables),
    )


def check(accounts: Accounts, marks: FloatArray) -> BoolArray:
    """Which accounts have something to liquidate: cross equity, or that of an isolated position, at or below its need.

    Args:
        accounts: as built.
        marks: [I] mark price per instrument, quote per base.

    Returns:
        [A]; `state` says which part of an account it is.

    Raises:
        InputError: a mark is missing, not finite or not above 0.
    """
    if accounts.isolated_margin is not None:
        now = state(accounts, marks)
        return now.cross_liquidatable | now.isolated_liquidatable.any(axis=1)
    out = np.empty(accounts.wallet_balance.shape, dtype=np.bool_)
    cross_kernel()(
        accounts.wallet_balance, _book(accounts), _worth(accounts, marks), accounts.safe, accounts.tables, out
    )
    return out


def state(accounts: Accounts, marks: FloatArray) -> AccountState:
    """Equity and maintenance of every account and every isolated position.

    Arguments and errors as in `check`.
    """
    shape = accounts.exposure.shape
    own = accounts.isolated_margin
    out = (np.empty(shape[0]), np.empty(shape[0]), np.empty(shape), np.empty(shape))
    state_kernel()(
        accounts.wallet_balance,
        _book(accounts),
        np.full(shape, np.nan) if own is None else own,
        _worth(accounts, marks),
        accounts.tables,
        out,
    )
    return AccountState(
        equity=out[0], maintenance_margin=out[1], isolated_equity=out[2], isolated_maintenance_margin=out[3]
    )


def _book(accounts: Accounts) -> tuple[FloatArray, FloatArray, IntArray]:
    return accounts.exposure, accounts.entry_worth, accounts.instrument


def _worth(accounts: Accounts, marks: FloatArray) -> FloatArray:
    prices = np.ascontiguousarray(marks, dtype=np.float64)
    wanted = (accounts.tables[0].shape[0],)
    if prices.shape != wanted:
        raise InputError(f"marks has shape {prices.shape}; one per instrument is {wanted}")
    positive("marks", prices)
    return 1.0 / prices if accounts.inverse else prices


def _tables(tiers: Sequence[TierTable]) -> Tables:
    """Tables side by side, [I, T]; where one is shorter its last tier is repeated behind an infinite floor."""
    if not tiers:
        raise InputError("give at least one tier table")
    if len({table.unit for table in tiers}) > 1:
        raise InputError(f"tier tables are in {sorted({table.unit for table in tiers})}; one account has one currency")
    width = max(len(table.tiers) for table in tiers)
    floors = np.full((len(tiers), width), np.inf)
    rates, amounts = np.zeros_like(floors), np.zeros_like(floors)
    for row, table in enumerate(tiers):
        for block, column in zip((floors, rates, amounts), table.columns, strict=False):
            block[row, : len(column)] = column
    return floors, rates, amounts
