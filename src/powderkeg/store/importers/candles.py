"""Candles of several venues by hour, and of one contract by minutes.

The hourly table names venue and coin and counts volume in each venue's own unit: base coins everywhere but on OKX,
which counts contracts. The minute table (`ETHUSDT_3m.csv`) does not name its contract; its file's name does. Its stamp
is the bar's *close*: shifted back by one interval, its bars add up to Binance USD-M's hours exactly, in price and in
volume, and unshifted to none. Bars here are labeled by their open, so the stamp is shifted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Candle, Event
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import NS_PER_HOUR, format_duration, parse_duration
from powderkeg.store.importers.binance_vision import checked_ohlc
from powderkeg.store.importers.cells import instant, non_negative, positive
from powderkeg.store.importers.formats import Context, Format, Sample, unified
from powderkeg.store.importers.markets import BINANCE_USDM, coin_perpetual
from powderkeg.store.importers.tables import columns, find_header, headed_format, header_context, parse_table
from powderkeg.store.rows import RowsParsed
from powderkeg.venues.registry import default_instruments

NAME: Final = re.compile(r"([A-Z0-9]+)_(\d+[mhd])\b")

_HOURLY = ("timestamp", "venue", "coin", "o", "h", "l", "c", "v")
_MINUTES = ("timestamp", "open", "high", "low", "close", "volume", "quote_volume")


def hourly(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Hourly candles of several venues; see `RowsParser`. Context: header."""
    return hourly_with(default_instruments(), lines, first_line, context)


def hourly_with(instruments: InstrumentMap, lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """As `hourly`, with contract sizes from a listing."""
    header = context["header"]
    stamp, venue_at, coin_at, *prices, volume_at = columns(header, *_HOURLY)

    def row(cells: list[str]) -> Iterable[Event]:
        venue, coin = venue_slug(cells[venue_at]), cells[coin_at]
        opened_ns = instant(cells[stamp])
        if opened_ns % NS_PER_HOUR:
            raise InputError(f"{cells[stamp]} is not the start of an hour")
        volume = non_negative(cells[volume_at], "v")
        yield Candle(
            venue,
            coin_perpetual(venue, coin),
            NS_PER_HOUR,
            *checked_ohlc(*(positive(cells[k], "price") for k in prices)),
            volume_base=_okx_base(instruments, coin, volume) if venue == "okx" else volume,
            volume_usd=None,
            taker_buy_base=None,
            taker_buy_usd=None,
            trade_count=None,
            ts_event_ns=opened_ns,
            ts_received_ns=opened_ns,
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _okx_base(instruments: InstrumentMap, coin: str, contracts: float) -> float | None:
    """Base units of so many contracts of OKX's USDT swap; None where the contract's size is not known."""
    try:
        size = instruments.of("okx")[f"{coin}-USDT-SWAP"].contract_size
    except (ValueError, LookupError):
        return None
    return None if size is None else contracts * size


def minutes(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Candles of one Binance USD-M contract, stamped by their close; see `RowsParser`.

    Context: header, symbol, interval (such as `3m`).
    """
    header, symbol = context["header"], context["symbol"]
    interval_ns = parse_duration(context["interval"])
    stamp, *prices, volume, quote_volume = columns(header, *_MINUTES)

    def row(cells: list[str]) -> Iterable[Event]:
        opened_ns = instant(cells[stamp]) - interval_ns
        if opened_ns % interval_ns:
            raise InputError(f"{cells[stamp]} does not end an interval of {context['interval']}")
        yield Candle(
            BINANCE_USDM,
            symbol,
            interval_ns,
            *checked_ohlc(*(positive(cells[k], "price") for k in prices)),
            volume_base=non_negative(cells[volume], "volume"),
            volume_usd=non_negative(cells[quote_volume], "quote_volume"),
            taker_buy_base=None,
            taker_buy_usd=None,
            trade_count=None,
            ts_event_ns=opened_ns,
            ts_received_ns=opened_ns,
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _minutes_context(sample: Sample, symbol: str | None) -> Context:
    context = header_context(sample, _MINUTES)
    return {"symbol": unified(symbol, sample, NAME), "interval": _interval(sample, context["header"]), **context}


def _interval(sample: Sample, header: str) -> str:
    """The smallest step between stamps, or, of a single bar, what the name says.

    Raises:
        InputError: neither says it.
    """
    (at,) = columns(header, "timestamp")
    stamps = sorted({ts_ns for line in sample.lines if (ts_ns := _stamp(line.split(","), at)) is not None})
    if len(stamps) > 1:
        return format_duration(min(later - earlier for earlier, later in pairwise(stamps)))
    match = NAME.match(sample.name)
    if match is None:
        raise InputError(
            f"{sample.path.name} does not say its interval; name it SYMBOL_INTERVAL.csv, like ETHUSDT_3m.csv"
        )
    return match[2]


def _stamp(cells: list[str], at: int) -> int | None:
    try:
        return instant(cells[at])
    except (InputError, IndexError):
        return None


HOURLY_FORMAT = headed_format(
    name="venue-candles-hourly",
    title="Hourly candles by venue and coin (timestamp,venue,coin,o,h,l,c,v)",
    required=_HOURLY,
    rows=hourly,
)
MINUTES_FORMAT = Format(
    name="binance-candles-minutes",
    title="Candles of one Binance USD-M contract, stamped by their close (SYMBOL_INTERVAL.csv)",
    kind="rows",
    looks_like=lambda sample: find_header(sample.lines, _MINUTES) is not None,
    context=_minutes_context,
    rows=minutes,
)
