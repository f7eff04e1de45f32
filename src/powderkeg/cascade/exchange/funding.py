"""Funding between the accounts of the exchange: what is paid is received, and the remainder goes to the fund."""

from __future__ import annotations

from typing import Final

import numpy as np

from powderkeg.cascade.exchange.accounts import FUND, Accounts
from powderkeg.cascade.exchange.integers import RATE_ONE, IntArray, at_rate, at_rate_up
from powderkeg.domain.time import NS_PER_HOUR
from powderkeg.margin.funding import CLAMP, INTEREST_RATE

BASE_NS: Final = 8 * NS_PER_HOUR
INTEREST: Final = round(INTEREST_RATE * RATE_ONE)
CORRECTION: Final = round(CLAMP * RATE_ONE)
CAP: Final = 20_000_000
"""2 % per interval either way: the order of the venues' caps, which differ by contract."""


def rate_of(premium: int, interval_ns: int) -> int:
    """The rate of one interval, billionths: the integer twin of `powderkeg.margin.funding.funding_rate`.

    Args:
        premium: mean premium, billionths.
        interval_ns: between payments.
    """
    corrected = premium + max(-CORRECTION, min(CORRECTION, INTEREST - premium))
    return max(-CAP, min(CAP, corrected * interval_ns // BASE_NS))


def pay_funding(accounts: Accounts, instrument: int, worth: int, rate: int) -> tuple[IntArray, int]:
    """Let one side pay the other.

    Payments are rounded up and receipts down; longs and shorts are equally many, so the difference is at least 0 and
    the fund keeps it. Isolated positions pay from their margin.

    Args:
        accounts: changed.
        instrument: index.
        worth: money units of one lot at mark.
        rate: billionths; positive: longs pay.

    Returns:
        ([A] what each account paid, units, negative where it received; what the fund kept).
    """
    lots = accounts.lots[:, instrument]
    values = np.abs(lots * worth)
    payer = lots * rate > 0
    pays: IntArray = at_rate_up(values, abs(rate))
    receives: IntArray = at_rate(values, abs(rate))
    paid = np.where(payer, pays, -receives)
    own = accounts.isolated[:, instrument] == 1
    accounts.margin[own, instrument] -= paid[own]
    accounts.wallet[~own] -= paid[~own]
    kept = int(paid.sum())
    accounts.wallet[FUND] += kept
    return paid, kept
