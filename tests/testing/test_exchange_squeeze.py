"""The demo's squeeze on exact exchanges: one seed one story, a story worth showing, and one that adds up."""

from __future__ import annotations

from functools import cache

import numpy as np

from powderkeg.testing.exchange_squeeze import simulate_exchange_squeeze
from powderkeg.testing.squeeze import COINS, START_NS, VENUE_SHARE


@cache
def whole():
    """Ten minutes of seed 7, simulated once."""
    return simulate_exchange_squeeze(np.random.default_rng(7))


def test_same_seed_same_exchanges():
    """Two runs with one seed are equal, another seed differs."""
    first, second, other = (simulate_exchange_squeeze(np.random.default_rng(seed), duration_s=40) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_the_level_breaks_and_shorts_are_closed():
    """BTC trades through its level, forced buying exceeds forced selling, and open interest falls as price rises."""
    story, btc = whole(), COINS[0]
    ticks = [tick for tick in story.ticks if tick.coin == "BTC"]
    top = max(ticks, key=lambda tick: tick.price)
    assert ticks[0].price < btc.level < top.price
    assert top.open_interest_base < 0.995 * ticks[0].open_interest_base
    forced = {
        side: sum(event.notional_usd for event in story.liquidations if event.position_side == side)
        for side in ("long", "short")
    }
    assert forced["short"] > 5 * forced["long"] > 0


def test_events_are_in_time_on_known_venues_and_inside_ticks_and_lots():
    """Ordered, positive, inside the ten minutes; every venue and coin takes part; numbers are whole ticks and lots."""
    story = whole()
    coins = {coin.name: coin for coin in COINS}
    for events, prices in ((story.liquidations, ("fill_price", "bankruptcy_price")), (story.trades, ("price",))):
        stamps = [event.ts_ns for event in events]
        assert stamps == sorted(stamps)
        assert stamps[0] >= START_NS
        assert stamps[-1] < START_NS + 600 * 10**9
        assert {event.venue for event in events} == set(VENUE_SHARE)
        assert {event.coin for event in events} == set(coins)
        for event in events:
            assert event.qty_base > 0
            assert round(event.qty_base, coins[event.coin].qty_decimals) == event.qty_base
            for name in prices:
                assert round(getattr(event, name), coins[event.coin].price_decimals) == getattr(event, name) > 0


def test_what_is_liquidated_by_order_was_traded():
    """On Binance every forced order is found again among the trades of its second, lot by lot."""
    story = whole()
    traded = {}
    for trade in story.trades:
        key = trade.venue, trade.coin, trade.taker_side, trade.ts_ns // 10**9
        traded[key] = traded.get(key, 0.0) + trade.qty_base
    forced = {}
    for event in story.liquidations:
        if event.venue == "binance-usdm" and event.fill_price != event.bankruptcy_price:
            taker = "buy" if event.position_side == "short" else "sell"
            key = event.venue, event.coin, taker, event.ts_ns // 10**9
            forced[key] = forced.get(key, 0.0) + event.qty_base
    assert len(forced) > 50
    assert all(qty <= traded.get(key, 0.0) + 1e-9 for key, qty in forced.items())
