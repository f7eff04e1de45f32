"""What a simulation begins with: coins, who trades them, and where leverage sits.

>>> from powderkeg.cascade.exchange import Scenario, CoinScenario, simulate_exchange, BINANCE_LIKE
>>> from powderkeg.margin import tier_table
>>> coin = CoinScenario(coin="BTC", price=94_640.0, tick="0.1", lot="0.001", depth_usd=20e6,
...                     tiers=tier_table("binance-usdm", "BTCUSDT"))
>>> run = simulate_exchange(Scenario(rules=BINANCE_LIKE, coins=(coin,), duration_s=20.0), seed=7)
>>> run.mark_prices.shape, run.gap_units
((20, 1), 0)
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.cascade.exchange.rules import VenueRules
from powderkeg.domain.errors import InputError
from powderkeg.domain.units import PositionSide
from powderkeg.margin.tiers import TierTable

ASSUMPTIONS: Final = (
    "agents are caricatures: their rates and sizes are the scenario's, not fitted",
    "the index stands between a random walk and the contract's mid, by `spot_follow`",
    "makers have as much money as they need; one of them holds the other side of the crowd",
)


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """Leveraged accounts on one side.

    Attributes:
        position_side: theirs.
        notional_usd: of all of them.
        nearest_ratio: distance of the nearest liquidation price from the start, a fraction of price.
        spread_ratio: mean distance beyond that (exponential).
        median_usd: of one position (lognormal, deviation 1.5).
        most_usd: the largest.
        leverages: chosen from at random.
    """

    position_side: PositionSide
    notional_usd: float
    nearest_ratio: float
    spread_ratio: float = 0.006
    median_usd: float = 15_000.0
    most_usd: float = 2.5e6
    leverages: tuple[int, ...] = (10, 20, 25, 50)


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """Net market orders from elsewhere over a time; see `agents.Shock`."""

    start_s: float
    duration_s: float
    usd: float


class CoinScenario(msgspec.Struct, frozen=True, kw_only=True):
    """One coin.

    Attributes:
        coin: name.
        price: where it starts.
        tick: price step, a decimal.
        lot: quantity step, a decimal.
        tiers: maintenance by notional.
        depth_usd: offered per side within 1 % by all makers together when calm.
        makers: how many.
        maker_levels: prices each of them quotes per side.
        holders_usd: open interest of accounts that nothing can liquidate.
        noise_per_s: market orders a second.
        noise_usd: median of their value.
        buy_share: share of buys among them.
        trend_usd: largest position of the trend follower; 0 for none.
        volatility: of the fundamental price, standard deviation of its logarithm per square root of a second.
        drift: (from which share of the duration, log change per second), in order.
        crowds: leveraged accounts.
        pushes: shocks.
    """

    coin: str
    price: float
    tick: str
    lot: str
    tiers: TierTable
    depth_usd: float
    makers: int = 3
    maker_levels: int = 10
    holders_usd: float = 0.0
    noise_per_s: float = 1.0
    noise_usd: float = 3_600.0
    buy_share: float = 0.5
    trend_usd: float = 0.0
    volatility: float = 2e-5
    drift: tuple[tuple[float, float], ...] = ()
    crowds: tuple[Crowd, ...] = ()
    pushes: tuple[Push, ...] = ()

    def drift_at(self, share: float) -> float:
        """Log change of the fundamental price per second at a share of the duration."""
        return next((rate for start, rate in reversed(self.drift) if share >= start), 0.0)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One venue.

    Attributes:
        rules: its rule set.
        coins: what is traded.
        duration_s: how long.
        step_s: between decisions of agents, marks and checks.
        start_ns: first instant, ns UTC.
        fund_usd: the insurance fund to begin with.
        spot_follow: where the index stands between the fundamental price (0) and the contract's mid (1).
        band: lowest and highest price of the books, as shares of the start.
    """

    rules: VenueRules
    coins: tuple[CoinScenario, ...]
    duration_s: float = 600.0
    step_s: float = 1.0
    start_ns: int = 0
    fund_usd: float = 5e6
    spot_follow: float = 0.5
    band: tuple[float, float] = (0.5, 1.6)

    def __post_init__(self) -> None:
        if not self.coins or not 0.0 < self.step_s <= self.duration_s:
            raise InputError("a scenario needs a coin, and a duration of at least one step")
        if not 0.0 < self.band[0] < 1.0 < self.band[1] or not 0.0 <= self.spot_follow < 1.0:
            raise InputError(
                f"band is {self.band} and spot_follow {self.spot_follow}; write them around 1, and in [0, 1)"
            )
