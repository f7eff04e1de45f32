"""The map of a coin at a time: read from a table of bars or a data directory, drawn, and laid out for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from powderkeg.app.library import FAR_FUTURE_NS, open_library
from powderkeg.app.liquidation_map_data import bars_of_library
from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.app.selection import select
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of, split_pair
from powderkeg.domain.time import format_instant, parse_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.liqmap.modelled import Modelled
from powderkeg.liqmap.reading import Cluster, LiquidationMap, add_maps, clusters


class MapReading(msgspec.Struct, frozen=True, kw_only=True):
    """A map and what stands out in it.

    Attributes:
        coin: as asked.
        total: the map, markets added up.
        nearest: clusters on both sides, nearest first.
        by_market: the map of each market.
        markets: the bars it was made of.
    """

    coin: str
    total: LiquidationMap
    nearest: list[Cluster]
    by_market: list[LiquidationMap]
    markets: list[Bars]

    def plain(self) -> dict[str, Any]:
        """For JSON: clusters, and the arrays with the bins outside of which nothing stands left out."""
        one = self.total
        used = np.flatnonzero(one.notional_usd.sum(axis=0) > 0)
        span = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)
        return {
            "as_of": format_instant(one.as_of_ns),
            "coin": self.coin,
            "method": one.method,
            "is_floor": True,
            "mark_price": one.mark_price,
            "open_interest_usd": one.open_interest_usd,
            "sources": list(one.sources),
            "assumptions": one.assumptions,
            "rows": [msgspec.to_builtins(cluster) for cluster in self.nearest],
            "bins": {
                "price": one.prices[span].tolist(),
                "long_usd": one.notional_usd[0, span].tolist(),
                "short_usd": one.notional_usd[1, span].tolist(),
            },
        }


def read_map(coin: str, *, bars: Path | None, data: Path, as_of: str | None, count: int = 5) -> MapReading:
    """The map of a coin.

    Args:
        coin: a coin or any spelling of its symbol.
        bars: a table of bars; None for the data directory.
        data: the data directory.
        as_of: only bars that ended by then are read; None for all.
        count: clusters per side.

    Raises:
        InputError: nothing to make a map of.
    """
    until_ns = FAR_FUTURE_NS if as_of is None else parse_instant(as_of)
    if bars is not None:
        markets, wanted = _from_file(coin, bars, until_ns)
    else:
        with open_library(data) as library:
            rows = library.database.rows("SELECT DISTINCT symbol FROM candle")
            every = select((), (), known=())
            chosen = select((coin,), (), known=frozenset(row["symbol"] for row in rows))
            if not chosen.symbols:
                raise InputError(f"no candles of {coin} in {data}; import some (powderkeg import FILE --data {data})")
            markets = bars_of_library(library.database, every, until_ns)
            wanted = [one.symbol for one in markets if one.symbol.split(" ", 1)[1] in chosen.symbols]
    model = Modelled(markets)
    by_market = [model.read(name) for name in wanted]
    total = add_maps(by_market)
    return MapReading(
        coin=coin, total=total, nearest=clusters(total, count), by_market=by_market, markets=list(markets)
    )


def _from_file(coin: str, path: Path, until_ns: int) -> tuple[list[Bars], list[str]]:
    """All markets of a table up to a time (they calibrate together), and the names of the coin's own."""
    markets = [
        one.until(int(np.searchsorted(one.open_ns + one.interval_ns, until_ns, side="right")))
        for one in read_bars(path)
        if int(one.open_ns[0]) + one.interval_ns <= until_ns
    ]
    wanted = [one.symbol for one in markets if coin.upper() == one.symbol.upper() or coin_of(coin) == _coin(one.symbol)]
    if not wanted:
        held = ", ".join(one.symbol for one in markets) or "nothing that early"
        raise InputError(f"no bars of {coin} in {path.name}; it holds {held}")
    return markets, wanted


def _coin(symbol: str) -> str:
    """The coin of a pair as tables spell it (`BTCUSDT`, `BTC/USDT:USDT`)."""
    glued = split_pair(symbol.upper())
    return coin_of(symbol if glued is None else glued[0])
