"""Who is below maintenance, and who may place an order: one pass over the accounts.

The check is exact. Maintenance of an instrument is convex in notional and 0 at 0, so their maximum F is superadditive
and the sum over an account's positions is at most F of its gross notional: an account whose equity is above F at the
next half octave needs no tier looked up, and so for an isolated position. Others are summed position by position.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from powderkeg.cascade.exchange.instruments import NEVER, TierUnits
from powderkeg.cascade.exchange.integers import IntArray, at_rate, at_rate_up
from powderkeg.margin.jit import compiled

BUCKET_SHIFT: Final = 51
"""A float64 without its 51 low bits is an exponent and one bit of mantissa: two buckets per octave."""

FIRST_BUCKET: Final = 1023 * 2
BUCKETS: Final = 62 * 2


def safe_equity(tiers: TierUnits) -> IntArray:
    """[buckets] equity above which no account of that gross notional is below maintenance.

    Args:
        tiers: of all instruments.
    """
    count = tiers.floors.shape[0]
    out = np.full(BUCKETS, NEVER, dtype=np.int64)
    for bucket in range(BUCKETS):
        edge = int(np.int64((FIRST_BUCKET + bucket + 1) << BUCKET_SHIFT).view(np.float64)) + 1
        worst = 0
        for i in range(count):
            reached = [n for n, floor in enumerate(tiers.floors[i]) if int(floor) <= edge]
            top = reached[-1]
            worst = max(worst, at_rate_up(edge, int(tiers.rates[i, top])) - int(tiers.amounts[i, top]))
        out[bucket] = min(NEVER, worst + 2 * count + 2)  # every position may round up, every amount be rounded down
    return out


def bucket_of(notional: Any, buckets: Any) -> Any:
    """The half octave a notional falls in."""
    return max(0, min(buckets - 1, (np.float64(notional).view(np.int64) >> BUCKET_SHIFT) - FIRST_BUCKET))


def maintenance_of(notional: Any, i: Any, floors: Any, rates: Any, amounts: Any) -> Any:
    """Maintenance margin of one position, rounded up."""
    tier = 0
    for n in range(1, floors.shape[1]):
        tier += notional >= floors[i, n]
    return max(0, at_rate_up(notional, rates[i, tier]) - amounts[i, tier])


def mark_deficient(ledger: Any, worth: Any, safe: Any, tiers: Any, out: Any) -> None:
    """Which accounts have a part to liquidate: equity at or below maintenance, or below 0.

    Args:
        ledger: (wallet, lots, cost, margin, isolated), see `accounts.Accounts`.
        worth: [I] money units of one lot at mark.
        safe: see `safe_equity`.
        tiers: see `TierUnits`.
        out: [A] receives 1 or 0; the fund has none.
    """
    wallet, lots, cost, margin, isolated = ledger
    floors, rates, amounts = tiers
    out[0] = 0
    for a in range(1, wallet.shape[0]):
        equity, gross, hit = wallet[a], 0, 0
        for i in range(lots.shape[1]):
            value = lots[a, i] * worth[i]
            profit = value - cost[a, i]
            if isolated[a, i]:
                own = margin[a, i] + profit
                if value != 0 and own <= safe[bucket_of(abs(value), safe.shape[0])]:
                    hit |= own <= maintenance_of(abs(value), i, floors, rates, amounts)
            else:
                equity += profit
                gross += abs(value)
        if equity > safe[bucket_of(gross, safe.shape[0])]:
            out[a] = hit
            continue
        needed = 0
        for i in range(lots.shape[1]):
            if not isolated[a, i]:
                needed += maintenance_of(abs(lots[a, i] * worth[i]), i, floors, rates, amounts)
        out[a] = hit or equity < 0 or (gross > 0 and equity <= needed)


def margin_after(ledger: Any, margins: Any, a: Any, i: Any, change: Any, worth: Any) -> Any:
    """What an order would leave of an account's free margin.

    That is equity less the initial margin of the largest positions that its resting orders could come to.

    Args:
        ledger: as above.
        margins: (open_lots, leverage).
        a: account.
        i: instrument.
        change: lots of the order, buys positive; 0 asks for the free margin as it is.
        worth: [I] money units of one lot at mark.

    Returns:
        (by how many lots the order raises its instrument's largest position, free margin after it in units).
    """
    wallet, lots, cost, _, isolated = ledger
    resting, leverage = margins
    free = wallet[a]
    raised = 0
    for n in range(lots.shape[1]):
        held, sells, buys = lots[a, n], resting[a, n, 0], resting[a, n, 1]
        worst = max(abs(held + buys), abs(held - sells))
        if n == i:
            before = worst
            worst = max(abs(held + buys + max(0, change)), abs(held - sells + min(0, change)))
            raised = worst - before
        if isolated[a, n]:
            worst = max(0, worst - abs(held))
        else:
            free += held * worth[n] - cost[a, n]
        free -= -(-worst * worth[n] // leverage[a, n])
    return raised, free


_LEDGER: Final = "Tuple((int64[::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int8[:, ::1]))"


@cache
def deficient_kernel() -> Any:
    """`mark_deficient`, compiled."""
    signature = f"void({_LEDGER}, int64[::1], int64[::1], UniTuple(int64[:, ::1], 3), int8[::1])"
    return compiled(mark_deficient, signature, at_rate, at_rate_up, bucket_of, maintenance_of)


@cache
def margin_kernel() -> Any:
    """`margin_after`, compiled."""
    signature = (
        f"UniTuple(int64, 2)({_LEDGER}, Tuple((int64[:, :, ::1], int64[:, ::1])), int64, int64, int64, int64[::1])"
    )
    return compiled(margin_after, signature)
