"""The liquidation engine: cancel orders, close in the steps of the venue, hand over what stays deficient.

After every mark update all parts at or below maintenance are worked through, and only then the queue for ADL: two
phases, as on 2025-10-10, where thousands of liquidations came before the first deleveraging of the same block
(arXiv:2512.01112 and the replays it builds on, read 2026-07).
"""

from __future__ import annotations

from powderkeg.cascade.exchange.accounts import FUND
from powderkeg.cascade.exchange.book_kernels import FILL_OR_KILL, IMMEDIATE
from powderkeg.cascade.exchange.deleveraging import cover, deleverage
from powderkeg.cascade.exchange.instruments import tier_of
from powderkeg.cascade.exchange.integers import RATE_ONE, UNITS_PER_QUOTE, at_rate, at_rate_up
from powderkeg.cascade.exchange.log import Event, Kind
from powderkeg.cascade.exchange.parts import (
    Part,
    bankruptcy_tick,
    bankruptcy_values,
    equity,
    held,
    is_deficient,
    maintenance,
    notional,
    parts_of,
)
from powderkeg.cascade.exchange.rules import Steps
from powderkeg.cascade.exchange.state import State


def liquidate_all(state: State) -> None:
    """Work through everything that is deficient at the marks of now."""
    queue = [part for account in state.deficient() for part in parts_of(state, account) if _liquidate(state, part)]
    fund = Part(FUND)
    if held(state, fund) and equity(state, fund) < 0:
        queue.append(fund)
    for part in queue:
        deleverage(state, part)
    cover(state, Part(FUND))


def unwind(state: State) -> None:
    """The fund offers a share of what it took over."""
    for i in held(state, Part(FUND)) if state.rules.unwind_rate else ():
        lots = int(state.accounts.lots[FUND, i])
        part = max(1, at_rate_up(abs(lots), state.rules.unwind_rate))
        _fund_trade(state, i, -part if lots > 0 else part)


def _liquidate(state: State, part: Part) -> bool:
    """Close a part; True where only ADL is left."""
    if not is_deficient(state, part):
        return False
    for i in range(len(state.instruments)) if part.isolated is None else (part.isolated,):
        state.cancel_all(part.account, i)
    if not held(state, part):
        cover(state, part)
        return False
    steps = {Steps.IMMEDIATE: _immediate, Steps.TIERS: _down_the_tiers, Steps.MARKET: _market}[state.rules.steps]
    left = steps(state, part)
    cover(state, Part(part.account))
    return left


def _immediate(state: State, part: Part) -> bool:
    for i in held(state, part):
        lots = int(state.accounts.lots[part.account, i])
        _close(state, part, i, -lots, bankruptcy_tick(state, part, i), IMMEDIATE)
        if not is_deficient(state, part):
            return False
    return not _take_over(state, part)


def _down_the_tiers(state: State, part: Part) -> bool:
    for i in held(state, part):
        while (lots := _to_lower_tier(state, part, i)) and is_deficient(state, part):
            if not _close(state, part, i, lots, bankruptcy_tick(state, part, i), FILL_OR_KILL):
                break
    if not is_deficient(state, part):
        return False
    taken = {i: int(state.accounts.lots[part.account, i]) for i in held(state, part)}
    if not _take_over(state, part):
        return True
    for i, lots in taken.items():
        if int(state.accounts.lots[FUND, i]) * lots > 0:
            _fund_trade(state, i, -lots)
    return False


def _to_lower_tier(state: State, part: Part, i: int) -> int:
    """Signed lots to trade so that the position is just below the floor of its tier; 0 in the lowest."""
    lots, worth = int(state.accounts.lots[part.account, i]), int(state.worth[i])
    tier = tier_of(abs(lots) * worth, i, state.tiers)
    if tier == 0:
        return 0
    keep = (int(state.tiers.floors[i, tier]) - 1) // worth
    return keep - lots if lots > 0 else -lots - keep


def _market(state: State, part: Part) -> bool:
    left, needed = equity(state, part), maintenance(state, part)
    if left < 0:
        return True
    if state.rules.backstop is not None:
        numerator, denominator = state.rules.backstop
        if left * denominator < needed * numerator:
            return not _take_over(state, part)
    for i in held(state, part):
        lots = int(state.accounts.lots[part.account, i])
        share = _first_step(state, part.account, i)
        order = -max(1, at_rate(abs(lots), share)) if lots > 0 else max(1, at_rate(abs(lots), share))
        _close(state, part, i, order, _band_tick(state, i, order), IMMEDIATE)
        if not is_deficient(state, part):
            break
    return bool(held(state, part)) and equity(state, part) < 0


def _first_step(state: State, account: int, i: int) -> int:
    """Share of the position to send, billionths; a first step begins its cooldown."""
    limit = state.rules.first_step_above_quote
    last_ns = int(state.accounts.partial_ns[account, i])
    cooling = last_ns >= 0 and state.now_ns - last_ns < state.rules.cooldown_ns
    if limit is None or cooling or notional(state, account, i) <= limit * UNITS_PER_QUOTE:
        return RATE_ONE
    state.accounts.partial_ns[account, i] = state.now_ns
    return state.rules.first_step_rate


def _close(state: State, part: Part, i: int, lots: int, tick: int, kind: int) -> int:
    """Send one liquidation order and charge the clearance fee; lots traded, unsigned."""
    bankruptcy, wallet = bankruptcy_tick(state, part, i), int(state.accounts.wallet[part.account])
    _, left, value = state.submit(part.account, i, lots, tick, kind)
    done = abs(lots) - left
    if done:
        if part.isolated is not None and held(state, part):  # what a part of it sets free stays with the position
            freed = int(state.accounts.wallet[part.account]) - wallet
            state.accounts.wallet[part.account] -= freed
            state.accounts.margin[part.account, i] += freed
        signed = done if lots > 0 else -done
        state.log.add(Event(state.now_ns, Kind.LIQUIDATION, i, part.account, left, signed, bankruptcy, value))
        _charge(state, part, i, at_rate_up(value, state.rules.clearance_fee_rate), wallet)
    return done


def _charge(state: State, part: Part, i: int, fee: int, wallet_before: int) -> None:
    """The clearance fee goes to the fund, as far as the part has equity left to take it from."""
    wallet, margin = state.accounts.wallet, state.accounts.margin
    from_margin = part.isolated is not None and bool(held(state, part))
    left = equity(state, part)
    if part.isolated is not None and not from_margin:  # what was left of the margin is in the wallet now
        left = int(wallet[part.account]) - wallet_before
    paid = min(fee, max(0, left))
    if not paid:
        return
    if from_margin:
        margin[part.account, i] -= paid
    else:
        wallet[part.account] -= paid
    wallet[FUND] += paid
    state.log.add(Event(state.now_ns, Kind.CLEARANCE_FEE, i, part.account, FUND, units=-paid))


def _take_over(state: State, part: Part) -> bool:
    """The fund takes all positions of a part at their bankruptcy values, if it can; the part is then at 0."""
    fund = Part(FUND)
    after = equity(state, fund) + equity(state, part)
    sums = {i: int(state.accounts.lots[FUND, i] + state.accounts.lots[part.account, i]) for i in held(state, part)}
    if after < 0 or any(abs(lots) > state.instruments[i].max_lots for i, lots in sums.items()):
        return False
    if state.rules.fund_leverage is not None:
        gross = sum(notional(state, FUND, i) for i in held(state, fund))
        gross += sum(notional(state, part.account, i) for i in held(state, part))
        if gross > state.rules.fund_leverage * after:
            return False
    for i, value in bankruptcy_values(state, part).items():
        lots = int(state.accounts.lots[part.account, i])
        state.transfer(part.account, i, -lots, -value)
        take(state, FUND, i, lots, value)
        tick = abs(value) // (abs(lots) * int(state.tick_units[i])) if value * lots > 0 else 0
        state.log.add(Event(state.now_ns, Kind.TAKEOVER, i, part.account, FUND, -lots, tick, value))
    return True


def take(state: State, account: int, i: int, lots: int, value: int) -> None:
    """Put lots into an account for a value that need not divide: what is opposite is closed first."""
    opposite = -int(state.accounts.lots[account, i])
    if opposite * lots > 0 and abs(opposite) < abs(lots):
        closing = value * opposite // lots
        state.transfer(account, i, opposite, closing)
        lots, value = lots - opposite, value - closing
    state.transfer(account, i, lots, value)


def _band_tick(state: State, i: int, lots: int) -> int:
    mark = int(state.mark_ticks[i])
    reach = at_rate(mark, state.rules.band_rate)
    return mark + reach if lots > 0 else max(1, mark - reach)


def _fund_trade(state: State, i: int, lots: int) -> None:
    _, left, value = state.submit(FUND, i, lots, _band_tick(state, i, lots), IMMEDIATE)
    done = abs(lots) - left
    if done:
        signed = done if lots > 0 else -done
        state.log.add(Event(state.now_ns, Kind.FUND_TRADE, i, FUND, left, signed, 0, value))
