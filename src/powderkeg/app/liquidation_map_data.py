"""Bars for a map from a data directory: one market after another, from whatever was imported or recorded of it.

Prices come from candles where there are some, else from trades, else from mark prices, put into bars of one length.
Liquidations come from a venue's own feed where it was watched, else from bars an aggregator reports; where neither was,
they are unknown. Open interest in dollars alone is turned into coins at the price of its bar; one of 0 is unknown.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from powderkeg.app.liquidation_map_bars import PriceBars, candle_bars, price_bars
from powderkeg.app.liquidation_map_liquidated import liquidated_base
from powderkeg.app.market_rows import Columns, Market, rows_by_market
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of, parts_of
from powderkeg.domain.time import day_of, format_instant
from powderkeg.domain.units import USD_LIKE
from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.store.query import Database

_MARKETS: Final = """
    SELECT venue, symbol, min(ts_event_ns) AS first_ns, max(ts_event_ns) AS last_ns, count(*) AS count
    FROM {event} WHERE {condition} GROUP BY ALL
"""

_INTEREST: Final = """
    SELECT n, ts_event_ns, coalesce(nullif(open_interest_base, 0), 'nan') AS base,
           coalesce(nullif(open_interest_usd, 0), 'nan') AS usd
    FROM open_interest JOIN {wanted} USING (venue, symbol)
    WHERE date <= $last_day::DATE AND ts_event_ns <= $until_ns ORDER BY ALL
"""

PRICES: Final = ("candle", "trade", "mark_price")
"""Where prices come from, best first: candles and trades know volume, mark prices do not."""

LIMITED: Final = ("trade", "mark_price")
LIMITED_DAYS: Final = 30
"""Days of single trades and marks that are read: further back it takes candles, or every question would count years."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a source of bars holds up to a time.

    Attributes:
        markets: bars by market; the symbol of each names venue and market.
        coins: the coin of every market, absent ones too.
        venues: the venue of every market, absent ones too; None where the source does not say.
        absent: markets without a map, with the reason.
        made_from: how the bars of each market were made, in words.
    """

    markets: dict[str, Bars]
    coins: dict[str, str]
    venues: dict[str, str | None]
    absent: dict[str, str]
    made_from: dict[str, str]


def shelf_of_library(database: Database, until_ns: int, coin: str | None = None) -> Shelf:
    """Bars of every perpetual in dollars that can have a map, and of the others why not.

    Args:
        database: the data directory.
        until_ns: bars that end later are not read.
        coin: markets of other coins are left out unless their liquidations are known, so that they can calibrate.
    """
    found = Shelf(markets={}, coins={}, venues={}, absent={}, made_from={})
    priced = {event: _spans(database, event, until_ns) for event in PRICES}
    held = _spans(database, "open_interest", until_ns)
    known = _spans(database, "liquidation", until_ns).keys() | _spans(database, "liquidation_bar", until_ns).keys()
    wanted: dict[str, list[Market]] = {event: [] for event in PRICES}
    for market in sorted(set[Market]().union(*priced.values())):
        venue, symbol = market
        if not _in_dollars(symbol) or (coin is not None and coin_of(symbol) != coin and market not in known):
            continue
        name = f"{venue} {symbol}"
        found.coins[name], found.venues[name] = coin_of(symbol), venue
        if market not in held:
            found.absent[name] = "no open interest recorded"
        else:
            wanted[next(event for event in PRICES if market in priced[event])].append(market)
    for event, markets in wanted.items():
        spans = {market: priced[event][market] for market in markets}
        _put(found, database, event, spans, until_ns)
    return found


def _put(shelf: Shelf, database: Database, event: str, spans: dict[Market, tuple[int, int]], until_ns: int) -> None:
    """Put markets whose prices come from one kind of event on the shelf."""
    if not spans:
        return
    if event == "candle":
        tables = candle_bars(database, [*spans], until_ns)
    else:
        tables = price_bars(database, event, spans, until_ns)
    liquidated = liquidated_base(database, tables)
    readings = _interest(database, tables, until_ns)
    for market in spans:
        name = " ".join(market)
        if market not in tables:
            shelf.absent[name] = f"no bar ended before {format_instant(until_ns)}"
        elif np.isnan(readings[market]).all():
            shelf.absent[name] = "no open interest in the time of its prices"
        else:
            amounts, words = liquidated[market]
            try:
                shelf.markets[name] = _bars(market, tables[market], amounts, readings[market])
            except InputError as error:
                shelf.absent[name] = str(error).removeprefix(f"{name}: ")
            else:
                shelf.made_from[name] = f"{event.replace('_', ' ')}s and open interest; {words}"


def multiplier_of(symbol: str) -> float:
    """How many coins a unit of a contract's base is: 1000 of `1000PEPE/USDT:USDT`, 1 of `BTC/USDT:USDT`."""
    base, coin = symbol.partition("/")[0], coin_of(symbol)
    extra = base.upper().replace(coin, "", 1)
    if extra == "K" and base.startswith("k"):
        return 1e3
    return 1e6 if extra == "1M" else float(extra) if extra.isdigit() and coin in base.upper() else 1.0


def _in_dollars(symbol: str) -> bool:
    """Whether it is a perpetual quoted in dollars: the levels of anything else do not add up with it."""
    try:
        parts = parts_of(symbol)
    except InputError:
        return False
    return parts.quote in USD_LIKE and parts.expiry is None and parts.option is None


def _spans(database: Database, event: str, until_ns: int) -> dict[tuple[str, str], tuple[int, int]]:
    condition, parameters = "date <= ?::DATE AND ts_event_ns <= ?", list[Any]([day_of(until_ns), until_ns])
    if event in LIMITED:
        condition += f" AND date > (SELECT max(date) FROM {event} WHERE date <= ?::DATE) - {LIMITED_DAYS}"  # noqa: S608 - our names
        parameters.append(day_of(until_ns))
    rows = database.rows(_MARKETS.format(event=event, condition=condition), parameters)
    return {(row["venue"], row["symbol"]): (row["first_ns"], row["last_ns"]) for row in rows}


def _bars(market: Market, table: PriceBars, liquidated: FloatArray, held: FloatArray) -> Bars:
    units = multiplier_of(market[1])
    return Bars(
        symbol=" ".join(market),
        interval_ns=table.interval_ns,
        open_ns=table.open_ns,
        prices=table.prices / units,
        volume_base=table.volume_base * units,
        open_interest_base=held * units,
        liquidated_base=liquidated * units,
    )


def _interest(database: Database, tables: dict[Market, PriceBars], until_ns: int) -> dict[Market, FloatArray]:
    """Open interest before the first bar and at every close: the last reading of the bar that ends there."""
    read = rows_by_market(database, _INTEREST, [*tables], each={}, last_day=day_of(until_ns), until_ns=until_ns)
    return {market: _at_edges(rows, one) for (market, one), rows in zip(tables.items(), read, strict=True)}


def _at_edges(rows: Columns, table: PriceBars) -> FloatArray:
    read_ns, base, usd = rows["ts_event_ns"], rows["base"], rows["usd"]
    if not len(read_ns):
        return np.full(len(table.open_ns) + 1, np.nan)
    closes = np.concatenate([table.prices[:1, 0], table.prices[:, 3]])
    edges = np.concatenate([table.open_ns[:1], table.open_ns + table.interval_ns])
    at = np.searchsorted(read_ns, edges, side="right") - 1
    fresh = (at >= 0) & (edges - read_ns[at] < table.interval_ns)
    held: FloatArray = np.where(np.isfinite(base[at]), base[at], usd[at] / closes)
    return np.where(fresh, held, np.nan)
