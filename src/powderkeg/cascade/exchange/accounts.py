"""Accounts as arrays of whole numbers: wallets, and a position per account and instrument.

A position is kept as lots and cost (signed value at entry), so profit is lots · mark − cost without an entry price
that would have to be rounded. Account 0 is the insurance fund.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from powderkeg.cascade.exchange.integers import FlagArray, IntArray

FUND: Final = 0
"""The insurance fund's account."""

DEPOSITS, WITHDRAWALS, FEES = range(3)


class Accounts(NamedTuple):
    """The ledger; money in units, see `integers`.

    Attributes:
        wallet: [A] balance that backs the cross positions.
        lots: [A, I] position, positive long.
        cost: [A, I] its signed value at entry; 0 where there is none.
        margin: [A, I] of an isolated position; 0 where cross.
        isolated: [A, I] 1 where the account holds the instrument in isolated mode.
        leverage: [A, I] what the account chose.
        open_lots: [A, I, 2] resting in the book: sells, buys.
        partial_ns: [A, I] when a first liquidation step was last sent; −1 never.
        totals: [3] deposits, withdrawals and fees since the beginning.
    """

    wallet: IntArray
    lots: IntArray
    cost: IntArray
    margin: IntArray
    isolated: FlagArray
    leverage: IntArray
    open_lots: IntArray
    partial_ns: IntArray
    totals: IntArray


def empty_accounts(count: int, instruments: int, leverage: int) -> Accounts:
    """Accounts without money or positions, all cross.

    Args:
        count: how many, the fund included.
        instruments: how many.
        leverage: of all to begin with.
    """
    shape = (count, instruments)
    return Accounts(
        wallet=np.zeros(count, dtype=np.int64),
        lots=np.zeros(shape, dtype=np.int64),
        cost=np.zeros(shape, dtype=np.int64),
        margin=np.zeros(shape, dtype=np.int64),
        isolated=np.zeros(shape, dtype=np.int8),
        leverage=np.full(shape, leverage, dtype=np.int64),
        open_lots=np.zeros((*shape, 2), dtype=np.int64),
        partial_ns=np.full(shape, -1, dtype=np.int64),
        totals=np.zeros(3, dtype=np.int64),
    )


def ledger_gap(accounts: Accounts, worth: IntArray) -> int:
    """Deposits − withdrawals less everything that is held; 0 to the unit, always.

    Args:
        accounts: the ledger.
        worth: [I] money units of one lot at mark.

    Returns:
        deposits − withdrawals − (Σ wallets and margins + Σ unrealized PnL + fees); the fund is an account.
    """
    held = int(accounts.wallet.sum()) + int(accounts.margin.sum())
    profit = sum(int(lots) * int(price) for lots, price in zip(accounts.lots.sum(axis=0), worth, strict=True))
    profit -= int(accounts.cost.sum())
    net = int(accounts.totals[DEPOSITS]) - int(accounts.totals[WITHDRAWALS])
    return net - held - profit - int(accounts.totals[FEES])
