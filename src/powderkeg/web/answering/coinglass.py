"""Answers of the façade: the same sums, in another API's shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from powderkeg.app.asked_span import asked_span, span_words
from powderkeg.app.instants import instant_ns
from powderkeg.app.library import Library
from powderkeg.app.liquidation_tape import TapeQuery, liquidation_tape
from powderkeg.domain.symbols import coin_of, venue_slug
from powderkeg.domain.time import NS_PER_MS, parse_duration
from powderkeg.stats.liquidation_rows import LiquidationRow
from powderkeg.stats.liquidation_table import LiquidationHistory
from powderkeg.venues import VENUES
from powderkeg.web import coinglass as asks
from powderkeg.web.answering.answer import Answer

MAX_ORDERS: Final = 200

EXCHANGES: Final[dict[str, tuple[str, ...]]] = {
    "Binance": ("binance-usdm", "binance-coinm"),
    "OKX": ("okx",),
    "Bybit": ("bybit",),
    "Bitget": ("bitget",),
    "Gate": ("gate",),
    "Hyperliquid": ("hyperliquid",),
    "Deribit": ("deribit",),
    "BitMEX": ("bitmex",),
    "Kraken": ("kraken-futures",),
    "dYdX": ("dydx",),
    "HTX": ("htx",),
    "Bitfinex": ("bitfinex",),
    "Lighter": ("lighter",),
}
"""Their names of exchanges -> our venues."""

RANGES: Final = ("24h", "12h", "4h", "1h")


def history(library: Library, ask: asks.CoinglassHistory) -> Answer:
    """Bars of one pair."""
    bars = _bars(library, ask, venues=_venues(ask.exchange))
    return _said(
        [
            {"time": at, "long_liquidation_usd": _text(row.long_usd), "short_liquidation_usd": _text(row.short_usd)}
            for at, row in _timed(bars, ask.limit)
        ],
    )


def aggregated(library: Library, ask: asks.CoinglassAggregated) -> Answer:
    """Bars of one coin."""
    named = [name for name in ask.exchange_list.split(",") if name.strip()]
    venues = tuple(venue for name in named for venue in _venues(name))
    bars = _bars(library, ask, venues=venues)
    return _said(
        [
            {
                "time": at,
                "aggregated_long_liquidation_usd": row.long_usd,
                "aggregated_short_liquidation_usd": row.short_usd,
            }
            for at, row in _timed(bars, ask.limit)
        ],
    )


def coins(library: Library, ask: asks.CoinglassCoins) -> Answer:
    """Totals by coin."""
    venues = _venues(ask.exchange)
    as_of = instant_ns(None) // NS_PER_MS
    found: dict[str, dict[str, Any]] = {}
    for window in RANGES:
        for row in library.liquidations(venue=venues, window=window, as_of=as_of, by="coin").rows:
            told = found.setdefault(str(row.coin), {"symbol": row.coin, **_nothing()})
            told[f"liquidation_usd_{window}"] = row.total_usd
            told[f"long_liquidation_usd_{window}"] = row.long_usd
            told[f"short_liquidation_usd_{window}"] = row.short_usd
    return _said(list(found.values()))


def exchanges(library: Library, ask: asks.CoinglassExchanges) -> Answer:
    """Totals by exchange."""
    as_of = instant_ns(None) // NS_PER_MS
    names = {slug: name for name, slugs in EXCHANGES.items() for slug in slugs}
    sums: dict[str, list[float]] = {"All": [0.0, 0.0, 0.0]}
    for row in library.liquidations(coin=ask.symbol, window=ask.range, as_of=as_of, by="venue").rows:
        figures = (row.total_usd or 0.0, row.long_usd or 0.0, row.short_usd or 0.0)
        for name in ("All", names.get(str(row.venue), str(row.venue))):
            sums[name] = [have + more for have, more in zip(sums.get(name, [0.0, 0.0, 0.0]), figures, strict=True)]
    rows = [
        {"exchange": name, "liquidation_usd": total, "long_liquidation_usd": long, "short_liquidation_usd": short}
        for name, (total, long, short) in sums.items()
    ]
    return _said(rows)


def orders(library: Library, ask: asks.CoinglassOrders) -> Answer:
    """Single liquidations, newest first."""
    names = {slug: name.upper() for name, slugs in EXCHANGES.items() for slug in slugs}
    tape = liquidation_tape(
        library,
        TapeQuery(
            coin=ask.symbol,
            venue=_venues(ask.exchange),
            min_usd=ask.min_liquidation_amount,
            start=ask.start_time,
            end=ask.end_time,
            limit=MAX_ORDERS,
        ),
    )
    rows = [
        {
            "exchange_name": names.get(row["venue"], row["venue"]),
            "symbol": _pair(row["symbol"]),
            "base_asset": coin_of(row["symbol"]),
            "price": row["price"],
            "usd_value": row["notional_usd"],
            "side": 1 if row["position_side"] == "short" else 2,
            "time": row["ts_event_ns"] // NS_PER_MS,
        }
        for row in tape.orders.to_pylist()
    ]
    return _said(rows)


def _said(rows: list[dict[str, Any]]) -> Answer:
    return Answer({"code": "0", "msg": "success", "data": rows})


def _bars(
    library: Library, ask: asks.CoinglassHistory | asks.CoinglassAggregated, *, venues: tuple[str, ...]
) -> LiquidationHistory:
    window_ns = ask.limit * parse_duration(ask.interval)
    span = asked_span(start=ask.start_time, end=ask.end_time, window=f"{window_ns // NS_PER_MS}ms")
    span = (max(span[0], span[1] - window_ns), span[1])
    end_ms, window = span_words(span)
    return library.liquidation_history(
        interval=ask.interval, coin=ask.symbol, venue=venues, window=window, as_of=end_ms
    )


def _timed(bars: LiquidationHistory, limit: int) -> Iterable[tuple[int, LiquidationRow]]:
    return [((row.open_ns or 0) // NS_PER_MS, row) for row in bars.rows[-limit:]]


def _venues(exchange: str) -> tuple[str, ...]:
    wanted = exchange.strip().lower()
    if wanted == "all":
        return tuple(VENUES)
    for name, slugs in EXCHANGES.items():
        if name.lower() == wanted:
            return slugs
    return (venue_slug(exchange),)


def _nothing() -> dict[str, float]:
    """Every figure of a coin: one without a liquidation in a range has 0 there."""
    return {f"{side}liquidation_usd_{window}": 0.0 for window in RANGES for side in ("", "long_", "short_")}


def _text(usd: float | None) -> str | None:
    return None if usd is None else repr(usd)


def _pair(symbol: str) -> str:
    """`BTC/USDT:USDT` as `BTCUSDT`."""
    return symbol.partition(":")[0].replace("/", "")
