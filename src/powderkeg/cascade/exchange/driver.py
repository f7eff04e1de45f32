"""Running a scenario on the exchange: agents act, the index moves, marks follow, who must be is liquidated."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.exchange.agents import Agent, MakerSettings, MarketMaker, NoiseTrader, Shock, TrendFollower, View
from powderkeg.cascade.exchange.book_kernels import IMMEDIATE, LIMIT
from powderkeg.cascade.exchange.crowd import Member, members, open_members
from powderkeg.cascade.exchange.engine import Exchange
from powderkeg.cascade.exchange.instruments import Instrument
from powderkeg.cascade.exchange.log import Event, Kind
from powderkeg.cascade.exchange.scenario import ASSUMPTIONS, CoinScenario, Scenario
from powderkeg.domain.time import NS_PER_S

FloatArray = NDArray[np.float64]
PURSE_USD = 2e10
"""What an agent has: more than it needs."""

INVENTORIES = 5.0
"""A maker's limit, in depths; made up."""

MAX_ORDERS = 4_096


class Seat(NamedTuple):
    """An agent, its account and its market."""

    account: int
    instrument: int
    agent: Agent


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. All of it is simulated.

    Attributes:
        scenario: what it began with.
        seed: same seed, same simulation.
        ts_ns: [steps] end of each step.
        mark_prices: [steps, coins] quote per base.
        index_prices: [steps, coins].
        open_interest_base: [steps, coins].
        fund_usd: [steps] equity of the insurance fund.
        events: the log, outcomes included, from the first step on.
        gap_units: what conservation misses at the end: 0.
        state_hash: of the exchange at the end.
        method: always `simulated`.
        assumptions: what a reader must know to judge it.
    """

    scenario: Scenario
    seed: int
    ts_ns: NDArray[np.int64]
    mark_prices: FloatArray
    index_prices: FloatArray
    open_interest_base: FloatArray
    fund_usd: FloatArray
    events: tuple[Event, ...]
    gap_units: int
    state_hash: str
    method: str = "simulated"
    assumptions: tuple[str, ...] = ASSUMPTIONS

    def of(self, *kinds: Kind) -> list[Event]:
        """Events of some kinds, in order."""
        return [event for event in self.events if event.kind in kinds]


def simulate_exchange(scenario: Scenario, seed: int) -> Simulation:
    """Run a scenario.

    Args:
        scenario: venue, coins, agents.
        seed: of the only generator there is.

    Raises:
        InputError: a coin's numbers do not fit the exchange's arithmetic.
    """
    return Run(scenario, seed).finish()


class Run:
    """A scenario on its way; `step` by step for who wants to look in between.

    Args:
        scenario: as for `simulate_exchange`.
        seed: likewise.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.instruments = [_instrument(coin, scenario) for coin in scenario.coins]
        crowds = [self._draw(i) for i in range(len(scenario.coins))]
        agents = [(i, agent) for i, coin in enumerate(scenario.coins) for agent in agents_of(coin)]
        seated = 1 + 2 * len(scenario.coins)
        first = seated + len(agents)
        count = first + sum(len(found) for found in crowds)
        self.exchange = Exchange(self.instruments, scenario.rules, account_count=count, max_orders=MAX_ORDERS)
        self.seats = [Seat(n, i, agent) for n, (i, agent) in enumerate(agents, seated)]
        self._endow(first)
        for i, found in enumerate(crowds):
            self._open_holders(i)
            maker = next(seat.account for seat in self.seats if seat.instrument == i)  # agents begin with the makers
            open_members(self.exchange, i, found, first_account=first, counterparty=maker)
            first += len(found)
        self.exchange.update_index([one.ticks(coin.price) for one, coin in self._pairs()])
        self._index = np.array([coin.price for coin in scenario.coins])
        self._fundamental = self._index.copy()
        self.first_event = len(self.exchange.log.events)
        self.steps_done = 0
        self._rows: list[tuple[Any, ...]] = []

    @property
    def steps(self) -> int:
        """How many there are."""
        return int(self.scenario.duration_s / self.scenario.step_s)

    def step(self, index_prices: FloatArray | None = None) -> None:
        """Agents act in a fixed order, then the index moves and everybody is checked.

        Args:
            index_prices: [coins] the index after this step, where another market makes it; by default it walks.
        """
        scenario, exchange = self.scenario, self.exchange
        now_s = self.steps_done * scenario.step_s
        exchange.advance(scenario.start_ns + round(now_s * NS_PER_S))
        for seat in self.seats:
            self._act(seat, now_s)
        if index_prices is None:
            self._move_index()
        else:
            self._index = index_prices.copy()
        exchange.advance(scenario.start_ns + round((now_s + scenario.step_s) * NS_PER_S) - 1)
        exchange.update_index(
            [one.ticks(float(price)) for one, price in zip(self.instruments, self._index, strict=True)]
        )
        self._settle_funding()
        self.steps_done += 1
        self._note()

    def finish(self) -> Simulation:
        """Go on to the end."""
        while self.steps_done < self.steps:
            self.step()
        columns = [np.array(column) for column in zip(*self._rows, strict=True)]
        return Simulation(
            scenario=self.scenario,
            seed=self.seed,
            ts_ns=columns[0],
            mark_prices=columns[1],
            index_prices=columns[2],
            open_interest_base=columns[3],
            fund_usd=columns[4],
            events=tuple(self.exchange.log.events[self.first_event :]),
            gap_units=self.exchange.gap(),
            state_hash=self.exchange.state_hash(),
        )

    def view(self, account: int, i: int, now_s: float) -> View:
        """A market as an account sees it."""
        state = self.exchange.state
        bid, ask, _ = state.quote(i)
        return View(
            self.instruments[i],
            now_s,
            self.scenario.step_s,
            bid,
            ask,
            int(state.index_ticks[i]),
            int(state.mark_ticks[i]),
            int(state.accounts.lots[account, i]),
        )

    def _act(self, seat: Seat, now_s: float) -> None:
        one = self.instruments[seat.instrument]
        view = self.view(seat.account, seat.instrument, now_s)
        wanted = seat.agent.act(view, self.rng)
        if wanted is not None and seat.agent.replaces:
            self.exchange.cancel_all(seat.account, seat.instrument)
        for lots, tick, is_resting in wanted or ():
            limit = min(max(tick, one.low_tick), one.high_tick - 1)
            self.exchange.order(seat.account, seat.instrument, lots, limit, LIMIT if is_resting else IMMEDIATE)

    def _move_index(self) -> None:
        """The fundamental price walks; the index stands between it and the contract's mid."""
        scenario, mids = self.scenario, self.mid_prices()
        share = self.steps_done / self.steps
        for i, (one, coin) in enumerate(self._pairs()):
            noise = coin.volatility * math.sqrt(scenario.step_s) * float(self.rng.standard_normal())
            self._fundamental[i] *= math.exp(noise + coin.drift_at(share) * scenario.step_s)
            held = float(self._fundamental[i])
            price = held * math.exp(scenario.spot_follow * math.log(float(mids[i]) / held))
            self._index[i] = min(max(price, one.price(one.low_tick)), one.price(one.high_tick - 1))

    def _settle_funding(self) -> None:
        state = self.exchange.state
        for i in range(len(self.instruments)):
            due_ns = int(state.funding[i, 1]) or self.scenario.start_ns + self.scenario.rules.funding_interval_ns
            if state.now_ns >= due_ns:
                self.exchange.settle_funding(i)

    def _note(self) -> None:
        state = self.exchange.state
        longs = np.maximum(state.accounts.lots, 0).sum(axis=0)
        marks = [one.price(int(tick)) for one, tick in zip(self.instruments, state.mark_ticks, strict=True)]
        interest = [one.qty_base(int(lots)) for one, lots in zip(self.instruments, longs, strict=True)]
        fund = self.exchange.equity_units(0) / 1e6
        self._rows.append((state.now_ns, marks, self._index.copy(), interest, fund))

    def _endow(self, first_member: int) -> None:
        if self.scenario.fund_usd > 0.0:
            self.exchange.deposit(0, self.scenario.fund_usd)
        for account in range(1, first_member):  # holders and agents
            self.exchange.deposit(account, PURSE_USD)

    def _open_holders(self, i: int) -> None:
        one, coin = self.instruments[i], self.scenario.coins[i]
        if coin.holders_usd > 0.0:
            lots = one.lots(round(coin.holders_usd / coin.price, 9))
            self.exchange.block(1 + i, 1 + len(self.instruments) + i, i, lots, one.ticks(coin.price))

    def mid_prices(self) -> FloatArray:
        """[coins] middle of best bid and ask."""
        quotes = [self.exchange.state.quote(i) for i in range(len(self.instruments))]
        return np.array(
            [(one.price(q[0]) + one.price(q[1])) / 2 for one, q in zip(self.instruments, quotes, strict=True)]
        )

    def _draw(self, i: int) -> list[Member]:
        coin = self.scenario.coins[i]
        return [member for crowd in coin.crowds for member in members(crowd, coin, self.instruments[i], self.rng)]

    def _pairs(self) -> list[tuple[Instrument, CoinScenario]]:
        return list(zip(self.instruments, self.scenario.coins, strict=True))


def agents_of(coin: CoinScenario) -> list[Agent]:
    """A coin's agents, makers first, so that there is a book when the others come."""
    share = coin.depth_usd / coin.makers
    agents: list[Agent] = [
        MarketMaker(
            MakerSettings(
                depth_usd=share,
                levels=coin.maker_levels,
                inventory_usd=INVENTORIES * share,
                spread_ratio=0.0001 * (1 + n),
            )
        )
        for n in range(coin.makers)
    ]
    most = coin.depth_usd / 4
    if coin.noise_per_s > 0.0:
        agents.append(
            NoiseTrader(
                orders_per_s=coin.noise_per_s, median_usd=coin.noise_usd, buy_share=coin.buy_share, most_usd=most
            )
        )
    if coin.trend_usd > 0.0:
        order_usd = coin.trend_usd / 20
        agents.append(
            TrendFollower(
                fast_s=10.0, slow_s=60.0, threshold_ratio=0.0005, order_usd=order_usd, limit_usd=coin.trend_usd
            )
        )
    agents += [Shock(start_s=push.start_s, duration_s=push.duration_s, usd=push.usd) for push in coin.pushes]
    return agents


def _instrument(coin: CoinScenario, scenario: Scenario) -> Instrument:
    low, high = scenario.band
    return Instrument.of(
        symbol=coin.coin,
        tick=coin.tick,
        lot=coin.lot,
        low_price=coin.price * low,
        high_price=coin.price * high,
        tiers=coin.tiers,
    )
