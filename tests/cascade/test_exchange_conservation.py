"""Nothing is lost and nothing made: conservation to the unit under random flow that hurts."""

from __future__ import annotations

import numpy as np
import pytest
from exchange_flow import RandomFlow
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.cascade.exchange import RULES, Kind, replay
from powderkeg.cascade.exchange.accounts import FEES, FUND

EVERYWHERE = {Kind.TRADE, Kind.REFUSED, Kind.FUNDING, Kind.LIQUIDATION, Kind.TAKEOVER, Kind.ADL, Kind.SHORTFALL}


@pytest.mark.parametrize("name", list(RULES))
def test_conservation_holds_after_each_of_ten_thousand_steps(name):
    """Deposits − withdrawals = wallets + margins + unrealized PnL + fund + fees, and longs = shorts, at every step.

    The flow must have been hard enough: bankruptcies, an emptied fund, ADL, a shared loss and funding all happened.
    """
    flow = RandomFlow(RULES[name], seed=5, fund=20_000.0)
    accounts = flow.exchange.state.accounts
    lowest = int(accounts.wallet[FUND])
    for _ in range(10_000):
        flow.step()
        assert flow.exchange.gap() == 0
        assert not accounts.lots.sum(axis=0).any()
        assert accounts.totals[FEES] >= 0
        assert not accounts.cost[accounts.lots == 0].any()
        assert not accounts.margin[(accounts.lots == 0) | (accounts.isolated == 0)].any()
        lowest = min(lowest, int(accounts.wallet[FUND]))
    seen = {Kind(event.kind) for event in flow.exchange.log.events}
    assert seen >= EVERYWHERE | {Kind.SOCIALIZED}
    assert lowest < 1_000_000
    assert {event.instrument for event in flow.exchange.log.of(Kind.ADL)} == {0, 1}
    isolated = {bool(accounts.isolated[e.account, e.instrument]) for e in flow.exchange.log.of(Kind.LIQUIDATION)}
    assert isolated == {True, False}


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(sorted(RULES)),
    seed=st.integers(0, 2**32),
    count=st.integers(3, 12),
    fund=st.sampled_from([0.01, 100.0, 1e6]),
)
def test_conservation_holds_for_any_flow(name, seed, count, fund):
    """The same law for a few accounts, any seed and any fund."""
    flow = RandomFlow(RULES[name], seed=seed, account_count=count, fund=fund)
    for _ in range(300):
        flow.step()
        assert flow.exchange.gap() == 0


@pytest.mark.parametrize("name", list(RULES))
def test_the_ledger_of_resting_orders_is_the_book(name):
    """Lots resting by account and side are those found in the books, after cancels, fills and liquidations."""
    flow = RandomFlow(RULES[name], seed=11)
    state = flow.exchange.state
    for n in range(2_000):
        flow.step()
        if n % 100:
            continue
        found = np.zeros_like(state.accounts.open_lots)
        for i, book in enumerate(state.books):
            for account in range(len(found)):
                for handle in book.orders_of(account).tolist():
                    owner, is_buy, _, lots = book.order(handle)
                    assert owner == account
                    found[account, i, int(is_buy)] += lots
        assert np.array_equal(found, state.accounts.open_lots)


@pytest.mark.parametrize("name", list(RULES))
def test_the_log_replays_to_the_same_state_and_the_same_outcomes(name):
    """Inputs alone rebuild every array and every outcome, also by way of the packed records."""
    flow = RandomFlow(RULES[name], seed=3)
    for _ in range(1_500):
        flow.step()
    again = replay(flow.exchange)
    assert again.state_hash() == flow.exchange.state_hash()
    assert again.log.events == flow.exchange.log.events
    assert np.array_equal(again.log.records(), flow.exchange.log.records())


def test_the_hash_sees_a_single_unit():
    """One unit moved from one wallet to another is another state."""
    flow = RandomFlow(RULES["binance-like"], seed=3)
    for _ in range(50):
        flow.step()
    before = flow.exchange.state_hash()
    flow.exchange.state.accounts.wallet[1] += 1
    flow.exchange.state.accounts.wallet[2] -= 1
    assert flow.exchange.gap() == 0
    assert flow.exchange.state_hash() != before
