"""The last resorts: auto-deleveraging by the venue's ranking, the insurance fund, and a loss that all share.

A bankrupt position is closed against the other side of the same instrument, the highest score first, each position
whole before the next; never against another instrument. Price is the bankruptcy value or the mark before this one, by
venue. Nobody is taken below zero equity by it: who has less room takes a part. Should the whole queue be short of room,
the rest is closed at mark and what then is missing is the fund's, and then everybody's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.exchange.accounts import FUND
from powderkeg.cascade.exchange.integers import UNITS_PER_QUOTE
from powderkeg.cascade.exchange.log import Event, Kind
from powderkeg.cascade.exchange.parts import (
    Part,
    bankruptcy_values,
    equity,
    held,
    is_deficient,
    maintenance,
    part_holding,
    profit,
)
from powderkeg.cascade.exchange.rules import Ranking
from powderkeg.cascade.exchange.state import State


def deleverage(state: State, part: Part) -> None:
    """Close what a part still holds against the winners of each instrument; it then holds nothing.

    A part that has come above maintenance since it was queued is left alone.
    """
    if part.account != FUND and not is_deficient(state, part):
        return
    values = bankruptcy_values(state, part)
    for i, value in values.items():
        lots = int(state.accounts.lots[part.account, i])
        if state.rules.adl_at_previous_mark and part.account != FUND:
            value = lots * int(state.previous_ticks[i]) * int(state.tick_units[i])  # noqa: PLW2901 - the venue's price
        queue = ranked(state, i, lots, part.account)
        left = _work_off(state, part, i, value, queue, roomy=True)
        if left:
            _work_off(state, part, i, left * int(state.worth[i]), queue, roomy=False)
    cover(state, part)


def ranked(state: State, instrument: int, lots: int, bankrupt: int) -> list[int]:
    """Accounts on the other side of a position, the highest score first, equal ones by number; the fund is last.

    Args:
        state: as it stands.
        instrument: index.
        lots: signed position of the bankrupt account.
        bankrupt: its number.
    """
    column = state.accounts.lots[:, instrument]
    others = np.flatnonzero(column * lots < 0)
    others = others[(others != bankrupt) & (others != FUND)]
    scores = np.array([score(state, int(account), instrument) for account in others], dtype=np.float64)
    queue = others[np.argsort(-scores, kind="stable")].tolist()
    if bankrupt != FUND and int(column[FUND]) * lots < 0:
        queue.append(FUND)
    return queue


def score(state: State, account: int, instrument: int) -> float:
    """What the venue ranks by; the formulas are those of `powderkeg.margin.adl`, money in quote.

    Where an account's value is not positive, Hyperliquid's ratio and Bybit's return have no meaning: it ranks last.
    """
    part = part_holding(state, account, instrument)
    left = equity(state, part) / UNITS_PER_QUOTE
    gained = profit(state, account, instrument) / UNITS_PER_QUOTE
    if state.rules.ranking is Ranking.BINANCE:
        wallet = state.accounts.wallet[account] if part.isolated is None else state.accounts.margin[account, instrument]
        ratio = maintenance(state, part) / UNITS_PER_QUOTE / left if left > 0.0 else 0.0
        return max(0.0, gained) / max(1.0, int(wallet) / UNITS_PER_QUOTE) * ratio
    value = abs(int(state.accounts.lots[account, instrument]) * int(state.worth[instrument])) / UNITS_PER_QUOTE
    if state.rules.ranking is Ranking.BYBIT:
        margin = (
            int(state.accounts.margin[account, instrument]) / UNITS_PER_QUOTE
            if part.isolated is not None
            else value / int(state.accounts.leverage[account, instrument])
        )
        return gained / margin if margin > 0.0 else -np.inf
    cost = abs(int(state.accounts.cost[account, instrument])) / UNITS_PER_QUOTE
    return value / cost * (value / left) if left > 0.0 and cost > 0.0 else -np.inf


def _work_off(state: State, part: Part, i: int, value: int, queue: list[int], *, roomy: bool) -> int:
    """Close a position against a queue at a signed value for all of it; the lots left, signed."""
    whole = int(state.accounts.lots[part.account, i])
    done = paid = 0
    for account in queue:
        room = min(abs(whole) - done, _opposite(state, account, i, whole))
        if roomy:
            room = _room(state, account, i, whole, value, room)
        if not room:
            continue
        upto = value * (done + room) // abs(whole)
        _swap(state, (part.account, account), i, room if whole > 0 else -room, upto - paid)
        done, paid = done + room, upto
        if done == abs(whole):
            break
    return int(state.accounts.lots[part.account, i])


def _opposite(state: State, account: int, i: int, lots: int) -> int:
    held_lots = int(state.accounts.lots[account, i])
    return abs(held_lots) if held_lots * lots < 0 else 0


def _room(state: State, account: int, i: int, whole: int, value: int, lots: int) -> int:
    """How many of `lots` an account can be closed without falling below zero equity."""
    part = part_holding(state, account, i)
    per_all = value - whole * int(state.worth[i])  # what the whole costs the other side beyond mark
    loss = -(-per_all * lots // abs(whole)) + 1  # one unit for the rounding of the value's shares
    left = equity(state, part)
    if loss <= 1 or left >= loss:
        return lots
    return max(0, lots * max(0, left - 1) // loss)


def _swap(state: State, accounts: tuple[int, int], i: int, lots: int, value: int) -> None:
    """Close `lots` of the first account's position against the second's, for a signed value."""
    bankrupt, other = accounts
    state.cancel_all(other, i)
    state.transfer(bankrupt, i, -lots, -value)
    state.transfer(other, i, lots, value)
    tick = abs(value) // (abs(lots) * int(state.tick_units[i])) if value * lots > 0 else 0
    state.log.add(Event(state.now_ns, Kind.ADL, i, bankrupt, other, -lots, tick, value))


def cover(state: State, part: Part) -> None:
    """Pay what a part without positions is short of: out of the fund, and beyond it out of everybody's equity."""
    if held(state, part):
        return
    wallet = state.accounts.wallet
    missing = -int(wallet[part.account]) if part.isolated is None else 0
    if part.account != FUND and missing > 0:
        wallet[part.account] += missing
        wallet[FUND] -= missing
        state.log.add(Event(state.now_ns, Kind.SHORTFALL, -1, FUND, part.account, units=-missing))
    if not held(state, Part(FUND)) and int(wallet[FUND]) < 0:
        _share_loss(state, -int(wallet[FUND]))


def _share_loss(state: State, loss: int) -> None:
    """Take a loss from all accounts in proportion to positive cross equity; shares are rounded so that they sum."""
    weights = _cross_equity(state)
    whole = int(weights.sum())
    loss = min(loss, whole)
    upto = taken = 0
    for account in np.flatnonzero(weights).tolist():
        upto += int(weights[account])
        share = loss * upto // whole - taken
        taken += share
        state.accounts.wallet[account] -= share
        state.log.add(Event(state.now_ns, Kind.SOCIALIZED, -1, account, FUND, units=-share))
    state.accounts.wallet[FUND] += taken


def _cross_equity(state: State) -> NDArray[np.int64]:
    """[A] wallet and cross PnL where that is positive, else 0; the fund has none."""
    held_lots = np.where(state.accounts.isolated == 1, 0, state.accounts.lots)
    cost = np.where(state.accounts.isolated == 1, 0, state.accounts.cost)
    out = np.maximum(0, state.accounts.wallet + held_lots @ state.worth - cost.sum(axis=1))
    out[FUND] = 0
    return out
