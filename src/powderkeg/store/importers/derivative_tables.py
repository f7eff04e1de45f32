"""Small tables of the derivatives market: settled funding, open interest, a venue's own liquidation totals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Event, FundingRate, LiquidationBar, OpenInterest
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR
from powderkeg.store.importers.cells import instant, maybe_non_negative, non_negative, number, time_ms, whole
from powderkeg.store.importers.formats import Context, Format, Sample, unified
from powderkeg.store.importers.markets import BINANCE_USDM, coin_perpetual
from powderkeg.store.importers.tables import columns, find_header, headed_format, header_context, parse_table
from powderkeg.store.rows import RowsParsed

HOURLY_FUNDING: Final = frozenset({"hyperliquid", "dydx", "kraken-futures", "lighter"})
"""Venues whose perpetuals settle every hour, without exception (their docs, read 2026-07)."""

EIGHT_HOURLY_COINS: Final = frozenset({"BTC", "ETH", "SOL", "DOGE"})
"""Elsewhere the interval differs by contract and over time; of these it is eight hours on Binance, Bybit and OKX."""

_FUNDING = ("timestamp", "venue", "coin", "funding_rate")


def funding(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Settled funding rates by venue and coin, fractions per interval; see `RowsParser`. Context: header."""
    header = context["header"]
    stamp, venue_at, coin_at, rate = columns(header, *_FUNDING)

    def row(cells: list[str]) -> Iterable[Event]:
        venue, coin = venue_slug(cells[venue_at]), cells[coin_at]
        ts_ns = instant(cells[stamp])
        funding_rate = number(cells[rate], "funding_rate")
        if abs(funding_rate) >= 1:
            raise InputError(f"funding_rate {cells[rate][:40]} is no fraction of the position")
        yield FundingRate(
            venue, coin_perpetual(venue, coin), funding_rate, _interval_hours(venue, coin, ts_ns), None, ts_ns, ts_ns
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _interval_hours(venue: str, coin: str, ts_ns: int) -> float | None:
    if venue in HOURLY_FUNDING:
        return 1.0
    at_eight = ts_ns % (8 * NS_PER_HOUR) == 0
    return 8.0 if at_eight and coin in EIGHT_HOURLY_COINS and venue in ("binance-usdm", "bybit", "okx") else None


OI_NAME: Final = re.compile(r"binance_([A-Z0-9]+)_oi_")
_OPEN_INTEREST = ("t", "oi", "oi_usd")


def open_interest(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Open interest of one Binance USD-M contract, base and USD; see `RowsParser`. Context: header, symbol."""
    header, symbol = context["header"], context["symbol"]
    stamp, held, held_usd = columns(header, *_OPEN_INTEREST)

    def row(cells: list[str]) -> Iterable[Event]:
        ts_ns = time_ms(cells[stamp], "t")
        base = maybe_non_negative(cells[held], "oi")
        usd = maybe_non_negative(cells[held_usd], "oi_usd")
        if base is not None or usd is not None:
            yield OpenInterest(BINANCE_USDM, symbol, base, None, usd, ts_ns, ts_ns)

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _open_interest_context(sample: Sample, symbol: str | None) -> Context:
    return {"symbol": unified(symbol, sample, OI_NAME), **header_context(sample, _OPEN_INTEREST)}


HYPERLIQUID: Final = "hyperliquid"
_LIQUIDATIONS = ("timestamp", "coin", "total_usd", "long_usd", "short_usd", "liq_count")


def hyperliquid_liquidations(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Liquidations of Hyperliquid by day and coin; see `RowsParser`. Context: header.

    Long and short add up to 98 % of the total on average; the total is taken as given, never recomputed.
    """
    header = context["header"]
    at = columns(header, *_LIQUIDATIONS)

    def row(cells: list[str]) -> Iterable[Event]:
        stamp, coin, total, longs, shorts, count = (cells[k] for k in at)
        day_ns = instant(stamp)
        if day_ns % NS_PER_DAY:
            raise InputError(f"{stamp} is not a day")
        yield LiquidationBar(
            venue=HYPERLIQUID,
            symbol=coin_perpetual(HYPERLIQUID, coin),
            source=HYPERLIQUID,
            interval_ns=NS_PER_DAY,
            long_base=None,
            short_base=None,
            long_usd=maybe_non_negative(longs, "long_usd"),
            short_usd=maybe_non_negative(shorts, "short_usd"),
            total_usd=non_negative(total, "total_usd") if total else None,
            liquidation_count=whole(count, "liq_count") if count else None,
            ts_event_ns=day_ns,
            ts_received_ns=day_ns,
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


FUNDING_FORMAT = headed_format(
    name="venue-funding",
    title="Settled funding rates by venue and coin (timestamp,venue,coin,funding_rate)",
    required=_FUNDING,
    rows=funding,
)
OPEN_INTEREST_FORMAT = Format(
    name="binance-open-interest",
    title="Open interest of one Binance USD-M contract (binance_SYMBOL_oi_INTERVAL.csv)",
    kind="rows",
    looks_like=lambda sample: find_header(sample.lines, _OPEN_INTEREST) is not None,
    context=_open_interest_context,
    rows=open_interest,
)
HYPERLIQUID_FORMAT = headed_format(
    name="hyperliquid-liquidations-daily",
    title="Daily liquidation totals of Hyperliquid by coin",
    required=_LIQUIDATIONS,
    rows=hyperliquid_liquidations,
)
