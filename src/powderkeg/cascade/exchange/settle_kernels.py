"""What a trade does to two accounts, to the unit.

A change of position has lots and a value (signed, buys positive). Opening adds both. Closing part of a position takes
its share of the cost out, rounded down; the remainder stays in the cost of what is left, so nothing is lost. What is
realized goes to the wallet, of an isolated position by way of its margin: margin is set free in proportion, a loss
beyond that eats the rest, and what the last lot leaves negative is the insurance fund's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from powderkeg.cascade.exchange.integers import at_rate, at_rate_up, share_of
from powderkeg.margin.jit import compiled


def open_lots(ledger: Any, a: Any, i: Any, change: Any, cost: Any) -> None:
    """Open a position or add to it; an isolated one takes its initial margin from the wallet."""
    wallet, lots, costs, margin, isolated, leverage = ledger
    lots[a, i] += change
    costs[a, i] += cost
    if isolated[a, i]:
        wanted = -(-abs(cost) // leverage[a, i])
        wallet[a] -= wanted
        margin[a, i] += wanted


def close_lots(ledger: Any, a: Any, i: Any, change: Any, cost: Any) -> Any:
    """Close part of a position or all of it, for a signed value; what the insurance fund paid, units."""
    wallet, lots, costs, margin, isolated, _ = ledger
    whole, part = abs(lots[a, i]), abs(change)
    released = share_of(costs[a, i], part, whole)
    realized = -cost - released
    costs[a, i] -= released
    lots[a, i] += change
    if not isolated[a, i]:
        wallet[a] += realized
        return 0
    free = share_of(max(0, margin[a, i]), part, whole)
    margin[a, i] -= free
    if free + realized >= 0:
        wallet[a] += free + realized
    else:
        margin[a, i] += free + realized
    shortfall = 0
    if lots[a, i] == 0:
        shortfall = max(0, -margin[a, i])
        wallet[a] += max(0, margin[a, i])
        wallet[0] -= shortfall
        margin[a, i] = 0
    return shortfall


def change_lots(ledger: Any, a: Any, i: Any, change: Any, cost: Any) -> Any:
    """Apply a trade of one account: close what is opposite, open the rest; what the fund paid, units.

    A trade that turns a position around has its value divided by lots: exact where it is price times lots.
    """
    held = ledger[1][a, i]
    if held * change >= 0:
        open_lots(ledger, a, i, change, cost)
        return 0
    if abs(change) <= abs(held):
        return close_lots(ledger, a, i, change, cost)
    closing = cost // change * -held
    shortfall = close_lots(ledger, a, i, -held, closing)
    open_lots(ledger, a, i, change + held, cost - closing)
    return shortfall


def settle_trades(ledger: Any, books: Any, fills: Any, taker: Any, is_buy: Any, i: Any, terms: Any) -> Any:
    """Settle what one order met.

    Args:
        ledger: wallet, lots, cost, margin, isolated, leverage of `accounts.Accounts`.
        books: (open_lots, totals) of the same.
        fills: [n, 5] rows of `book_kernels`.
        taker: account.
        is_buy: 1 where the taker bought.
        i: instrument.
        terms: [4] low_tick, tick_units, maker and taker fee rate.

    Returns:
        (lots traded, their value in units, what the insurance fund paid, units).
    """
    resting, totals = books
    wallet = ledger[0]
    sign = 1 if is_buy else -1
    traded = worth = paid = 0
    for n in range(fills.shape[0]):
        maker, lots = fills[n, 1], fills[n, 3]
        resting[maker, i, 0 if is_buy else 1] -= lots
        if fills[n, 4] != 0:
            continue
        cost = (fills[n, 2] + terms[0]) * terms[1] * lots
        paid += change_lots(ledger, taker, i, sign * lots, sign * cost)
        paid += change_lots(ledger, maker, i, -sign * lots, -sign * cost)
        taken, made = at_rate_up(cost, terms[3]), at_rate_up(cost, terms[2])
        wallet[taker] -= taken
        wallet[maker] -= made
        totals[2] += taken + made
        traded += lots
        worth += cost
    return traded, worth, paid


_LEDGER = "Tuple((int64[::1], int64[:, ::1], int64[:, ::1], int64[:, ::1], int8[:, ::1], int64[:, ::1]))"


@cache
def settle_kernel() -> Any:
    """`settle_trades`, compiled."""
    signature = (
        f"UniTuple(int64, 3)({_LEDGER}, Tuple((int64[:, :, ::1], int64[::1])), int64[:, ::1], int64, int64, int64, "
        "int64[::1])"
    )
    return compiled(settle_trades, signature, share_of, at_rate, at_rate_up, open_lots, close_lots, change_lots)


@cache
def change_kernel() -> Any:
    """`change_lots`, compiled: one account, one signed value."""
    signature = f"int64({_LEDGER}, int64, int64, int64, int64)"
    return compiled(change_lots, signature, share_of, open_lots, close_lots)
