"""Binance's public archive (data.binance.vision): aggTrades, klines and metrics of futures, as CSV in a zip.

The archive's files have a header since 2022, none before; times are milliseconds, in newer files microseconds. Trades
and candles do not name their symbol, so it is read from the file's name. COIN-M files count in contracts; their
`quote_volume` columns hold the base asset.

Source: github.com/binance/binance-public-data, README; Binance USD-M and COIN-M docs, "Kline/Candlestick Data",
"Open Interest Statistics", read 2026-07.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Candle, Event, LongShortRatio, OpenInterest, Trade
from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import parts_of, resolve
from powderkeg.domain.time import NS_PER_MS, NS_PER_US, epoch_to_ns, ms_to_ns
from powderkeg.domain.units import BUY, SELL
from powderkeg.store.importers.cells import instant, integer, maybe_non_negative, non_negative, number, positive, whole
from powderkeg.store.importers.formats import Context, Format, Sample, unified
from powderkeg.store.importers.markets import BINANCE_USDM, binance_contract
from powderkeg.store.importers.tables import columns, find_header, headed_format, parse_table
from powderkeg.store.rows import RowsParsed

NAME: Final = re.compile(r"([A-Z0-9]+(?:_PERP|_\d{6})?)-")
"""`BTCUSDT-aggTrades-2024-08-05.csv`, `BTCUSD_PERP-1h-2024-08.csv`."""

AGG_TRADES: Final = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
KLINES: Final = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
METRICS: Final = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
MAKER_FLAGS: Final = {"true": True, "false": False, "True": True, "False": False}


def archive_time(text: str, column: str) -> int:
    """A time of the archive, milliseconds or (in newer files) microseconds, as nanoseconds.

    Raises:
        InputError: any other unit; seconds come with a hint.
    """
    found = integer(text, column)
    try:
        return ms_to_ns(found)
    except InputError:
        micros, rest = divmod(found, 1_000)
        if len(text) == MICROSECOND_DIGITS:
            return ms_to_ns(micros) + rest * NS_PER_US
        raise


MICROSECOND_DIGITS: Final = 16  # of every instant from 2001 to 2286


def agg_trades(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Aggregated trades of a block of lines; see `RowsParser`. Context: header, symbol."""
    header = context["header"]
    trade_id, price, quantity, stamp, maker = columns(
        header, "agg_trade_id", "price", "quantity", "transact_time", "is_buyer_maker"
    )
    contract = binance_contract(context["symbol"])

    def row(cells: list[str]) -> Iterable[Event]:
        traded = positive(cells[price], "price")
        qty_base, notional_usd = contract.sized(positive(cells[quantity], "quantity"), traded)
        ts_ns = archive_time(cells[stamp], "transact_time")
        yield Trade(
            venue=contract.venue,
            symbol=contract.symbol,
            price=traded,
            qty_base=qty_base,
            notional_usd=notional_usd,
            taker_side=SELL if _flag(cells[maker]) else BUY,
            trade_id=str(integer(cells[trade_id], "agg_trade_id")),
            ts_event_ns=ts_ns,
            ts_received_ns=ts_ns,
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _flag(text: str) -> bool:
    if text not in MAKER_FLAGS:
        raise InputError(f"is_buyer_maker {text[:20]!r} is neither true nor false")
    return MAKER_FLAGS[text]


def klines(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Candles of a block of lines; see `RowsParser`. Context: header, symbol."""
    header = context["header"]
    at = columns(header, *KLINES.split(",")[:11])
    contract = binance_contract(context["symbol"])

    def row(cells: list[str]) -> Iterable[Event]:
        opened_ns = archive_time(cells[at[0]], "open_time")
        closed_ns = archive_time(cells[at[6]], "close_time")
        number(cells[-1], "the last column")
        tick_ns = NS_PER_US if len(cells[at[6]]) == MICROSECOND_DIGITS else NS_PER_MS
        if closed_ns <= opened_ns:
            raise InputError(f"close_time {cells[at[6]]} is not after open_time {cells[at[0]]}")
        prices = [positive(cells[at[k]], "price") for k in (1, 2, 3, 4)]
        volumes = [non_negative(cells[at[k]], "volume") for k in (5, 7, 9, 10)]
        trade_count = whole(cells[at[8]], "count")
        if trade_count and not volumes[0]:
            raise InputError("no volume in spite of a count: a candle of mark or index prices, not of trades")
        volume_base, volume_usd, taker_base, taker_usd = _volumes(contract, volumes)
        yield Candle(
            contract.venue,
            contract.symbol,
            closed_ns + tick_ns - opened_ns,
            *checked_ohlc(*prices),
            volume_base,
            volume_usd,
            taker_base,
            taker_usd,
            trade_count,
            opened_ns,
            opened_ns,
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def checked_ohlc(opened: float, high: float, low: float, close: float) -> tuple[float, float, float, float]:
    """The four prices of a candle.

    Raises:
        InputError: the high is below one of the others, or the low above.
    """
    if high < max(opened, close, low) or low > min(opened, close):
        raise InputError(f"high {high:g} and low {low:g} do not enclose open {opened:g} and close {close:g}")
    return opened, high, low, close


def _volumes(contract: Instrument, volumes: list[float]) -> tuple[float | None, ...]:
    """Volume and taker volume, each in base and USD, from (volume, quote volume, taker volume, taker quote volume)."""
    volume, quote, taker, taker_quote = volumes
    if contract.contract == "inverse":  # contracts, and base where linear files have quote
        face = contract.contract_size or 0.0
        return quote, volume * face, taker_quote, taker * face
    return volume, quote, taker, taker_quote


RATIOS: Final = (
    ("count_toptrader_long_short_ratio", "top_accounts"),
    ("sum_toptrader_long_short_ratio", "top_positions"),
    ("count_long_short_ratio", "accounts"),
    ("sum_taker_long_short_vol_ratio", "taker_volume"),
)


def metrics(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Open interest and long/short ratios, every five minutes; see `RowsParser`. Context: header."""
    header = context["header"]
    stamp, name, held, held_value = columns(header, *METRICS.split(",")[:4])
    ratios = [(columns(header, column)[0], kind) for column, kind in RATIOS]

    def row(cells: list[str]) -> Iterable[Event]:
        contract = binance_contract(resolve(cells[name]).symbol)
        ts_ns = _written_or_epoch(cells[stamp])
        open_interest = maybe_non_negative(cells[held], "sum_open_interest")
        found = [(maybe_non_negative(cells[at], kind), kind) for at, kind in ratios]
        if open_interest is not None:
            yield _open_interest(contract, open_interest, maybe_non_negative(cells[held_value], "value"), ts_ns)
        for ratio, kind in found:
            if ratio:  # an empty cell is unknown, and longs over shorts is never zero
                yield LongShortRatio(contract.venue, contract.symbol, kind, ratio, ts_ns, ts_ns)

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _written_or_epoch(text: str) -> int:
    return epoch_to_ns(int(text)) if text.isdigit() and len(text) == MICROSECOND_DIGITS else instant(text)


def _open_interest(contract: Instrument, held: float, value: float | None, ts_ns: int) -> OpenInterest:
    """A linear contract is one base unit; of an inverse one the face is known and its `value` column is not used."""
    linear = contract.venue == BINANCE_USDM
    usd = value if linear else held * (contract.contract_size or 0.0)
    return OpenInterest(contract.venue, contract.symbol, held if linear else None, held, usd, ts_ns, ts_ns)


def symbol_and_header(default: str, required: tuple[str, ...], sample: Sample, symbol: str | None) -> Context:
    """Context of a file that names its symbol in its name and may lack its header."""
    found = unified(symbol, sample, NAME)
    parts = parts_of(found)
    if parts.quote == "USD" and parts.settle == "USD":
        raise InputError(f"{found} is not a contract of Binance; pass --symbol BTCUSDT or BTCUSD_PERP")
    return {"symbol": found, "header": find_header(sample.lines, required) or default}


_TRADE_COLUMNS = ("agg_trade_id", "price", "quantity", "transact_time", "is_buyer_maker")
_KLINE_COLUMNS = tuple(KLINES.split(",")[:11])


def _like_agg_trades(sample: Sample) -> bool:
    if find_header(sample.lines, _TRADE_COLUMNS):
        return True
    shaped = sum(_is_agg_trade(line.split(",")) for line in sample.lines)
    return 0 < len(sample.lines) <= 2 * shaped


def _is_agg_trade(cells: list[str]) -> bool:
    return len(cells) == 7 and cells[6] in MAKER_FLAGS and all(cells[k].isdigit() for k in (0, 3, 4, 5))


def _like_klines(sample: Sample) -> bool:
    if find_header(sample.lines, _KLINE_COLUMNS):
        return True
    shaped = sum(_is_kline(line.split(",")) for line in sample.lines)
    return 0 < len(sample.lines) <= 2 * shaped


def _is_kline(cells: list[str]) -> bool:
    return len(cells) == 12 and all(cells[k].isdigit() for k in (0, 6, 8)) and cells[11] == "0"


AGG_TRADES_FORMAT = Format(
    name="binance-vision-aggtrades",
    title="Binance archive, aggregated trades (SYMBOL-aggTrades-DATE.zip or .csv)",
    kind="rows",
    looks_like=_like_agg_trades,
    context=lambda sample, symbol: symbol_and_header(AGG_TRADES, _TRADE_COLUMNS, sample, symbol),
    rows=agg_trades,
)
KLINES_FORMAT = Format(
    name="binance-vision-klines",
    title="Binance archive, candles of any interval (SYMBOL-INTERVAL-DATE.zip or .csv)",
    kind="rows",
    looks_like=_like_klines,
    context=lambda sample, symbol: symbol_and_header(KLINES, _KLINE_COLUMNS, sample, symbol),
    rows=klines,
)
METRICS_FORMAT = headed_format(
    name="binance-vision-metrics",
    title="Binance archive, open interest and long/short ratios every 5 minutes (SYMBOL-metrics-DATE.zip or .csv)",
    required=tuple(METRICS.split(",")),
    rows=metrics,
)
