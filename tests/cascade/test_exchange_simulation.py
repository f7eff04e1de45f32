"""Scenarios of agents: the same seed tells the same story, and a squeeze is one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from exchange_flow import TIERS

from powderkeg.cascade.exchange import (
    BINANCE_LIKE,
    RULES,
    CoinScenario,
    Crowd,
    Kind,
    Push,
    Run,
    Scenario,
    replay,
    simulate_exchange,
)
from powderkeg.cascade.exchange.agents import MakerSettings, MarketMaker, TrendFollower, View
from powderkeg.domain.errors import InputError

SHORTS = Crowd(position_side="short", notional_usd=20e6, nearest_ratio=0.004)
LONGS = Crowd(position_side="long", notional_usd=10e6, nearest_ratio=0.004)
BTC = CoinScenario(
    coin="BTC",
    price=94_640.0,
    tick="0.1",
    lot="0.001",
    tiers=TIERS,
    depth_usd=20e6,
    noise_per_s=2.0,
    trend_usd=2e6,
    crowds=(SHORTS, LONGS),
    pushes=(Push(start_s=20.0, duration_s=60.0, usd=18e6),),
)
SQUEEZE = Scenario(rules=BINANCE_LIKE, coins=(BTC,), duration_s=150.0, start_ns=10**18)


@pytest.mark.parametrize("name", list(RULES))
def test_one_seed_one_story(name):
    """Two runs of a seed are equal to the last event and the last unit, another seed is another story."""
    scenario = msgspec.structs.replace(SQUEEZE, rules=RULES[name], duration_s=60.0)
    first, second, other = (simulate_exchange(scenario, seed) for seed in (1, 1, 2))
    assert first.events == second.events
    assert first.state_hash == second.state_hash != other.state_hash
    assert np.array_equal(first.mark_prices, second.mark_prices)
    assert first.gap_units == other.gap_units == 0


def test_a_push_through_the_shorts_is_a_squeeze():
    """Price rises further than without the crowd, shorts are bought back, no long is sold."""
    with_crowd = simulate_exchange(SQUEEZE, 7)
    calm = msgspec.structs.replace(BTC, crowds=())
    without = simulate_exchange(msgspec.structs.replace(SQUEEZE, coins=(calm,)), 7)
    assert with_crowd.mark_prices.max() > without.mark_prices.max() > 94_640
    forced = with_crowd.of(Kind.LIQUIDATION)
    assert sum(event.units for event in forced) / 1e6 > 2e6
    assert all(event.lots > 0 for event in forced)
    assert without.of(Kind.LIQUIDATION, Kind.TAKEOVER) == []
    assert with_crowd.ts_ns[0] >= 10**18


def test_a_simulation_replays_from_its_log():
    """Agents included: what they asked for is all the exchange needs to come to the same state."""
    run = Run(msgspec.structs.replace(SQUEEZE, duration_s=40.0), 3)
    run.finish()
    assert replay(run.exchange).state_hash() == run.exchange.state_hash()


def view(index_tick=200_000, lots=0, now_s=0.0):
    """What an agent sees of a quiet market."""
    one = Run(msgspec.structs.replace(SQUEEZE, duration_s=1.0), 1).instruments[0]
    return View(one, now_s, 1.0, index_tick - 2, index_tick + 2, index_tick, index_tick, lots)


def test_a_maker_pulls_back_under_stress_and_stops_at_its_limit():
    """Half of its depth after a move of the stress ratio, a seventeenth in the worst case; one side at the limit."""
    settings = MakerSettings(depth_usd=1e6, inventory_usd=2e6, stress_ratio=0.003)
    maker, rng = MarketMaker(settings), np.random.default_rng(1)
    seen = view()

    def offered(view):
        quotes = list(maker.act(view, rng))
        return [sum(abs(q.lots) for q in quotes if q.lots * sign > 0) / seen.lots_of(1e6) for sign in (1, -1)]

    assert offered(seen) == pytest.approx([1.0, 1.0], rel=0.2)
    moved = seen._replace(index_tick=round(200_000 * 1.0033), mark_tick=200_000)
    assert offered(moved) == pytest.approx([0.45, 0.45], rel=0.25)
    fled = seen._replace(index_tick=220_000, mark_tick=200_000)
    assert offered(fled) == pytest.approx([1 / 17, 1 / 17], rel=0.3)
    assert MarketMaker(settings).replaces
    maker = MarketMaker(settings)
    offered(seen)
    assert maker.act(seen, rng) is None
    assert offered(seen._replace(lots=2 * seen.lots_of(1e6)))[0] == 0.0
    assert offered(seen._replace(lots=-2 * seen.lots_of(1e6) - 5))[1] == 0.0


def test_a_trend_follower_buys_what_has_risen_and_sells_what_has_fallen():
    """And does nothing while price stands, or once it holds its limit."""
    rng = np.random.default_rng(1)
    for sign in (1, -1):
        agent = TrendFollower(fast_s=2.0, slow_s=20.0, threshold_ratio=0.001, order_usd=1e4, limit_usd=1e5)
        assert agent.act(view(), rng) is None
        moved = view(index_tick=200_000 + sign * 4_000)
        (request,) = agent.act(moved, rng)
        assert request.lots * sign > 0
        assert not request.is_resting
        assert agent.act(moved._replace(lots=sign * moved.lots_of(1e5)), rng) is None


@pytest.mark.parametrize(
    "changed", [{"coins": ()}, {"step_s": 0.0}, {"band": (1.1, 2.0)}, {"spot_follow": 1.0}], ids=lambda c: next(iter(c))
)
def test_a_scenario_that_cannot_run_is_refused(changed):
    """Before anything is simulated."""
    with pytest.raises(InputError):
        msgspec.structs.replace(SQUEEZE, **changed)


def test_the_kernels_without_the_compiler():
    """The same text interpreted (`NUMBA_DISABLE_JIT=1`): the book, the ledger and the check obey the same laws."""
    here = Path(__file__).parent
    chosen = "shortcut or void or oldest or (for_any_flow) or clearing or (random_flow and 1-12)"
    files = [str(here / name) for name in ("test_book.py", "test_exchange_margin.py", "test_exchange_conservation.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-k", chosen, *files],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=here.parents[1],
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
