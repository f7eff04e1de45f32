"""The exact exchange as the referee of the ladder: the same fuel and the same book come to the same end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from exchange_referee import (
    BIN_BPS,
    CROWD,
    PRICE,
    RICH,
    TICK,
    assert_closed_by_trades,
    endow,
    in_lots,
    market_order,
    opened,
    rows,
    until_nothing_moves,
)

from powderkeg.cascade import Outcome, ladder


class Case(NamedTuple):
    """Fuel and depth per bin of 5 bps, USD, and the shock."""

    fuel: np.ndarray
    depth: np.ndarray
    shock_usd: float


def constant(reproduction):
    return Case(np.full(60, 1e6 * reproduction), np.full(60, 1e6), 4.3e6)


def walled():
    """R = 1.6 from the fifth bin on, stopped by a wall in the fortieth."""
    fuel, depth = np.full(60, 1.6e6), np.full(60, 1e6)
    fuel[:5] = 0.2e6
    depth[39] = 60e6
    return Case(fuel, depth, 6e6)


def ragged(seed):
    rng = np.random.default_rng(seed)
    return Case(rng.gamma(1.0, 5e5, 80), rng.gamma(3.0, 4e5, 80) + 1e5, float(rng.uniform(2e6, 9e6)))


CASES = {
    "none": constant(0.0),
    "half": constant(0.5),
    "nearly-one": constant(0.85),
    "wall": walled(),
    **{f"ragged-{seed}": ragged(seed) for seed in (1, 2, 3, 4)},
}


@pytest.mark.parametrize("side", ["short", "long"])
@pytest.mark.parametrize("name", list(CASES))
def test_ladder_and_exchange_agree(name, side):
    """Price end within one bin, liquidated notional within 1 %, up and down."""
    case = CASES[name]
    modelled = ladder(
        price=PRICE, fuel=case.fuel, depth=case.depth, shock_usd=case.shock_usd, bin_bps=BIN_BPS, side=side
    )
    assert modelled.outcome is Outcome.STOPPED
    price_end, liquidated_usd = run_exactly(case, side)
    assert abs(np.log(price_end / modelled.price_end)) <= BIN_BPS * 1e-4
    assert liquidated_usd == pytest.approx(modelled.liquidated_usd, rel=0.01, abs=1e-9)


def test_the_wall_stops_a_cascade_that_feeds_itself():
    """The case of a wall is what it says: it runs through R > 1 and ends inside bin 40."""
    price_end, _ = run_exactly(CASES["wall"], "short")
    assert 39 <= np.log(price_end / PRICE) / (BIN_BPS * 1e-4) < 40


def run_exactly(case, side):
    """Lay fuel and depth out tick by tick, buy (sell) the shock, and let the engine work until nothing moves.

    Returns:
        (the last price, notional of those liquidated at the price that liquidates them, which is how fuel is stated).
    """
    sign = 1 if side == "short" else -1
    orders = list(rows(case.depth, sign, per_bin=100))
    crowd = list(rows(case.fuel, sign, per_bin=80))
    exchange = opened(len(crowd), len(orders) + 10)
    for price, lots in in_lots(orders):
        exchange.order(RICH, 0, -sign * lots, exchange.instruments[0].ticks(price))
    for account, (price, lots) in enumerate(in_lots(crowd), CROWD):
        endow(exchange, account, sign, price, lots)
    market_order(exchange, sign, case.shock_usd)
    mark = until_nothing_moves(exchange)
    return mark * TICK, sum(crowd[account - CROWD][1] for account in assert_closed_by_trades(exchange))
