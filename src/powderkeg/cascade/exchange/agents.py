"""Who trades: market makers, noise, trend followers, a shock. Each is a small object with a seeded generator.

An agent sees its market (`View`) and says what it wants (`Request`s); it never sees other accounts. The sizes and
rates are a scenario's, the behavior is a caricature: a maker quotes a ladder around fair value, leans against its
inventory and pulls back when price runs; noise trades at random; a trend follower buys what has risen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import msgspec
import numpy as np

from powderkeg.cascade.exchange.instruments import Instrument

FADE_S: Final = 20.0
"""A maker remembers how fast price ran for about this long; made up."""


STAYS: Final = 0.4
"""Quotes stay while fair value is within this share of the spread, and inventory and depth within it of a level."""

PROTECTION: Final = 0.01
"""Venues hold market orders within a band of this order; it differs by contract."""

LEAST_CALM: Final = 1.0 / 17.0
"""Depth in the worst tenth of events against calm: one study of one venue, not reviewed."""


class View(NamedTuple):
    """What an agent sees at the beginning of a step.

    Attributes:
        instrument: its market.
        now_s: since the beginning.
        step_s: until the next step.
        bid_tick: best bid.
        ask_tick: best ask.
        index_tick: the index.
        mark_tick: the mark.
        lots: its own position, positive long.
    """

    instrument: Instrument
    now_s: float
    step_s: float
    bid_tick: int
    ask_tick: int
    index_tick: int
    mark_tick: int
    lots: int

    def protected(self, lots: int) -> Request:
        """A market order that does not chase the price further than `PROTECTION` from the best of the other side."""
        if lots > 0:
            return Request(lots, math.ceil(self.ask_tick * (1.0 + PROTECTION)), is_resting=False)
        return Request(lots, math.floor(self.bid_tick * (1.0 - PROTECTION)), is_resting=False)

    def lots_of(self, usd: float) -> int:
        """Lots worth so many USD at mark."""
        return int(usd / (self.instrument.price(self.mark_tick) * float(self.instrument.lot)))


class Request(NamedTuple):
    """What an agent wants: lots (signed, buys positive) within a limit; what does not trade at once may rest."""

    lots: int
    tick: int
    is_resting: bool = True


class Agent(Protocol):
    """One trader in one market.

    Attributes:
        replaces: its resting orders are canceled before its requests are carried out.
    """

    replaces: bool

    def act(self, view: View, rng: np.random.Generator) -> list[Request] | None:
        """What it wants now; None leaves everything as it is, an empty list of one that replaces pulls its quotes."""
        ...


class MakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a market maker quotes.

    Attributes:
        depth_usd: offered per side within `reach_ratio` when calm.
        levels: per side.
        spread_ratio: from fair value to the first level.
        reach_ratio: from fair value to the last.
        lean_ratio: by how much it moves its quotes away from an inventory of `depth_usd`.
        inventory_usd: position at which it quotes one side only.
        stress_ratio: move within about 20 s at which it offers half of its depth at twice its spread.
        least_calm: share of its depth that it offers in the worst of times.
    """

    depth_usd: float
    levels: int = 10
    spread_ratio: float = 0.0001
    reach_ratio: float = 0.01
    lean_ratio: float = 0.005
    inventory_usd: float
    stress_ratio: float = 0.003
    least_calm: float = LEAST_CALM


class MarketMaker:
    """Quotes a ladder around the index, leans against its inventory, pulls back when price runs.

    Inventory is counted from what it held when it first acted.

    Args:
        settings: how.
    """

    replaces = True

    def __init__(self, settings: MakerSettings) -> None:
        self.settings = settings
        self._remembered = 0.0
        self._home: int | None = None
        self._quoted = (0.0, 0, 0)

    def act(self, view: View, rng: np.random.Generator) -> list[Request] | None:
        """Quotes of both sides, or of the one that brings its inventory down; None while the last ones still do."""
        chosen = self.settings
        if self._home is None:
            self._home = view.lots
        held = (view.lots - self._home) / max(1, view.lots_of(chosen.depth_usd))
        fair = view.index_tick * math.exp(-chosen.lean_ratio * held)
        calm = self._calm(fair, view.step_s)
        spread = chosen.spread_ratio / calm
        per_level = view.lots_of(chosen.depth_usd * calm / chosen.levels)
        before_fair, before_lots, before_level = self._quoted
        if (
            abs(fair - before_fair) < STAYS * spread * fair
            and abs(view.lots - before_lots) < STAYS * per_level
            and abs(per_level - before_level) < STAYS * per_level
        ):
            return None
        self._quoted = (fair, view.lots, per_level)
        return list(self._quotes(fair, spread, per_level, held, rng))

    def _quotes(
        self, fair: float, spread: float, per_level: int, held: float, rng: np.random.Generator
    ) -> Iterator[Request]:
        chosen = self.settings
        steps = np.linspace(spread, max(chosen.reach_ratio, 2.0 * spread), chosen.levels)
        for sign in (1, -1):
            if held * sign * chosen.depth_usd >= chosen.inventory_usd:
                continue
            sizes = rng.uniform(0.7, 1.3, chosen.levels) * per_level
            for distance, size in zip(steps.tolist(), sizes.tolist(), strict=True):
                tick = math.floor(fair * (1.0 - distance)) if sign > 0 else math.ceil(fair * (1.0 + distance))
                if size >= 1.0:
                    yield Request(sign * int(size), tick)

    def _calm(self, fair: float, step_s: float) -> float:
        """1 when price stands, 0.5 where it has run the stress ratio, toward the least beyond."""
        if not self._remembered:
            self._remembered = fair
        move = abs(math.log(fair / self._remembered))
        self._remembered += (fair - self._remembered) * min(1.0, step_s / FADE_S)
        return max(self.settings.least_calm, 1.0 / (1.0 + (move / self.settings.stress_ratio) ** 2))


class NoiseTrader:
    """Market orders at random times, of lognormal value.

    Args:
        orders_per_s: on average.
        median_usd: of their value.
        spread: standard deviation of its logarithm.
        buy_share: share of buys.
        most_usd: the largest.
    """

    replaces = False

    def __init__(
        self, *, orders_per_s: float, median_usd: float, spread: float = 1.2, buy_share: float = 0.5, most_usd: float
    ) -> None:
        self._settings = (orders_per_s, math.log(median_usd), spread, buy_share, most_usd)

    def act(self, view: View, rng: np.random.Generator) -> list[Request] | None:
        """A Poisson number of market orders."""
        rate, center, spread, buy_share, most = self._settings
        requests: list[Request] = []
        for _ in range(int(rng.poisson(rate * view.step_s))):
            lots = max(1, view.lots_of(min(most, float(rng.lognormal(center, spread)))))
            requests.append(view.protected(lots if rng.random() < buy_share else -lots))
        return requests


class TrendFollower:
    """Buys what has risen and sells what has fallen, up to a limit.

    Args:
        fast_s: memory of the fast average, s.
        slow_s: memory of the slow one.
        threshold_ratio: by how much they must differ.
        order_usd: per step.
        limit_usd: largest position.
    """

    replaces = False

    def __init__(
        self, *, fast_s: float, slow_s: float, threshold_ratio: float, order_usd: float, limit_usd: float
    ) -> None:
        self._memory_s = (fast_s, slow_s)
        self._settings = (threshold_ratio, order_usd, limit_usd)
        self._averages: list[float] = []

    def act(self, view: View, rng: np.random.Generator) -> list[Request] | None:  # noqa: ARG002 - decides by price alone
        """One market order while the averages differ by more than the threshold."""
        threshold, order_usd, limit_usd = self._settings
        mid = (view.bid_tick + view.ask_tick) / 2
        averages = self._averages or [mid, mid]
        self._averages = [
            old + (mid - old) * min(1.0, view.step_s / memory)
            for old, memory in zip(averages, self._memory_s, strict=True)
        ]
        lead = math.log(self._averages[0] / self._averages[1])
        wanted = view.lots_of(limit_usd) * (0 if abs(lead) < threshold else 1 if lead > 0 else -1)
        step = max(1, view.lots_of(order_usd))
        if not wanted or wanted == view.lots:
            return None
        return [view.protected(max(-step, min(step, wanted - view.lots)))]


class Shock:
    """Buys (or sells) a sum evenly over a time.

    Args:
        start_s: since the beginning.
        duration_s: how long, > 0.
        usd: how much; negative sells.
    """

    replaces = False

    def __init__(self, *, start_s: float, duration_s: float, usd: float) -> None:
        self._settings = (start_s, duration_s, usd)

    def act(self, view: View, rng: np.random.Generator) -> list[Request] | None:  # noqa: ARG002 - it is the plan
        """The share of this step."""
        start_s, duration_s, usd = self._settings
        during = min(view.now_s + view.step_s, start_s + duration_s) - max(view.now_s, start_s)
        lots = view.lots_of(abs(usd) * max(0.0, during) / duration_s)
        return [view.protected(lots if usd > 0 else -lots)] if lots else None
