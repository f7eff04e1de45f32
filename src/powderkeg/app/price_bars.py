"""Candles of one market: from recorded candles, else from trades, else from mark prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from powderkeg.app.asked_span import asked_span
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library, Names
from powderkeg.app.liquidation_queries import where
from powderkeg.app.market_series import bars_span, series_head
from powderkeg.app.selection import Selection
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import format_instant
from powderkeg.stats.coverage import Span
from powderkeg.store.query import ArrowTable

Basis = Literal["candle", "trade", "mark_price"]
BASES: Final[tuple[Basis, ...]] = ("candle", "trade", "mark_price")

_CANDLES: Final = """
    SELECT ts_event_ns - ts_event_ns % $interval AS open_ns, arg_min(open, ts_event_ns) AS open_price,
           max(high) AS high_price, min(low) AS low_price, arg_max(close, ts_event_ns) AS close_price,
           sum(volume_usd) AS volume_usd
    FROM candle WHERE {condition} AND interval_ns = $base GROUP BY open_ns ORDER BY open_ns
"""

_TRADES: Final = """
    SELECT ts_event_ns - ts_event_ns % $interval AS open_ns,
           arg_min(price, (ts_event_ns, trade_id, price)) AS open_price, max(price) AS high_price,
           min(price) AS low_price, arg_max(price, (ts_event_ns, trade_id, price)) AS close_price,
           sum(TRY_CAST(notional_usd AS DECIMAL(30, 8)))::DOUBLE AS volume_usd
    FROM trade WHERE {condition} GROUP BY open_ns ORDER BY open_ns
"""

_MARKS: Final = """
    SELECT ts_event_ns - ts_event_ns % $interval AS open_ns,
           arg_min(mark_price, (ts_event_ns, mark_price)) AS open_price, max(mark_price) AS high_price,
           min(mark_price) AS low_price, arg_max(mark_price, (ts_event_ns, mark_price)) AS close_price,
           NULL::DOUBLE AS volume_usd
    FROM mark_price WHERE {condition} GROUP BY open_ns ORDER BY open_ns
"""

_SQL: Final[dict[Basis, str]] = {"candle": _CANDLES, "trade": _TRADES, "mark_price": _MARKS}


class PriceBars(msgspec.Struct, frozen=True, kw_only=True):
    """Candles of one market over [from, to); of none where nothing is recorded.

    Attributes:
        basis: what they are made of.
        base_ns: length of the recorded candles, where they are made of such.
        bars: a `pyarrow.Table`: open_ns, open_price, high_price, low_price, close_price, volume_usd; None for none.
    """

    span: Span
    interval_ns: int
    venue: str | None
    symbol: str | None
    basis: Basis | None
    base_ns: int | None
    bars: ArrowTable | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        rows: list[dict[str, Any]] = [] if self.bars is None else self.bars.to_pylist()
        return {
            **series_head(self.span, self.interval_ns),
            "coin": None if self.symbol is None else coin_of(self.symbol),
            "venue": self.venue,
            "symbol": self.symbol,
            "basis": self.basis,
            "rows": [{"open_at": format_instant(row.pop("open_ns")), **row} for row in rows],
        }


class _Market(msgspec.Struct, frozen=True):
    basis: Basis
    venue: str
    symbol: str
    base_ns: int | None


def price_bars(
    library: Library,
    *,
    coin: Names,
    venue: Names = None,
    interval: str = "1h",
    start: Instant = None,
    end: Instant = None,
    window: str = "24h",
) -> PriceBars:
    """Candles of the market of a coin that was recorded for most of the interval; a perpetual before spot.

    Args:
        library: where.
        coin: a coin or any spelling of a symbol.
        venue: only of this venue.
        interval: length of a bar.
        start: first instant; the first bar begins at or before it.
        end: last instant, excluded; by default now.
        window: before `end`, where no start is given.

    Raises:
        InputError: an argument cannot be read, or there are too many bars.
    """
    span, interval_ns = bars_span(asked_span(start=start, end=end, window=window), interval)
    market = next(_markets(library, span, interval_ns, coin, venue), None)
    if market is None:
        return PriceBars(
            span=span, interval_ns=interval_ns, venue=None, symbol=None, basis=None, base_ns=None, bars=None
        )
    condition, named = _named(span, Selection((market.symbol,), (market.venue,)))
    bound: dict[str, Any] = {**named, "interval": interval_ns}
    if market.base_ns is not None:
        bound["base"] = market.base_ns
    return PriceBars(
        span=span,
        interval_ns=interval_ns,
        venue=market.venue,
        symbol=market.symbol,
        basis=market.basis,
        base_ns=market.base_ns,
        bars=library.database.query(_SQL[market.basis].format(condition=condition), bound),
    )


def _markets(library: Library, span: Span, interval_ns: int, coin: Names, venue: Names) -> Iterator[_Market]:
    for basis in BASES:
        condition, parameters = where(span, library.selection(coin, venue, basis))
        base = "interval_ns" if basis == "candle" else "NULL::BIGINT"
        fits = " AND ? % interval_ns = 0" if basis == "candle" else ""
        found = library.database.rows(
            f"SELECT venue, symbol, {base} AS base_ns, max(ts_event_ns) - min(ts_event_ns) AS reach, count(*) AS n "  # noqa: S608 - all of it is ours
            f"FROM {basis} WHERE {condition}{fits} GROUP BY venue, symbol, base_ns "
            "ORDER BY contains(symbol, ':') DESC, reach DESC, base_ns DESC, n DESC, venue, symbol LIMIT 1",
            [*parameters, *([interval_ns] if fits else [])],
        )
        for row in found:
            yield _Market(basis, row["venue"], row["symbol"], row["base_ns"])


def _named(span: Span, chosen: Selection) -> tuple[str, dict[str, Any]]:
    """The condition of `where` with names for its parameters."""
    condition, parameters = where(span, chosen)
    for number in range(len(parameters)):
        condition = condition.replace("?", f"$p{number}", 1)
    return condition, {f"p{number}": content for number, content in enumerate(parameters)}
