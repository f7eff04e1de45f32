"""A part of an account: what is liquidated as one, either its cross positions or one isolated position."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from powderkeg.cascade.exchange.instruments import maintenance_units
from powderkeg.cascade.exchange.state import State


class Part(NamedTuple):
    """Whose, and the instrument of an isolated position (None: all cross positions)."""

    account: int
    isolated: int | None = None


def parts_of(state: State, account: int) -> list[Part]:
    """The parts of an account: its cross positions first."""
    own = np.flatnonzero(state.accounts.isolated[account] & (state.accounts.lots[account] != 0))
    return [Part(account), *(Part(account, int(i)) for i in own)]


def part_holding(state: State, account: int, instrument: int) -> Part:
    """The part a position belongs to."""
    return Part(account, instrument if state.accounts.isolated[account, instrument] else None)


def held(state: State, part: Part) -> list[int]:
    """Instruments with a position, the largest notional first."""
    lots = state.accounts.lots[part.account]
    if part.isolated is not None:
        return [part.isolated] if lots[part.isolated] else []
    inside = np.flatnonzero((lots != 0) & (state.accounts.isolated[part.account] == 0)).tolist()
    return sorted(inside, key=lambda i: (-notional(state, part.account, i), i))


def notional(state: State, account: int, instrument: int) -> int:
    """Value of a position at mark, units, >= 0."""
    return abs(int(state.accounts.lots[account, instrument]) * int(state.worth[instrument]))


def profit(state: State, account: int, instrument: int) -> int:
    """Unrealized PnL at mark, units."""
    lots, worth = int(state.accounts.lots[account, instrument]), int(state.worth[instrument])
    return lots * worth - int(state.accounts.cost[account, instrument])


def equity(state: State, part: Part) -> int:
    """Wallet or margin, and unrealized PnL, units."""
    if part.isolated is not None:
        return int(state.accounts.margin[part.account, part.isolated]) + profit(state, part.account, part.isolated)
    return int(state.accounts.wallet[part.account]) + sum(profit(state, part.account, i) for i in held(state, part))


def maintenance(state: State, part: Part) -> int:
    """Maintenance margin, units."""
    return sum(maintenance_units(notional(state, part.account, i), i, state.tiers) for i in held(state, part))


def is_deficient(state: State, part: Part) -> bool:
    """Equity at or below maintenance with a position, or below zero without one."""
    positions = held(state, part)
    if not positions:
        return part.isolated is None and int(state.accounts.wallet[part.account]) < 0
    return equity(state, part) <= maintenance(state, part)


def bankruptcy_values(state: State, part: Part) -> dict[int, int]:
    """The signed value of every position at which the part's equity would be exactly 0.

    Equity is allotted to positions by notional; the last one gets the remainder, so the values sum to what they must.
    """
    positions = held(state, part)
    left, weight = equity(state, part), sum(notional(state, part.account, i) for i in positions)
    values: dict[int, int] = {}
    for i in positions:
        own = notional(state, part.account, i)
        share = left * own // weight if weight else 0
        left, weight = left - share, weight - own
        values[i] = int(state.accounts.lots[part.account, i]) * int(state.worth[i]) - share
    return values


def bankruptcy_tick(state: State, part: Part, instrument: int) -> int:
    """The worst whole tick that leaves nothing negative: rounded up for a long's sale, down for a short's purchase."""
    lots = int(state.accounts.lots[part.account, instrument])
    value, unit = bankruptcy_values(state, part)[instrument], int(state.tick_units[instrument])
    return max(1, -(-value // (lots * unit)) if lots > 0 else value // (lots * unit))
