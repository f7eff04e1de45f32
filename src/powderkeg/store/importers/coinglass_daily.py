"""CoinGlass, daily: liquidations, candles, open interest, taker volume, funding, ratios, book depth, ETF flows.

What each file is, measured against Coinalyze's hours of the same weeks:

- Liquidations, taker volume, open interest, funding and depth are sums or means over all venues (venue `all`).
- The futures candles are Binance USD-M's alone: open, high, low and close equal its contract's to the cent and the
  volume is its volume, 0.49 of the all-venues taker volume. The spot candles are Binance's spot pair, the ratios
  Binance's accounts and positions. They are filed under Binance.
- Of the open interest only `oi_total_close` is in USD; the other columns are in other units and are not read.
- `funding_close` is in percent per interval: its median for BTC is 0.007, and 0.01 % is what a calm market pays.

Bars are labeled by their open. Open interest and funding are the values at the day's close and are stamped there (the
daily change agrees with Binance's from midnight to midnight only so). Ratios are readings at the stamp itself.

Source: CoinGlass API v4 docs, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import (
    Candle,
    DepthBar,
    EtfFlow,
    Event,
    FundingRate,
    LiquidationBar,
    LongShortRatio,
    OpenInterest,
    TakerVolumeBar,
)
from powderkeg.domain.time import NS_PER_DAY
from powderkeg.store.importers.binance_vision import checked_ohlc
from powderkeg.store.importers.cells import instant, maybe, maybe_non_negative, number, positive
from powderkeg.store.importers.formats import Context, Format, Sample, said_by_name
from powderkeg.store.importers.markets import (
    ALL_VENUES,
    BINANCE_SPOT,
    BINANCE_USDM,
    coin_perpetual,
    pair_perpetual,
    spot_pair,
)
from powderkeg.store.importers.tables import Row, columns, find_header, headed_format, header_context, parse_table
from powderkeg.store.rows import RowsParsed, RowsParser

SOURCE: Final = "coinglass"
PERCENT: Final = 0.01

DayRow = Callable[[str, int, list[str]], Iterable[Event]]
"""(symbol cell, day's midnight ns, the named cells) -> events."""


def daily(names: tuple[str, ...], meaning: DayRow, stamp: str = "ts_utc") -> RowsParser:
    """The parser of a table with a symbol, a day and the named columns."""

    def rows(lines: list[str], first_line: int, context: Context) -> RowsParsed:
        header = context["header"]
        symbol_at, stamp_at, *at = columns(header, "symbol", stamp, *names)

        def row(cells: list[str]) -> Iterable[Event]:
            day_ns = instant(cells[stamp_at])
            if day_ns % NS_PER_DAY:
                raise InputError(f"{cells[stamp_at]} is not the midnight of a day")
            return meaning(cells[symbol_at], day_ns, [cells[k] for k in at])

        read: Row = row
        return parse_table(lines, first_line, read, widths=(len(header.split(",")),), header=header)

    return rows


def _liquidations(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    long_usd, short_usd = (maybe_non_negative(cell, "liquidations") for cell in cells)
    total_usd = None if long_usd is None or short_usd is None else long_usd + short_usd
    yield LiquidationBar(
        venue=ALL_VENUES,
        symbol=coin_perpetual(ALL_VENUES, coin),
        source=SOURCE,
        interval_ns=NS_PER_DAY,
        long_base=None,
        short_base=None,
        long_usd=long_usd,
        short_usd=short_usd,
        total_usd=total_usd,
        liquidation_count=None,
        ts_event_ns=day_ns,
        ts_received_ns=day_ns,
    )


def _candle(venue: str, symbol_of: Callable[[str], str]) -> DayRow:
    def meaning(pair: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
        opened, high, low, close = (positive(cell, "price") for cell in cells[:4])
        yield Candle(
            venue,
            symbol_of(pair),
            NS_PER_DAY,
            *checked_ohlc(opened, high, low, close),
            volume_base=None,
            volume_usd=maybe_non_negative(cells[4], "volume_usd"),
            taker_buy_base=None,
            taker_buy_usd=None,
            trade_count=None,
            ts_event_ns=day_ns,
            ts_received_ns=day_ns,
        )

    return meaning


def _open_interest(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    held, unit = cells
    if unit != "usd":
        raise InputError(f"unit {unit[:20]!r}: only USD totals can be read")
    usd = maybe_non_negative(held, "oi_total_close")
    if usd is not None:
        closed_ns = day_ns + NS_PER_DAY
        yield OpenInterest(ALL_VENUES, coin_perpetual(ALL_VENUES, coin), None, None, usd, closed_ns, closed_ns)


def _taker_volume(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    bought, sold = (maybe_non_negative(cell, "taker volume") for cell in cells)
    symbol = coin_perpetual(ALL_VENUES, coin)
    yield TakerVolumeBar(ALL_VENUES, symbol, SOURCE, NS_PER_DAY, bought, sold, day_ns, day_ns)


def _funding(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    percent = maybe(cells[0], "funding_close")
    if percent is not None:
        symbol, closed_ns = coin_perpetual(ALL_VENUES, coin), day_ns + NS_PER_DAY
        yield FundingRate(ALL_VENUES, symbol, percent * PERCENT, None, None, closed_ns, closed_ns)


_RATIOS: Final = (
    ("lsr_global", "accounts"),
    ("lsr_top_accounts", "top_accounts"),
    ("lsr_top_positions", "top_positions"),
)


def _ratios(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    symbol = coin_perpetual(BINANCE_USDM, coin)
    return [
        LongShortRatio(BINANCE_USDM, symbol, kind, positive(cell, column), day_ns, day_ns)
        for cell, (column, kind) in zip(cells, _RATIOS, strict=True)
        if cell
    ]


def _depth(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    range_ratio = positive(cells[0], "range_pct") * PERCENT
    bid_usd, ask_usd, _, _ = (maybe_non_negative(cell, "depth") for cell in cells[1:])
    symbol = coin_perpetual(ALL_VENUES, coin)
    yield DepthBar(ALL_VENUES, symbol, SOURCE, NS_PER_DAY, range_ratio, bid_usd, ask_usd, day_ns, day_ns)


def _etf_flow(coin: str, day_ns: int, cells: list[str]) -> Iterable[Event]:
    """A flow per coin over its US funds; days the exchange was closed are written as 0 without assets: no event."""
    flow_usd = number(cells[0], "flow_usd") if cells[0] else None
    aum_usd = maybe_non_negative(cells[1], "aum_usd")
    maybe(cells[2], "premium_discount")
    coin_perpetual(ALL_VENUES, coin)
    if flow_usd or aum_usd is not None:
        yield EtfFlow("all", coin, SOURCE, flow_usd, aum_usd, day_ns, day_ns)


def _daily_format(name: str, title: str, names: tuple[str, ...], meaning: DayRow, stamp: str = "ts_utc") -> Format:
    return headed_format(name, title, ("symbol", stamp, *names), daily(names, meaning, stamp))


_OHLCV = ("open", "high", "low", "close", "volume_usd")


def _candle_format(name: str, title: str, word: str, meaning: DayRow) -> Format:
    """Futures and spot candles have the same columns: the file's name has to tell them apart."""
    required = ("symbol", "ts_utc", *_OHLCV)

    def could_be(sample: Sample) -> bool:
        return find_header(sample.lines, required) is not None

    return Format(
        name=name,
        title=title,
        kind="rows",
        looks_like=lambda sample: could_be(sample) and said_by_name(sample, MARKETS) == word,
        context=lambda sample, _symbol: header_context(sample, required),
        could_be=could_be,
        rows=daily(_OHLCV, meaning),
    )


MARKETS: Final = ("futures", "spot")

FORMATS: Final = (
    _daily_format(
        "coinglass-liquidations",
        "CoinGlass daily liquidations, all venues",
        ("liq_long_usd", "liq_short_usd"),
        _liquidations,
    ),
    _candle_format(
        "coinglass-futures-candles",
        "CoinGlass daily candles of Binance perpetuals (file name says futures)",
        "futures",
        _candle(BINANCE_USDM, pair_perpetual),
    ),
    _candle_format(
        "coinglass-spot-candles",
        "CoinGlass daily candles of Binance spot (file name says spot)",
        "spot",
        _candle(BINANCE_SPOT, spot_pair),
    ),
    _daily_format(
        "coinglass-open-interest",
        "CoinGlass daily open interest, all venues",
        ("oi_total_close", "unit"),
        _open_interest,
    ),
    _daily_format(
        "coinglass-taker-volume",
        "CoinGlass daily taker volume, all venues",
        ("taker_buy_usd", "taker_sell_usd"),
        _taker_volume,
    ),
    _daily_format(
        "coinglass-funding", "CoinGlass daily funding weighted by open interest", ("funding_close",), _funding
    ),
    _daily_format(
        "coinglass-ratios",
        "CoinGlass daily long/short ratios of Binance",
        tuple(column for column, _ in _RATIOS),
        _ratios,
    ),
    _daily_format(
        "coinglass-depth",
        "CoinGlass daily book depth, all venues",
        ("range_pct", "bids_usd", "asks_usd", "bids_qty", "asks_qty"),
        _depth,
    ),
    _daily_format(
        "coinglass-etf-flows",
        "CoinGlass daily ETF flows per coin",
        ("flow_usd", "aum_usd", "premium_discount"),
        _etf_flow,
        "date_utc",
    ),
)
