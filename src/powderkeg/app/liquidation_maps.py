"""Maps of coins, from a data directory or a table of bars: one way in for Python, command line and web.

>>> import powderkeg
>>> keg = powderkeg.open("data")                                    # doctest: +SKIP
>>> one = keg.liquidation_map("BTC", as_of="2026-01-13T00:00:00Z")  # doctest: +SKIP
>>> one.prices, one.short_usd, one.upper_usd, one.kernel.origin     # doctest: +SKIP
>>> bars = powderkeg.open_bars("bars.csv")                          # doctest: +SKIP
>>> bars.heatmap("BTC", window="7d").cells.shape                    # doctest: +SKIP
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from powderkeg.app.instants import FAR_FUTURE_NS, Instant, instant_ns
from powderkeg.app.liquidation_map_data import Shelf, shelf_of_library
from powderkeg.app.liquidation_map_files import read_usable_bars
from powderkeg.app.map_memory import MapMemory
from powderkeg.app.selection import base_coin
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import format_duration, format_instant, parse_duration
from powderkeg.liqmap.bars import Bars, IntArray
from powderkeg.liqmap.calibrator import Memory
from powderkeg.liqmap.heatmap import Heatmap, heatmap
from powderkeg.liqmap.modelled import Modelled
from powderkeg.liqmap.reading import LiquidationMap, add_maps
from powderkeg.store.query import Database

ReadShelf = Callable[[int, str | None], Shelf]
"""Bars that ended by a time, for a coin (None for all)."""

COLUMNS: Final = 240
ROWS: Final = 400
STALE_BARS: Final = 48
"""A market whose last bar ended so many bars before the newest one's is absent: its levels are of another time."""


class NoMapError(InputError):
    """There is nothing to make a map of: an answer about the data, not a mistake of who asks."""


class Chosen(NamedTuple):
    """Markets a question is about: the model they are read from, their names, and what is absent."""

    coin: str
    model: Modelled
    names: list[str]
    absent: dict[str, str]
    made_from: dict[str, str]


class Maps:
    """Liquidation maps of one source of bars.

    Args:
        shelf: reads the bars.
        where: the source, for messages.
        is_simulated: whether its data come from a simulated market.
        memory: what was calibrated before; by default nothing.
    """

    def __init__(
        self,
        shelf: ReadShelf,
        where: str,
        *,
        is_simulated: Callable[[], bool] = lambda: False,
        memory: Memory | None = None,
    ) -> None:
        self._shelf, self._where, self._is_simulated = shelf, where, is_simulated
        self._lock = threading.RLock()  # one question at a time: they share what was calibrated
        self._memory: Memory = {} if memory is None else memory
        self._held: tuple[tuple[int, str | None], Shelf, Modelled] | None = None

    def liquidation_map(
        self, coin: str, *, as_of: Instant = None, venue: str | Sequence[str] | None = None
    ) -> LiquidationMap:
        """The map of a coin as it stood at a time, venues added up.

        Args:
            coin: a coin or any spelling of its symbol.
            as_of: only bars that ended by then are read; None for the newest.
            venue: a venue or several; None for all.

        Returns:
            The map; `parts` holds each venue's, `absent` the markets that have none and why.

        Raises:
            InputError: nothing to make a map of, with what is missing.
        """
        chosen = self.choose(coin, FAR_FUTURE_NS if as_of is None else instant_ns(as_of), venue)
        with self._lock:
            parts = [msgspec.structs.replace(chosen.model.read(name), coin=chosen.coin) for name in chosen.names]
        parts = [
            msgspec.structs.replace(one, assumptions={**one.assumptions, "made_from": chosen.made_from[one.symbol]})
            for one in parts
        ]
        return msgspec.structs.replace(add_maps(parts), absent=chosen.absent, is_simulated=self._is_simulated())

    def heatmap(
        self,
        coin: str,
        *,
        as_of: Instant = None,
        window: str = "7d",
        venue: str | Sequence[str] | None = None,
        columns: int = COLUMNS,
        rows: int = ROWS,
    ) -> Heatmap:
        """The map of a coin over time, each column as it stood then.

        Args:
            coin: as for `liquidation_map`.
            as_of: end of the picture; None for the newest.
            window: its length.
            venue: as for `liquidation_map`.
            columns: at most so many instants, evenly spaced on whole bars.
            rows: at most so many prices.

        Raises:
            InputError: nothing to make a map of, or more than 100,000 cells.
        """
        window_ns = parse_duration(window)
        chosen = self.choose(coin, FAR_FUTURE_NS if as_of is None else instant_ns(as_of), venue)
        bars = [chosen.model.markets[name] for name in chosen.names]
        with self._lock:
            return heatmap(
                chosen.model,
                chosen.names,
                coin=chosen.coin,
                times_ns=_instants(bars, window_ns, columns),
                rows=rows,
                absent=chosen.absent,
                is_simulated=self._is_simulated(),
            )

    def bars(self, until_ns: int = FAR_FUTURE_NS, coin: str | None = None) -> list[Bars]:
        """Bars of every market that can have a map."""
        return list(self._read(until_ns, coin)[0].markets.values())

    def absent(self, until_ns: int = FAR_FUTURE_NS, coin: str | None = None) -> dict[str, str]:
        """Markets that can have none, and why."""
        return self._read(until_ns, coin)[0].absent

    def choose(self, coin: str, until_ns: int, venue: str | Sequence[str] | None = None) -> Chosen:
        """The markets of a coin.

        Raises:
            NoMapError: none of them can have a map.
        """
        wanted = base_coin(coin)
        shelf, model = self._read(until_ns, wanted)
        venues = None if venue is None else {venue_slug(one) for one in ([venue] if isinstance(venue, str) else venue)}
        mine = [
            name
            for name, held in shelf.coins.items()
            if held == wanted and (venues is None or shelf.venues[name] in (None, *venues))
        ]
        absent = {name: shelf.absent[name] for name in mine if name in shelf.absent}
        names = self._readable(model, [name for name in mine if name in shelf.markets], absent)
        for slug in sorted((venues or set()) - {shelf.venues[name] for name in mine} - {None}):
            absent[slug] = f"no prices of {wanted} recorded"
        if not names:
            raise NoMapError(self._nothing(wanted, shelf, absent, until_ns))
        return Chosen(wanted, model, names, absent, shelf.made_from)

    def _read(self, until_ns: int, coin: str | None) -> tuple[Shelf, Modelled]:
        """The bars, and what was calibrated on them; the last question's are kept."""
        asked = (until_ns, coin)
        with self._lock:
            if self._held is None or self._held[0] != asked:
                shelf = self._shelf(until_ns, coin)
                self._held = (asked, shelf, Modelled([*shelf.markets.values()], self._memory))
            return self._held[1], self._held[2]

    def forget(self) -> None:
        """Read again at the next question: the source has changed."""
        with self._lock:
            self._held = None

    @staticmethod
    def _readable(model: Modelled, names: list[str], absent: dict[str, str]) -> list[str]:
        """Of these markets those with enough bars that are not of another time; the rest goes to `absent`."""
        found: list[str] = []
        ends_ns = [int(model.markets[name].open_ns[-1]) + model.markets[name].interval_ns for name in names]
        for name, end_ns in zip(names, ends_ns, strict=True):
            bars = model.markets[name]
            if max(ends_ns) - end_ns > STALE_BARS * bars.interval_ns:
                absent[name] = f"its bars end at {format_instant(end_ns)}"
            elif model.has_map(name, len(bars)):
                found.append(name)
            else:
                absent[name] = f"only {len(bars)} bars of {format_duration(bars.interval_ns)} so far"
        return found

    def _nothing(self, coin: str, shelf: Shelf, absent: dict[str, str], until_ns: int) -> str:
        when = "" if until_ns == FAR_FUTURE_NS else f" before {format_instant(until_ns)}"
        if absent:
            reasons = "; ".join(f"{name}: {why}" for name, why in absent.items())
            return f"no map of {coin}{when} in {self._where}: {reasons}. A map needs prices and open interest"
        held = ", ".join(sorted({shelf.coins[name] for name in shelf.markets})) or "no bars with open interest"
        return f"no bars of {coin}{when} in {self._where}; it holds {held}"


def maps_of_library(database: Database) -> Maps:
    """Maps of a data directory."""
    return Maps(
        lambda until_ns, coin: shelf_of_library(database, until_ns, coin),
        str(database.data_dir),
        is_simulated=lambda: database.is_simulated,
        memory=MapMemory(database.data_dir),
    )


def maps_of_file(path: str | Path) -> Maps:
    """Maps of a table of bars; its columns are those of `powderkeg map --bars`.

    Raises:
        InputError: the table cannot be read.
    """
    path = Path(path).expanduser()
    markets, unusable = read_usable_bars(path)
    return Maps(lambda until_ns, _coin: _shelf_of_bars(markets, unusable, until_ns), path.name)


def _shelf_of_bars(markets: list[Bars], unusable: dict[str, str], until_ns: int) -> Shelf:
    found = Shelf(
        markets={},
        coins={symbol: base_coin(symbol) for symbol in unusable},
        venues=dict.fromkeys(unusable),
        absent=dict(unusable),
        made_from={},
    )
    for bars in markets:
        found.coins[bars.symbol], found.venues[bars.symbol] = base_coin(bars.symbol), None
        count = int(np.searchsorted(bars.open_ns + bars.interval_ns, until_ns, side="right"))
        if count and np.isfinite(bars.open_interest_base[: count + 1]).any():
            found.markets[bars.symbol], found.made_from[bars.symbol] = bars.until(count), "a table of bars"
        else:
            found.absent[bars.symbol] = f"no bars with open interest end before {format_instant(until_ns)}"
    return found


def _instants(bars: list[Bars], window_ns: int, columns: int) -> IntArray:
    """Ends of bars, evenly spaced back from the newest, within the window and the data."""
    interval_ns = min(one.interval_ns for one in bars)
    end_ns = max(int(one.open_ns[-1]) + one.interval_ns for one in bars)
    first_ns = min(int(one.open_ns[0]) + one.interval_ns for one in bars)
    span_ns = min(window_ns, end_ns - first_ns)
    step_ns = max(-(-span_ns // (max(columns, 2) * interval_ns)) * interval_ns, interval_ns)
    return np.arange(end_ns - span_ns // step_ns * step_ns, end_ns + 1, step_ns, dtype=np.int64)
