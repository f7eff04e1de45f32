"""A small short squeeze, simulated: four coins on four venues for ten minutes around a level.

Shorts with liquidation prices above the market sit on every venue. A drift lifts all coins through a level; each
forced purchase pushes its coin's price by its notional over the depth, which reaches the next short. Longs below the
market are there too, and the pullback at the end takes some of them.

The generator knows every liquidation (`truth`); the frames carry what each venue's feed would have pushed of them:
all of them on Bybit and OKX, only the latest per symbol and second on Binance, and only the
largest per symbol, side and second on Bitget. So a reader can hold a floor and
an estimate against what really happened.

It is the quick version, with a depth instead of books; `testing.exchange_squeeze` runs the same coins on exact
exchanges, which is what the demo shows.

Same seed, same bytes: the only randomness is the seeded generator that is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.time import NS_PER_MS, NS_PER_S
from powderkeg.domain.units import PositionSide, TakerSide

START_NS: Final = 1_789_570_200 * NS_PER_S  # 2026-09-16T14:50:00Z, a day of which nothing here claims to tell
DURATION_S: Final = 600
STEP_MS: Final = 100
ENGINE_DELAY_S: Final = 0.8  # made up: from trigger to market order, on average


class Coin(msgspec.Struct, frozen=True):
    """One simulated coin.

    Attributes:
        price: where it starts, USD.
        level: where the crowded shorts begin, USD.
        depth_usd: market buying that moves the price by 1 %, over all venues, USD.
        fuel_usd: short notional within about 3 % above the start, over all venues, USD.
        price_decimals, qty_decimals: tick and lot as decimals.
    """

    name: str
    price: float
    level: float
    depth_usd: float
    fuel_usd: float
    price_decimals: int
    qty_decimals: int


COINS: Final = (
    Coin("BTC", 94_640.0, 95_000.0, 160e6, 95e6, 1, 3),
    Coin("ETH", 3_288.0, 3_300.0, 90e6, 60e6, 2, 3),
    Coin("SOL", 141.60, 142.50, 34e6, 18e6, 2, 0),
    Coin("DOGE", 0.14580, 0.14700, 14e6, 7e6, 5, 0),
)

FIRST_INTEREST: Final = 40.0
"""Open interest when the squeeze begins, in fuels; made up."""

VENUE_SHARE: Final = {"binance-usdm": 0.42, "bybit": 0.26, "okx": 0.22, "bitget": 0.10}
"""Share of positions and trades per venue: made up, in the order of real market shares."""


class SimulatedLiquidation(msgspec.Struct, frozen=True):
    """One forced close as it happened, whether or not a feed showed it."""

    venue: str
    coin: str
    position_side: PositionSide
    qty_base: float
    fill_price: float
    bankruptcy_price: float
    ts_ns: int

    @property
    def notional_usd(self) -> float:
        """Executed value, USD."""
        return self.qty_base * self.fill_price


class SimulatedTrade(msgspec.Struct, frozen=True):
    """One public trade."""

    venue: str
    coin: str
    taker_side: TakerSide
    qty_base: float
    price: float
    ts_ns: int


class Tick(msgspec.Struct, frozen=True):
    """Price and open interest of one coin at the end of a second.

    Attributes:
        interest_by_venue: in the order of `VENUE_SHARE`; empty where venues only have their share of it.
    """

    coin: str
    price: float
    open_interest_base: float
    ts_ns: int
    interest_by_venue: tuple[float, ...] = ()

    def interest_of(self, venue: str) -> float:
        """Open interest of one venue, base units."""
        if not self.interest_by_venue:
            return self.open_interest_base * VENUE_SHARE[venue]
        return self.interest_by_venue[tuple(VENUE_SHARE).index(venue)]


class Squeeze(msgspec.Struct, frozen=True):
    """What happened, before any feed has shown it."""

    liquidations: tuple[SimulatedLiquidation, ...]
    trades: tuple[SimulatedTrade, ...]
    ticks: tuple[Tick, ...]


def simulate_squeeze(
    rng: np.random.Generator,
    *,
    duration_s: int = DURATION_S,
    start_ns: int = START_NS,
    squeeze_s: int | None = None,
) -> Squeeze:
    """Run the squeeze.

    Args:
        rng: seeded generator; the only source of randomness.
        duration_s: length, s.
        start_ns: first instant, ns UTC.
        squeeze_s: the squeeze takes only so much of it, as far and faster, and a calm market follows; None: all of it.
    """
    haste = 1.0 if squeeze_s is None else DURATION_S / squeeze_s
    shared = rng.standard_normal(duration_s * 1_000 // STEP_MS)
    liquidations: list[SimulatedLiquidation] = []
    trades: list[SimulatedTrade] = []
    ticks: list[Tick] = []
    for coin in COINS:
        market = _Market(coin, rng)
        for step, common in enumerate(shared):
            ts_ns = start_ns + step * STEP_MS * NS_PER_MS
            progress = step / len(shared) if squeeze_s is None else step * STEP_MS / (1_000 * squeeze_s)
            drift = haste * _drift(progress)
            forced = market.step(float(common), drift, ts_ns)
            liquidations += forced
            trades += market.trades(forced, ts_ns)
            if step % (1_000 // STEP_MS) == 0:
                ticks.append(Tick(coin.name, market.price, market.open_interest_base, ts_ns))
    liquidations.sort(key=lambda event: event.ts_ns)
    trades.sort(key=lambda event: event.ts_ns)
    ticks.sort(key=lambda event: event.ts_ns)
    return Squeeze(tuple(liquidations), tuple(trades), tuple(ticks))


class _Position(msgspec.Struct, frozen=True):
    venue: str
    position_side: PositionSide
    notional_usd: float
    trigger: float


class _Market:
    """One coin: its price, the positions around it, and the flow that moves it."""

    def __init__(self, coin: Coin, rng: np.random.Generator) -> None:
        self.coin = coin
        self.price = coin.price
        self.open_interest_base = coin.fuel_usd * FIRST_INTEREST / coin.price
        self._rng = rng
        self._shorts = sorted(_crowd(coin, "short", rng), key=lambda position: position.trigger, reverse=True)
        self._longs = sorted(_crowd(coin, "long", rng), key=lambda position: position.trigger)
        self._pressure_usd = 0.0
        self._queue: list[tuple[int, _Position]] = []  # triggered, waiting for the venue's liquidation engine

    def step(self, common: float, drift: float, ts_ns: int) -> list[SimulatedLiquidation]:
        """Advance 100 ms; return what the liquidation engines close in it."""
        sigma = 1.1e-5
        noise = sigma * (0.8 * common + 0.6 * float(self._rng.standard_normal()))
        released = 0.35 * self._pressure_usd  # a forced order is worked off over a few steps
        self._pressure_usd -= released
        self.price *= math.exp(drift + noise + 0.01 * released / self.coin.depth_usd)
        while self._shorts and self._shorts[-1].trigger <= self.price:
            self._trigger(self._shorts.pop(), ts_ns)
        while self._longs and self._longs[-1].trigger >= self.price:
            self._trigger(self._longs.pop(), ts_ns)
        due = [position for due_ns, position in self._queue if due_ns <= ts_ns]
        self._queue = [(due_ns, position) for due_ns, position in self._queue if due_ns > ts_ns]
        return [self._close(position, ts_ns) for position in due]

    def _trigger(self, position: _Position, ts_ns: int) -> None:
        """A liquidation engine takes its time: orders are canceled first, and it works account by account."""
        self._queue.append((ts_ns + int(self._rng.exponential(ENGINE_DELAY_S) * NS_PER_S), position))

    def _close(self, position: _Position, ts_ns: int) -> SimulatedLiquidation:
        sign = 1.0 if position.position_side == "short" else -1.0
        fill = round(self.price * (1 + sign * 2e-4 * float(self._rng.random())), self.coin.price_decimals)
        bankruptcy = round(position.trigger * (1 + sign * 0.004), self.coin.price_decimals)
        qty = max(round(position.notional_usd / fill, self.coin.qty_decimals), 10.0**-self.coin.qty_decimals)
        self._pressure_usd += sign * qty * fill
        self.open_interest_base -= qty
        jitter_ns = int(self._rng.integers(0, STEP_MS)) * NS_PER_MS
        return SimulatedLiquidation(
            position.venue, self.coin.name, position.position_side, qty, fill, bankruptcy, ts_ns + jitter_ns
        )

    def trades(self, forced: list[SimulatedLiquidation], ts_ns: int) -> Iterator[SimulatedTrade]:
        """Public trades of the step: the forced ones, and ordinary ones around the price."""
        for event in forced:
            taker = "buy" if event.position_side == "short" else "sell"
            yield SimulatedTrade(event.venue, event.coin, taker, event.qty_base, event.fill_price, event.ts_ns)
        for venue, share in VENUE_SHARE.items():
            for _ in range(int(self._rng.poisson(0.5 * share))):
                notional = float(self._rng.lognormal(8.2, 1.2))
                qty = max(round(notional / self.price, self.coin.qty_decimals), 10.0**-self.coin.qty_decimals)
                taker = "buy" if self._rng.random() < 0.52 else "sell"
                price = round(self.price * (1 + 1e-5 * float(self._rng.standard_normal())), self.coin.price_decimals)
                offset_ns = int(self._rng.integers(0, STEP_MS)) * NS_PER_MS
                yield SimulatedTrade(venue, self.coin.name, taker, qty, price, ts_ns + offset_ns)


def _drift(progress: float) -> float:
    """Log return per step: a slow climb, a push through the level, a pause, a pullback; then nothing."""
    if progress >= 1.0:
        return 0.0
    if progress < 0.25:
        return 0.6e-6
    if progress < 0.55:
        return 3.2e-6
    return 0.2e-6 if progress < 0.8 else -9.0e-6


def _crowd(coin: Coin, position_side: PositionSide, rng: np.random.Generator) -> Iterator[_Position]:
    """Positions whose triggers thicken just beyond the level (shorts) or thin out below the market (longs)."""
    is_short = position_side == "short"
    budget = coin.fuel_usd * (1.0 if is_short else 0.35)
    while budget > 0:
        notional = min(float(rng.lognormal(9.6, 1.5)), 2.5e6)
        if is_short:
            anchor = coin.level if rng.random() < 0.7 else coin.price
            trigger = anchor * (1 + 2e-4 + float(rng.exponential(0.006)))
        else:
            trigger = coin.price * (1 - 4e-4 - float(rng.exponential(0.008)))
        venue = str(rng.choice(list(VENUE_SHARE), p=list(VENUE_SHARE.values())))
        budget -= notional
        yield _Position(venue, position_side, notional, trigger)
