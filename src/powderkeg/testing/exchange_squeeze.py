"""The squeeze of `testing.squeeze`, made by exact exchanges and agents: one exchange per venue, four coins on each.

The coins, their depth, fuel and level are the same. A common price walks up through the level and back; makers quote
around an index that follows the venues' books, noise trades at random, and who falls below maintenance is liquidated
by his venue's rules: an order, takeover by the fund, ADL. Trades, marks, open interest and liquidations are what the
exchanges did, in steps of a second; inside a second events keep their order and their milliseconds are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.exchange import (
    BINANCE_LIKE,
    BYBIT_LIKE,
    CoinScenario,
    Crowd,
    Event,
    Kind,
    Run,
    Scenario,
    VenueRules,
)
from powderkeg.domain.time import NS_PER_MS, NS_PER_S
from powderkeg.margin.tiers import TierTable
from powderkeg.testing.squeeze import (
    COINS,
    DURATION_S,
    START_NS,
    VENUE_SHARE,
    Coin,
    SimulatedLiquidation,
    SimulatedTrade,
    Squeeze,
    Tick,
)

RULES: Final[dict[str, VenueRules]] = {
    "binance-usdm": BINANCE_LIKE,
    "bybit": BYBIT_LIKE,
    "okx": BYBIT_LIKE,
    "bitget": BYBIT_LIKE,
}
"""OKX and Bitget step down the tiers and take over at bankruptcy, too; what else differs is left out."""

TIERS: Final = TierTable.from_rows(
    [(0, 0.004, 125), (50_000, 0.005, 100), (600_000, 0.0065, 75), (3_000_000, 0.01, 50)],
    unit="USDT",
    date="2024-10-24",
    source="Binance BTCUSDT up to 12 M, used for every coin and venue of the simulation",
)

DRIFT: Final = ((0.0, 6e-6), (0.25, 3.2e-5), (0.55, 2e-6), (0.8, -1.2e-4))
"""A slow climb, a push through the level, a pause, a pullback; log change per second."""

VOLATILITY: Final = 3.5e-5
SPOT_FOLLOW: Final = 0.5
TOLD: Final = (Kind.TRADE, Kind.LIQUIDATION, Kind.TAKEOVER)
NOISE_PER_S: Final = 5.0
HOLDERS: Final = 38.0
"""Open interest that nothing liquidates, in fuels; made up."""


def simulate_exchange_squeeze(
    rng: np.random.Generator, *, duration_s: int = DURATION_S, start_ns: int = START_NS
) -> Squeeze:
    """Run the squeeze on exact exchanges.

    Args:
        rng: seeded generator; the only source of randomness.
        duration_s: length, s.
        start_ns: first instant, ns UTC.
    """
    runs = {
        venue: Run(_scenario(venue, share, duration_s, start_ns), int(rng.integers(2**32)))
        for venue, share in VENUE_SHARE.items()
    }
    fundamental = np.array([coin.price for coin in COINS])
    weights = np.array(list(VENUE_SHARE.values()))
    liquidations: list[SimulatedLiquidation] = []
    trades: list[SimulatedTrade] = []
    ticks: list[Tick] = []
    for second in range(duration_s):
        seen = {venue: len(run.exchange.log.events) for venue, run in runs.items()}
        fundamental = fundamental * np.exp(_walk(rng, second / duration_s))
        mids = np.array([run.mid_prices() for run in runs.values()])
        index = fundamental * np.exp(SPOT_FOLLOW * (weights @ np.log(mids / fundamental)))
        at_ns = start_ns + second * NS_PER_S
        for venue, run in runs.items():
            run.step(index)
            told = [event for event in run.exchange.log.events[seen[venue] :] if event.kind in TOLD]
            offsets = np.sort(rng.integers(0, 1_000, len(told))).tolist()
            for event, offset in zip(told, offsets, strict=True):
                ts_ns = at_ns + offset * NS_PER_MS
                if event.kind == Kind.TRADE:
                    trades.append(_trade(venue, run, event, ts_ns))
                else:
                    liquidations.append(_liquidation(venue, run, event, ts_ns))
        ticks += _ticks(list(runs.values()), at_ns)
    liquidations.sort(key=lambda event: event.ts_ns)
    trades.sort(key=lambda event: event.ts_ns)
    return Squeeze(tuple(liquidations), tuple(trades), tuple(ticks))


def _walk(rng: np.random.Generator, progress: float) -> NDArray[np.float64]:
    """Log change of every coin in a second: the common drift, common and own noise."""
    drift = next(rate for start, rate in reversed(DRIFT) if progress >= start)
    own, common = rng.standard_normal(len(COINS)), float(rng.standard_normal())
    return drift + VOLATILITY * (0.8 * common + 0.6 * own)


def _trade(venue: str, run: Run, event: Event, ts_ns: int) -> SimulatedTrade:
    one, coin = run.instruments[event.instrument], COINS[event.instrument]
    qty, price = one.qty_base(abs(event.lots)), round(one.price(event.tick), coin.price_decimals)
    return SimulatedTrade(venue, coin.name, "buy" if event.lots > 0 else "sell", qty, price, ts_ns)


def _liquidation(venue: str, run: Run, event: Event, ts_ns: int) -> SimulatedLiquidation:
    """An order of the engine at its average fill, to the tick; what the fund took over at the bankruptcy price."""
    one, coin = run.instruments[event.instrument], COINS[event.instrument]
    fill = event.tick
    if event.kind == Kind.LIQUIDATION:
        fill = round(event.units / (abs(event.lots) * one.tick_units))
    return SimulatedLiquidation(
        venue,
        coin.name,
        "short" if event.lots > 0 else "long",
        one.qty_base(abs(event.lots)),
        round(one.price(fill), coin.price_decimals),
        round(one.price(event.tick), coin.price_decimals),
        ts_ns,
    )


def _ticks(runs: list[Run], at_ns: int) -> Iterator[Tick]:
    for i, coin in enumerate(COINS):
        marks = [run.instruments[i].price(int(run.exchange.state.mark_ticks[i])) for run in runs]
        held = [np.maximum(run.exchange.state.accounts.lots[:, i], 0).sum() for run in runs]
        interest = tuple(run.instruments[i].qty_base(int(lots)) for run, lots in zip(runs, held, strict=True))
        yield Tick(coin.name, math.fsum(marks) / len(marks), math.fsum(interest), at_ns, interest)


def _scenario(venue: str, share: float, duration_s: int, start_ns: int) -> Scenario:
    coins = tuple(_coin(coin, share) for coin in COINS)
    return Scenario(
        rules=RULES[venue],
        coins=coins,
        duration_s=duration_s,
        start_ns=start_ns,
        fund_usd=20e6 * share,
        band=(0.9, 1.1),
    )


def _coin(coin: Coin, share: float) -> CoinScenario:
    fuel = coin.fuel_usd * share
    beyond = coin.level / coin.price - 1.0 + 2e-4
    return CoinScenario(
        coin=coin.name,
        price=coin.price,
        tick=f"{10.0**-coin.price_decimals:.{coin.price_decimals}f}",
        lot=f"{10.0**-coin.qty_decimals:.{coin.qty_decimals}f}",
        tiers=TIERS,
        depth_usd=coin.depth_usd * share,
        makers=1,
        maker_levels=6,
        holders_usd=HOLDERS * fuel,
        noise_per_s=NOISE_PER_S * share,
        buy_share=0.52,
        crowds=(
            Crowd(position_side="short", notional_usd=0.7 * fuel, nearest_ratio=beyond),
            Crowd(position_side="short", notional_usd=0.3 * fuel, nearest_ratio=2e-4),
            Crowd(position_side="long", notional_usd=0.35 * fuel, nearest_ratio=4e-4, spread_ratio=0.008),
        ),
    )
