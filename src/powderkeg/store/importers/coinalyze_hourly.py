"""Coinalyze, hourly, one venue's perpetuals: candle, open interest, long/short ratio, liquidations in base units.

`filled_mask` marks what the source omitted and the writer filled: bit 1 candle, 2 open interest, 4 ratio,
8 liquidations. Those parts become no event: they are unknown, not zero.

Times: a candle and a liquidation bar are labeled by their open. Open interest is the value at the bar's close and is
stamped there. The ratio is a reading at the bar's stamp (it equals the daily series' reading of the same instant, not
of the hour after), and stays there. Liquidations are Binance's sampled feed, summed by Coinalyze: a floor.

Source: Coinalyze API docs, "ohlcv-history", "open-interest-history", "liquidation-history", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Candle, Event, LiquidationBar, LongShortRatio, OpenInterest
from powderkeg.domain.time import NS_PER_HOUR
from powderkeg.store.importers.binance_vision import checked_ohlc
from powderkeg.store.importers.cells import instant, non_negative, positive, whole
from powderkeg.store.importers.formats import Context
from powderkeg.store.importers.markets import BINANCE_USDM, pair_perpetual
from powderkeg.store.importers.tables import columns, headed_format, parse_table
from powderkeg.store.rows import RowsParsed

SOURCE: Final = "coinalyze"
CANDLE_BIT, OPEN_INTEREST_BIT, RATIO_BIT, LIQUIDATIONS_BIT = 1, 2, 4, 8
ALL_BITS: Final = 15

_COLUMNS = (
    "open_time_utc",
    "symbol",
    "filled_mask",
    "open",
    "high",
    "low",
    "close",
    "volume_base",
    "taker_buy_base",
    "trades",
    "oi_close",
    "ls_ratio",
    "liq_long_base",
    "liq_short_base",
)


def rows(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Every part of every hour of a block of lines; see `RowsParser`. Context: header."""
    header = context["header"]
    at = columns(header, *_COLUMNS)

    def row(cells: list[str]) -> Iterable[Event]:
        opened_ns = instant(cells[at[0]])
        symbol = pair_perpetual(cells[at[1]])
        filled = whole(cells[at[2]], "filled_mask")
        if filled > ALL_BITS or opened_ns % NS_PER_HOUR:
            raise InputError(f"{cells[at[0]]} with filled_mask {filled} is not an hour of this table")
        found: list[Event] = []
        if not filled & CANDLE_BIT:
            found.append(_candle([cells[k] for k in at[3:10]], symbol, opened_ns))
        if not filled & OPEN_INTEREST_BIT:
            closed_ns = opened_ns + NS_PER_HOUR
            held = non_negative(cells[at[10]], "oi_close")
            found.append(OpenInterest(BINANCE_USDM, symbol, held, None, None, closed_ns, closed_ns))
        if not filled & RATIO_BIT:
            ratio = positive(cells[at[11]], "ls_ratio")
            found.append(LongShortRatio(BINANCE_USDM, symbol, "accounts", ratio, opened_ns, opened_ns))
        if not filled & LIQUIDATIONS_BIT:
            found.append(_liquidations(cells[at[12]], cells[at[13]], symbol, opened_ns))
        return found

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _candle(cells: list[str], symbol: str, opened_ns: int) -> Candle:
    opened, high, low, close, volume, taker, count = cells
    return Candle(
        BINANCE_USDM,
        symbol,
        NS_PER_HOUR,
        *checked_ohlc(*(positive(cell, "price") for cell in (opened, high, low, close))),
        volume_base=non_negative(volume, "volume_base"),
        volume_usd=None,
        taker_buy_base=non_negative(taker, "taker_buy_base"),
        taker_buy_usd=None,
        trade_count=whole(count, "trades"),
        ts_event_ns=opened_ns,
        ts_received_ns=opened_ns,
    )


def _liquidations(long_cell: str, short_cell: str, symbol: str, opened_ns: int) -> LiquidationBar:
    return LiquidationBar(
        venue=BINANCE_USDM,
        symbol=symbol,
        source=SOURCE,
        interval_ns=NS_PER_HOUR,
        long_base=non_negative(long_cell, "liq_long_base"),
        short_base=non_negative(short_cell, "liq_short_base"),
        long_usd=None,
        short_usd=None,
        total_usd=None,
        liquidation_count=None,
        ts_event_ns=opened_ns,
        ts_received_ns=opened_ns,
    )


FORMAT = headed_format(
    name="coinalyze-hourly",
    title="Coinalyze hourly table of Binance perpetuals: candles, open interest, ratio, liquidations",
    required=_COLUMNS,
    rows=rows,
)
