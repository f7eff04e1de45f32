"""What happens on one simulated venue in a second: prices, liquidations, trades and book changes, from the seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from powderkeg.domain.units import PositionSide
from powderkeg.testing.venues.contracts import Listed
from powderkeg.testing.venues.publishing import Happened

MS_PER_S: Final = 1_000
BURST_FACTOR: Final = 10.0
BURST_LASTS_S: Final = 5.0
BURST_SIDE_SHARE: Final = 0.95  # of a burst's liquidations that close the same side
TRADE_LOG_USD: Final = (8.2, 1.2)  # mean and deviation of the logarithm of a trade's worth; made up, median 3,600 USD
FORCED_LOG_USD: Final = (8.6, 1.5)  # of a liquidation, median 5,400 USD
FORCED_MOST_USD: Final = 5e6
SIGMA_PER_S: Final = 1.2e-4  # of the price walk: 2 % in eight hours, pulled back to where it began
PULL_PER_S: Final = 1e-4


class Prices:
    """One walk per coin, the same for every venue of a seed."""

    def __init__(self, seed: int, coins: list[str]) -> None:
        self._walks = [np.random.default_rng([seed, 1, *coin.encode()]) for coin in coins]
        self._logs = [0.0] * len(coins)

    def next_second(self) -> list[float]:
        """Price over starting price, by coin."""
        self._logs = [
            walked * (1 - PULL_PER_S) + SIGMA_PER_S * float(walk.standard_normal())
            for walked, walk in zip(self._logs, self._walks, strict=True)
        ]
        return [float(ratio) for ratio in np.exp(self._logs)]


class Dealt(NamedTuple):
    """A trade; quantity in lots, price in ticks."""

    contract: Listed
    is_buy: bool
    lots: int
    ticks: int


class Moved(NamedTuple):
    """A change of the order book around `price`; `dice` picks its quantities."""

    contract: Listed
    price: float
    dice: int


class Market:
    """Draws one venue's seconds, in order.

    Args:
        contracts: of the venue.
        rng: seeded; the only source of randomness.
        forced_per_s: liquidations outside bursts.
        burst_every_s: mean seconds between bursts, 0 for none.
    """

    def __init__(
        self, contracts: tuple[Listed, ...], rng: np.random.Generator, *, forced_per_s: float, burst_every_s: float
    ) -> None:
        self._contracts = contracts
        self._rng = rng
        self._forced_per_s = forced_per_s
        self._burst_chance = min(1.0, 1.0 / burst_every_s) if burst_every_s > 0 else 0.0
        self._burst_until = 0
        self._burst_longs = 0.5
        shares = np.array([contract.share for contract in contracts])
        self._cumulative = np.cumsum(shares / shares.sum())

    def liquidations(self, number: int, base_ms: int, prices: list[float]) -> list[Happened]:
        """Those of the second, in order of time."""
        rng = self._rng
        is_burst = self._is_burst(number)
        count = int(rng.poisson(self._forced_per_s * (BURST_FACTOR if is_burst else 1.0)))
        which = self._which(count)
        at = np.sort(rng.integers(0, MS_PER_S, count)) + base_ms
        is_long = rng.random(count) < (self._burst_longs if is_burst else 0.5)
        worth = np.minimum(rng.lognormal(*FORCED_LOG_USD, count), FORCED_MOST_USD)
        away = 1 + rng.normal(0.0, 4e-4, count)
        found: list[Happened] = []
        for n, ms, long, usd, off in zip(
            which, at.tolist(), is_long.tolist(), worth.tolist(), away.tolist(), strict=True
        ):
            contract, price = self._contracts[n], prices[n] * off
            position_side: PositionSide = "long" if long else "short"
            found.append(Happened(ms, contract, position_side, contract.lots_of(usd, price), contract.ticks_of(price)))
        return found

    def trades(self, count: int, base_ms: int, prices: list[float]) -> Iterator[tuple[int, Dealt]]:
        """(time, trade), in no order."""
        rng = self._rng
        which = self._which(count)
        at = rng.integers(0, MS_PER_S, count) + base_ms
        is_buy = rng.random(count) < 0.5
        worth = rng.lognormal(*TRADE_LOG_USD, count)
        away = 1 + rng.normal(0.0, 5e-5, count)
        for n, ms, buys, usd, off in zip(
            which, at.tolist(), is_buy.tolist(), worth.tolist(), away.tolist(), strict=True
        ):
            contract, price = self._contracts[n], prices[n] * off
            yield ms, Dealt(contract, buys, contract.lots_of(usd, price), contract.ticks_of(price))

    def books(self, count: int, base_ms: int, prices: list[float]) -> Iterator[tuple[int, Moved]]:
        """(time, change), in no order."""
        which = self._which(count)
        at = self._rng.integers(0, MS_PER_S, count) + base_ms
        dice = self._rng.integers(0, 1 << 30, count)
        for n, ms, thrown in zip(which, at.tolist(), dice.tolist(), strict=True):
            yield ms, Moved(self._contracts[n], prices[n], thrown)

    def _is_burst(self, number: int) -> bool:
        """Whether the second belongs to a burst. Draws the same whatever the answer."""
        chance, lasting, which = self._rng.random(), self._rng.exponential(BURST_LASTS_S), self._rng.random()
        if number >= self._burst_until and chance < self._burst_chance:
            self._burst_until = number + 1 + int(lasting)
            self._burst_longs = BURST_SIDE_SHARE if which < 0.5 else 1 - BURST_SIDE_SHARE
        return number < self._burst_until

    def _which(self, count: int) -> list[int]:
        drawn = np.searchsorted(self._cumulative, self._rng.random(count), side="right")
        return np.minimum(drawn, len(self._contracts) - 1).tolist()
