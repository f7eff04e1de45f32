"""How each venue closes a position, who is deleveraged, and in which order things happen."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from exchange_flow import SINGLE, TIERS, RandomFlow, bitcoin, doge
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.cascade.exchange import BINANCE_LIKE, BYBIT_LIKE, HYPERLIQUID_LIKE, RULES, Exchange, Kind
from powderkeg.cascade.exchange.deleveraging import ranked, score
from powderkeg.cascade.exchange.parts import equity, maintenance, parts_of
from powderkeg.domain.time import NS_PER_S
from powderkeg.margin.adl import binance_score, bybit_score, hyperliquid_score
from powderkeg.margin.rules.hyperliquid import next_step

ENTRY = 100_000
DEEP, LOSER = 1, 2


def market(rules, tiers=TIERS, *, leverage=20, lots=1_000, fund=1e6, wallet=None, isolated=True):
    """Account 2 long against account 1 at 100,000, index and mark there, an empty book."""
    one = bitcoin(tiers, fee_ratios=(0.0, 0.0))
    exchange = Exchange([one], rules, account_count=6)
    exchange.deposit(0, fund)
    exchange.deposit(DEEP, 1e9)
    exchange.deposit(LOSER, lots * 100.0 / leverage if wallet is None else wallet)
    exchange.set_mode(LOSER, 0, leverage=leverage, isolated=isolated)
    exchange.update_index([one.ticks(ENTRY)])
    exchange.block(LOSER, DEEP, 0, lots, one.ticks(ENTRY))
    return exchange


def falls_to(exchange, price, bids=0, at=None):
    """Bids of account 1 around a price so that it is the mark, then the check."""
    one = exchange.instruments[0]
    exchange.cancel_all(DEEP, 0)
    tick = one.ticks(price)
    exchange.order(DEEP, 0, -1, tick + 1)
    if bids:
        exchange.order(DEEP, 0, bids, tick if at is None else one.ticks(at))
    else:
        exchange.order(DEEP, 0, 1, tick - 1)
    state = exchange.state
    state.memory[:] = 0
    for _ in range(2):  # the second sample is after the last of the first, so every mark rule has come to the price
        exchange.update_index([tick])


def kinds(exchange):
    """Outcomes of the engine, in order."""
    wanted = (Kind.LIQUIDATION, Kind.TAKEOVER, Kind.ADL, Kind.FUND_TRADE, Kind.SHORTFALL, Kind.SOCIALIZED)
    return [Kind(event.kind) for event in exchange.log.of(*wanted)]


def test_binance_like_sells_no_lower_than_the_bankruptcy_price_and_hands_over_the_rest():
    """Bids for half above bankruptcy trade, those below do not; the fund takes the rest, the account is at 0."""
    exchange = market(BINANCE_LIKE)
    one = exchange.instruments[0]
    exchange.order(DEEP, 0, 400, one.ticks(95_300))
    exchange.order(DEEP, 0, 5_000, one.ticks(94_900))
    for _ in range(60):
        exchange.update_index([one.ticks(95_400)])
    fills = exchange.log.of(Kind.TRADE)
    (forced,) = exchange.log.of(Kind.LIQUIDATION)
    assert forced.tick == one.ticks(95_000)
    assert (forced.lots, forced.other) == (-400, 600)
    assert all(fill.tick >= forced.tick for fill in fills if fill.account == LOSER)
    (taken,) = exchange.log.of(Kind.TAKEOVER)
    assert taken.lots == -600
    assert int(exchange.state.accounts.wallet[LOSER]) == 0
    assert exchange.log.of(Kind.CLEARANCE_FEE)[0].units == -min(
        -(-forced.units * BINANCE_LIKE.clearance_fee_rate // 10**9), 400 * (95_300 - 95_000) * 10**3 + 600 * 400 * 10**3
    )


def test_bybit_like_reduces_to_the_lower_tier_and_no_further():
    """A fill-or-kill order to just below the tier's floor is enough here, so nothing is taken over."""
    exchange = market(BYBIT_LIKE, lots=6_000, leverage=20, wallet=6_000 * 100 / 20 - 0, isolated=True)
    falls_to(exchange, 96_200, bids=10_000)
    state = exchange.state
    assert kinds(exchange) == [Kind.LIQUIDATION]
    left = int(state.accounts.lots[LOSER, 0])
    worth = int(state.worth[0])
    assert left * worth < 400_000 * 10**6 <= (left + 1) * worth
    (part,) = parts_of(state, LOSER)[1:]
    assert equity(state, part) > maintenance(state, part)


def test_bybit_like_kills_what_it_cannot_fill_whole_and_takes_over():
    """Bids for less than the step: nothing of the order trades, the fund takes the position and sells what it can."""
    exchange = market(BYBIT_LIKE, lots=6_000)
    falls_to(exchange, 96_200, bids=500)
    assert kinds(exchange)[:2] == [Kind.TAKEOVER, Kind.FUND_TRADE]
    assert int(exchange.state.accounts.lots[LOSER, 0]) == 0


def test_hyperliquid_like_sends_a_fifth_then_waits_then_sends_all():
    """Above 100,000 first 20 %; within 30 s the next order is for the whole position."""
    exchange = market(HYPERLIQUID_LIKE, SINGLE, lots=10_000, leverage=20)
    exchange.advance(NS_PER_S)
    falls_to(exchange, 96_100, bids=2_000)
    forced = exchange.log.of(Kind.LIQUIDATION)
    assert forced[0].lots == -2_000
    exchange.advance(20 * NS_PER_S)
    falls_to(exchange, 95_900, bids=50_000)
    forced = exchange.log.of(Kind.LIQUIDATION)
    assert forced[-1].lots == -8_000
    assert int(exchange.state.accounts.lots[LOSER, 0]) == 0


@given(price=st.integers(94_000, 97_500), lots=st.integers(500, 20_000), cooled=st.booleans())
def test_hyperliquid_like_does_what_its_rules_say_next(price, lots, cooled):
    """Action and share as `margin.rules.hyperliquid.next_step` has them, for any mark and size."""
    exchange = market(HYPERLIQUID_LIKE, SINGLE, lots=lots, leverage=20)
    now_ns = 40 * NS_PER_S
    exchange.advance(now_ns)
    last_ns = now_ns - (35 if cooled else 10) * NS_PER_S
    exchange.state.accounts.partial_ns[LOSER, 0] = last_ns
    state = exchange.state
    state.move_mark(0, price * 2)
    (part,) = parts_of(state, LOSER)[1:]
    left, needed = equity(state, part) / 1e6, maintenance(state, part) / 1e6
    if left < 0 or left == needed or abs(left - 2 / 3 * needed) < 1e-5:
        return
    step = next_step(
        notional_usd=lots / 1000 * price,
        equity_usd=left,
        maintenance_margin_usd=needed,
        now_ns=now_ns,
        last_partial_ns=last_ns,
    )
    exchange.order(DEEP, 0, 100_000, price * 2 - 2)
    from powderkeg.cascade.exchange.liquidation import liquidate_all

    liquidate_all(state)
    sold = -sum(event.lots for event in exchange.log.of(Kind.LIQUIDATION))
    taken = -sum(event.lots for event in exchange.log.of(Kind.TAKEOVER))
    assert taken == (lots if step.action == "backstop" else 0)
    assert sold == (max(1, int(lots * round(step.share * 10)) // 10) if step.action == "market" else 0)


def test_the_backstop_takes_position_and_margin():
    """Below two thirds of maintenance the vault gets the position at its value, and what was left of the margin."""
    idle = msgspec.structs.replace(HYPERLIQUID_LIKE, unwind_rate=0)
    exchange = market(idle, SINGLE, lots=1_000, leverage=20, fund=10.0)
    falls_to(exchange, 95_500)
    state = exchange.state
    assert kinds(exchange)[0] == Kind.TAKEOVER
    assert int(state.accounts.wallet[LOSER]) == 0
    assert exchange.equity_units(0) == 10 * 10**6 + 1_000 * 100 * 10**6 // 20 - 1_000 * 4_500 * 10**3


@pytest.mark.parametrize("name", list(RULES))
def test_adl_ranks_by_the_formula_of_the_venue(name):
    """Scores of a random market equal the package's, and the queue is in their order."""
    flow = RandomFlow(RULES[name], seed=4, fund=1e6)
    state = flow.exchange.state
    compared = 0
    for _ in range(800):
        flow.step()
        i = int(flow.rng.integers(2))
        column = state.accounts.lots[:, i]
        queue = ranked(state, i, 1, bankrupt=0)
        assert sorted(queue) == [a for a in range(1, len(column)) if column[a] < 0]
        scores = [score(state, account, i) for account in queue]
        assert scores == sorted(scores, reverse=True)
        for account, ours in zip(queue, scores, strict=True):
            compared += expected(state, account, i, ours)
    assert compared > 500


def expected(state, account, i, ours):
    """Compare one score with `margin.adl` where that is defined; 1 if compared."""
    held = state.accounts
    own = bool(held.isolated[account, i])
    part = next(part for part in parts_of(state, account) if part.isolated == (i if own else None))
    left = equity(state, part) / 1e6
    lots, worth, cost = int(held.lots[account, i]), int(state.worth[i]), int(held.cost[account, i])
    profit, value = (lots * worth - cost) / 1e6, abs(lots * worth) / 1e6
    if left <= 0.0:
        return 0
    if state.rules.name == "binance-like":
        wallet = int(held.margin[account, i] if own else held.wallet[account]) / 1e6
        ratio = maintenance(state, part) / 1e6 / left
        theirs = binance_score(unrealized_pnl=profit, wallet_balance=wallet, margin_ratio=ratio)
    elif state.rules.name == "bybit-like":
        margin = int(held.margin[account, i]) / 1e6 if own else value / int(held.leverage[account, i])
        if margin <= 0.0:
            return 0
        theirs = bybit_score(unrealized_pnl=profit, position_margin=margin)
    else:
        theirs = hyperliquid_score(
            mark_price=value / abs(lots), entry_price=abs(cost) / 1e6 / abs(lots), notional=value, account_value=left
        )
    assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
    return 1


@pytest.mark.parametrize("rules", [BINANCE_LIKE, HYPERLIQUID_LIKE], ids=lambda rules: rules.name)
def test_adl_closes_the_best_placed_whole_before_the_next(rules):
    """No fund, no bids, equity below zero: winners close in order at the venue's price, and the loss stays theirs."""
    one = bitcoin(SINGLE, fee_ratios=(0.0, 0.0))
    exchange = Exchange([one], rules, account_count=6)
    for account, money in ((1, 1e6), (2, 5_000.0), (3, 4_000.0), (4, 40_000.0), (5, 400_000.0)):
        exchange.deposit(account, money)
    exchange.update_index([200_000])
    for seller, lots in ((3, 300), (4, 300), (5, 400)):
        exchange.block(2, seller, 0, lots, 200_000)
    exchange.state.move_mark(0, 192_000)
    exchange.state.move_mark(0, 188_000)
    queue = ranked(exchange.state, 0, 1_000, bankrupt=2)
    assert queue == [3, 4, 5]
    from powderkeg.cascade.exchange.liquidation import liquidate_all

    liquidate_all(exchange.state)
    closed = exchange.log.of(Kind.ADL)
    assert [(event.other, event.lots) for event in closed] == [(3, -300), (4, -300), (5, -400)]
    tick = 192_000 if rules.adl_at_previous_mark else 190_000
    assert [event.tick for event in closed] == [tick] * 3
    assert int(exchange.state.accounts.wallet[2]) == (1_000 * 500 * (192_000 - 190_000) if tick == 192_000 else 0)
    assert exchange.gap() == 0


@pytest.mark.parametrize("name", list(RULES))
def test_nobody_is_deleveraged_below_zero_equity_and_never_in_another_instrument(name):
    """Each ADL closes lots that both sides hold, in the bankrupt account's instrument; counterparties keep equity."""
    flow = RandomFlow(RULES[name], seed=9, fund=50.0)
    state, original = flow.exchange.state, flow.exchange.state.transfer
    seen = []

    def watched(account, instrument, change, cost):
        before = int(state.accounts.lots[account, instrument])
        others = np.delete(state.accounts.lots[account], instrument).copy()
        original(account, instrument, change, cost)
        assert np.array_equal(np.delete(state.accounts.lots[account], instrument), others)
        seen.append((account, instrument, before, change))

    state.transfer = watched
    for _ in range(4_000):
        flow.step()
    closed = flow.exchange.log.of(Kind.ADL)
    assert len(closed) > 50
    for event in closed:
        assert event.account != event.other
    by_adl = {(event.other, event.instrument, -event.lots) for event in closed}
    reducing = [move for move in seen if (move[0], move[1], move[3]) in by_adl]
    assert len(reducing) >= len(by_adl)
    assert flow.exchange.gap() == 0


@pytest.mark.parametrize("name", list(RULES))
def test_liquidations_come_first_and_adl_after_as_on_2025_10_10(name):
    """A crash that quickens: ADL begins after the first liquidations, and in a mark update after all of them.

    Facts of the day: 710 liquidations in the 61.7 s before the first ADL, bursts of liquidations followed by ADL in
    the same block, no ADL across assets (public replays of Hyperliquid's 21:15 to 21:27 UTC).
    """
    exchange = Exchange([bitcoin(SINGLE), doge(SINGLE)], RULES[name], account_count=130, max_orders=600)
    rng = np.random.default_rng(10)
    exchange.deposit(0, 150_000.0)
    exchange.update_index([200_000, 1_500])
    for account in range(1, 130):
        exchange.deposit(account, float(rng.integers(1_500, 9_000)) if account < 65 else 40_000.0)
    exchange.deposit(129, 1e7)
    for account in range(1, 65):
        for i, tick, lots in ((0, 200_000, int(rng.integers(50, 600))), (1, 1_500, int(rng.integers(1, 200_000)))):
            exchange.block(account, account + 64, i, lots, tick)
    for second in range(240):
        exchange.advance(second * NS_PER_S)
        drop = 0.35 * (second / 240) ** 2 + (0.08 if second > 90 else 0.0)
        index = [int(200_000 * (1 - drop)), int(1_500 * (1 - drop))]
        for i, tick in enumerate(index):
            exchange.cancel_all(129, i)
            exchange.order(129, i, 400 if drop < 0.05 else 4, tick - 1)
            exchange.order(129, i, -4, tick + 1)
        exchange.update_index(index)
        assert exchange.gap() == 0
    events = exchange.log.of(Kind.LIQUIDATION, Kind.TAKEOVER, Kind.ADL)
    first_adl = next(n for n, event in enumerate(events) if event.kind == Kind.ADL)
    assert first_adl > 20
    assert events[first_adl].ts_ns > events[0].ts_ns
    for ts_ns in {event.ts_ns for event in events}:
        order = [event.kind == Kind.ADL for event in events if event.ts_ns == ts_ns]
        assert order == sorted(order)
    assert any(
        {Kind(e.kind) == Kind.ADL for e in events if e.ts_ns == ts_ns} == {True, False}
        for ts_ns in {event.ts_ns for event in events}
    )
    for event in exchange.log.of(Kind.ADL):
        assert event.account <= 64
        assert event.other > 64 or event.other == 0
