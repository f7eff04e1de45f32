"""The simulated squeeze as a story for servers: what `powderkeg demo` shows, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MS, NS_PER_S
from powderkeg.testing.exchange_squeeze import simulate_exchange_squeeze
from powderkeg.testing.squeeze import (
    COINS,
    DURATION_S,
    FIRST_INTEREST,
    START_NS,
    VENUE_SHARE,
    Squeeze,
    Tick,
    simulate_squeeze,
)
from powderkeg.testing.venues.before import before
from powderkeg.testing.venues.contracts import LISTED, Listed
from powderkeg.testing.venues.market import Dealt
from powderkeg.testing.venues.press import Fact, Press
from powderkeg.testing.venues.publishing import Happened, pushes
from powderkeg.testing.venues.story import Kind, SimulatedFrame
from powderkeg.testing.whole_books import BOOK_VENUE

_SLOW_TICKS: Final = 5  # open interest and funding where they have messages of their own, and whole books
_BOOK_DICE: Final = 5  # sets the books' draws apart from others of the seed


class Shown(NamedTuple):
    """A whole book that is due."""

    contract: Listed
    price: float
    after: int  # seconds since the story began


class SqueezeStory(msgspec.Struct, frozen=True, kw_only=True):
    """Four coins on four venues around a level, made by exact exchanges; see `testing.exchange_squeeze`.

    Notional is what the venue's feed tells: at the fill on Binance, at the bankruptcy price elsewhere.

    Attributes:
        seed: same seed, same bytes.
        duration_s: length.
        start_ns: first instant, ns UTC.
        squeeze_s: how much of it the squeeze takes; None: all.
    """

    seed: int = 7
    duration_s: int = DURATION_S
    start_ns: int = START_NS
    squeeze_s: int | None = None

    @property
    def venues(self) -> tuple[str, ...]:
        """Slugs of those that take part."""
        return tuple(VENUE_SHARE)

    def frames(self, venue: str) -> Iterator[SimulatedFrame]:
        """What the venue pushes, in order of time.

        Raises:
            InputError: the venue takes no part.
        """
        self._check(venue)
        squeeze = _squeeze(self.seed, self.duration_s, self.start_ns, self.squeeze_s)
        press = Press(venue)
        contracts = {contract.coin: contract for contract in LISTED[venue]}
        events: list[tuple[int, Fact | Shown]] = [
            (push.at_ms, push) for push in pushes(venue, _happened(venue, squeeze))
        ]
        for trade in squeeze.trades:
            if trade.venue == venue:
                contract = contracts[trade.coin]
                lots, ticks = _lots(contract, trade.qty_base), contract.ticks_of(trade.price)
                events.append((trade.ts_ns // NS_PER_MS, Dealt(contract, trade.taker_side == "buy", lots, ticks)))
        for tick in squeeze.ticks:
            events += [(frame.at_ns // NS_PER_MS, frame) for frame in self._quotes(press, contracts[tick.coin], tick)]
        if venue == BOOK_VENUE:
            for tick in squeeze.ticks:
                if (after := self._after(tick)) and after % _SLOW_TICKS == 0:
                    events.append((tick.ts_ns // NS_PER_MS, Shown(contracts[tick.coin], tick.price, after)))
        events.sort(key=itemgetter(0))
        books = np.random.default_rng([self.seed, _BOOK_DICE])
        for at_ms, event in events:
            if isinstance(event, Shown):
                yield press.quotes.whole(event.contract, at_ms, event.price, event.after, books)
            else:
                yield press.frame(at_ms, event)

    def past(self, venue: str) -> tuple[SimulatedFrame, ...]:
        """One of everything per contract, from before the beginning."""
        self._check(venue)
        told = before(venue, self.start_ns, lambda contract: contract.qty_of(_interest_at_first(venue, contract)))
        if venue != BOOK_VENUE:
            return told
        quotes, rng = Press(venue).quotes, np.random.default_rng(self.seed)
        first_ms = self.start_ns // NS_PER_MS
        books = (quotes.whole(contract, first_ms, contract.price, 0, rng) for contract in LISTED[venue])
        return (*(frame for frame in told if frame.kind != "book"), *books)

    def _check(self, venue: str) -> None:
        if venue not in VENUE_SHARE:
            raise InputError(f"{venue} takes no part in the squeeze; its venues are {', '.join(self.venues)}")

    def _quotes(self, press: Press, contract: Listed, tick: Tick) -> Iterator[SimulatedFrame]:
        at_ms = tick.ts_ns // NS_PER_MS
        kinds: tuple[Kind, ...] = ("mark_price",)
        if press.venue == "okx" and self._after(tick) % _SLOW_TICKS == 0:
            kinds = ("mark_price", "open_interest", "funding_rate")
        interest = contract.qty_of(_lots(contract, tick.interest_of(press.venue)))
        for kind in kinds:
            yield press.quotes.market(kind, contract, at_ms, tick.price, interest)

    def _after(self, tick: Tick) -> int:
        """Whole seconds since the beginning."""
        return (tick.ts_ns - self.start_ns) // NS_PER_S

    def prepare(self) -> None:
        """Simulate ahead of the first frame: it takes seconds, in which no socket would be served."""
        _squeeze(self.seed, self.duration_s, self.start_ns, self.squeeze_s)


@lru_cache(maxsize=4)
def _simulated(seed: int, duration_s: int) -> Squeeze:
    return simulate_exchange_squeeze(np.random.default_rng(seed), duration_s=duration_s, start_ns=0)


@lru_cache(maxsize=4)
def _squeeze(seed: int, duration_s: int, start_ns: int, squeeze_s: int | None) -> Squeeze:
    """Simulated once for all venues, and told from the time that is asked for.

    A squeeze with a calm market after it comes from the light simulation: an hour of exact exchanges takes minutes.
    """
    if squeeze_s is not None:
        rng = np.random.default_rng(seed)
        return simulate_squeeze(rng, duration_s=duration_s, start_ns=start_ns, squeeze_s=squeeze_s)
    made = _simulated(seed, duration_s)
    return Squeeze(
        tuple(replace(event, ts_ns=event.ts_ns + start_ns) for event in made.liquidations),
        tuple(replace(event, ts_ns=event.ts_ns + start_ns) for event in made.trades),
        tuple(replace(event, ts_ns=event.ts_ns + start_ns) for event in made.ticks),
    )


def _happened(venue: str, squeeze: Squeeze) -> list[Happened]:
    contracts = {contract.coin: contract for contract in LISTED[venue]}
    return [
        Happened(
            event.ts_ns // NS_PER_MS,
            contracts[event.coin],
            event.position_side,
            _lots(contracts[event.coin], event.qty_base),
            contracts[event.coin].ticks_of(event.fill_price if venue == "binance-usdm" else event.bankruptcy_price),
        )
        for event in squeeze.liquidations
        if event.venue == venue
    ]


def _interest_at_first(venue: str, contract: Listed) -> int:
    """Lots held when the squeeze begins."""
    (coin,) = [coin for coin in COINS if coin.name == contract.coin]
    return _lots(contract, VENUE_SHARE[venue] * FIRST_INTEREST * coin.fuel_usd / coin.price)


def _lots(contract: Listed, qty_base: float) -> int:
    qty = qty_base / float(contract.unit_base or 1)
    return max(1, round(qty * 10**contract.lot_decimals / contract.lot_step))
