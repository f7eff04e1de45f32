"""The simulated squeeze: same seed same story, and a story worth showing."""

from __future__ import annotations

import numpy as np

from powderkeg.testing.squeeze import COINS, START_NS, VENUE_SHARE, simulate_squeeze


def test_same_seed_same_story():
    """Two runs with one seed are equal, another seed differs."""
    first, second, other = (simulate_squeeze(np.random.default_rng(seed), duration_s=120) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_the_level_breaks_and_shorts_are_bought_back():
    """BTC trades through its level, and forced buying exceeds forced selling."""
    story = simulate_squeeze(np.random.default_rng(7))
    btc = COINS[0]
    assert story.ticks[0].price < btc.level
    assert max(tick.price for tick in story.ticks if tick.coin == "BTC") > btc.level
    forced = {
        side: sum(event.notional_usd for event in story.liquidations if event.position_side == side)
        for side in ("long", "short")
    }
    assert forced["short"] > 5 * forced["long"] > 0


def test_everything_is_in_time_and_on_known_venues():
    """Events lie inside the ten minutes, are ordered, positive, and every venue and coin takes part."""
    story = simulate_squeeze(np.random.default_rng(7))
    for events in (story.liquidations, story.trades):
        stamps = [event.ts_ns for event in events]
        assert stamps == sorted(stamps)
        assert stamps[0] >= START_NS
        assert stamps[-1] < START_NS + 601 * 10**9
        assert {event.venue for event in events} == set(VENUE_SHARE)
        assert {event.coin for event in events} == {coin.name for coin in COINS}
        assert all(event.qty_base > 0 for event in events)
