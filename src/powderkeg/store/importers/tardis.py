"""tardis.dev CSV files: trades, liquidations, derivative_ticker; one exchange's day, times in microseconds.

What tardis normalizes and what it does not: `side` of a liquidation is the order's (buy = a short was liquidated) on
every exchange; `amount` stays in the exchange's own unit (contracts, base, USD face, and on Bitget the quote value);
`price` is the average fill on Binance and whatever the exchange sends elsewhere. Its exchange ids `binance`, `okex`,
`kraken`, `bitfinex`, `huobi` are spot markets and are refused. Trades and liquidations have the same columns, so the
file's name (or a folder of its path) has to say which it is.

Source: docs.tardis.dev, "Downloadable CSV files / Data types"; tardis-node mappers, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Event, FundingRate, IndexPrice, Liquidation, MarkPrice, OpenInterest, Trade
from powderkeg.domain.instruments import Instrument, InstrumentMap
from powderkeg.domain.units import BUY, SELL, PositionSide, PriceKind, TakerSide, opposite
from powderkeg.store.importers.cells import maybe, maybe_non_negative, positive, time_us
from powderkeg.store.importers.coverage import coverage_of
from powderkeg.store.importers.formats import Context, Format, Sample, said_by_name
from powderkeg.store.importers.tables import columns, find_header, headed_format, header_context, parse_table
from powderkeg.store.rows import RowsParsed, RowsParser
from powderkeg.venues.registry import default_instruments

DERIVATIVES: Final = {
    # tardis exchange id -> our venue; its list of exchanges, read 2026-11.
    "binance-futures": "binance-usdm",
    "binance-delivery": "binance-coinm",
    "bybit": "bybit",
    "okex-swap": "okx",
    "okex-futures": "okx",
    "bitget-futures": "bitget",
    "gate-io-futures": "gate",
    "hyperliquid": "hyperliquid",
    "deribit": "deribit",
    "bitmex": "bitmex",
    "cryptofacilities": "kraken-futures",
    "dydx-v4": "dydx",
    "huobi-dm": "htx",
    "huobi-dm-swap": "htx",
    "huobi-dm-linear-swap": "htx",
    "bitfinex-derivatives": "bitfinex",
    "lighter": "lighter",
}

PRICE_KINDS: Final[dict[str, PriceKind]] = {
    # What the price of a liquidation is where it is not a fill: tardis-node mappers and the venues' docs, read 2026-07.
    "bybit": "bankruptcy",
    "okx": "bankruptcy",
    "htx": "bankruptcy",
    "bitmex": "bankruptcy",
    "gate": "order",
    "bitget": "order",
    "bitfinex": "entry",
}

_TRADE_COLUMNS = ("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")
_TICKER_COLUMNS = (
    "exchange",
    "symbol",
    "timestamp",
    "local_timestamp",
    "funding_timestamp",
    "funding_rate",
    "open_interest",
    "index_price",
    "mark_price",
)


def contract_of(exchange: str, symbol: str, instruments: InstrumentMap) -> Instrument:
    """The contract a row is about.

    Raises:
        InputError: the exchange is a spot market or unknown here, or the symbol is none of its contracts.
    """
    venue = DERIVATIVES.get(exchange)
    if venue is None:
        raise InputError(f"exchange {exchange[:40]!r} is not one of the derivatives exchanges {', '.join(DERIVATIVES)}")
    try:
        return instruments.of(venue)[symbol]
    except (ValueError, LookupError) as error:
        raise InputError(f"{symbol[:40]!r} is not a contract of {venue}") from error


def trades(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Trades of a block of lines; see `RowsParser`. Context: header."""
    return trades_with(default_instruments(), lines, first_line, context)


def trades_with(instruments: InstrumentMap, lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """As `trades`, with contracts from a listing."""
    header = context["header"]
    exchange, symbol, stamp, local, trade_id, side, price, amount = columns(header, *_TRADE_COLUMNS)

    def row(cells: list[str]) -> Iterable[Event]:
        contract = contract_of(cells[exchange], cells[symbol], instruments)
        traded = positive(cells[price], "price")
        qty_base, notional_usd = contract.sized(positive(cells[amount], "amount"), traded)
        yield Trade(
            venue=contract.venue,
            symbol=contract.symbol,
            price=traded,
            qty_base=qty_base,
            notional_usd=notional_usd,
            taker_side=_order_side(cells[side]),
            trade_id=cells[trade_id] or None,
            ts_event_ns=time_us(cells[stamp], "timestamp"),
            ts_received_ns=time_us(cells[local], "local_timestamp"),
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _order_side(text: str) -> TakerSide:
    if text == BUY:
        return BUY
    if text == SELL:
        return SELL
    raise InputError(f"side {text[:20]!r} is neither buy nor sell")


def liquidations(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Liquidations of a block of lines; see `RowsParser`. Context: header."""
    return liquidations_with(default_instruments(), lines, first_line, context)


def liquidations_with(instruments: InstrumentMap, lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """As `liquidations`, with contracts from a listing."""
    header = context["header"]
    exchange, symbol, stamp, local, order_id, side, price, amount = columns(header, *_TRADE_COLUMNS)

    def row(cells: list[str]) -> Iterable[Event]:
        contract = contract_of(cells[exchange], cells[symbol], instruments)
        yield _liquidation(
            contract,
            position_side=opposite(_order_side(cells[side])),
            qty=positive(cells[amount], "amount"),
            price=positive(cells[price], "price"),
            event_id=cells[order_id] or None,
            ts_event_ns=time_us(cells[stamp], "timestamp"),
            ts_received_ns=time_us(cells[local], "local_timestamp"),
        )

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _liquidation(
    contract: Instrument,
    *,
    position_side: PositionSide,
    qty: float,
    price: float,
    event_id: str | None,
    ts_event_ns: int,
    ts_received_ns: int,
) -> Liquidation:
    qty_unit = "quote" if contract.venue == "bitget" else contract.qty_unit
    qty_base, notional_usd = contract.sized_as(qty_unit, qty, price)
    price_kind = PRICE_KINDS.get(contract.venue, "fill")
    bankruptcy_price = price if price_kind == "bankruptcy" else None
    return Liquidation(
        venue=contract.venue,
        symbol=contract.symbol,
        position_side=position_side,
        qty=qty,
        qty_unit=qty_unit,
        qty_base=qty_base,
        notional_usd=notional_usd,
        price=price,
        price_kind=price_kind,
        order_price=price if price_kind == "order" else None,
        fill_price=price if price_kind == "fill" else None,
        bankruptcy_price=bankruptcy_price,
        coverage=coverage_of(contract.venue, ts_event_ns),
        event_id=event_id,
        ts_event_ns=ts_event_ns,
        ts_received_ns=ts_received_ns,
        # BitMEX sends no time with a liquidation; tardis repeats its own clock there.
        ts_is_received=contract.venue == "bitmex",
    )


def derivative_ticker(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Mark and index price, funding rate, open interest of a block; see `RowsParser`. Context: header."""
    return derivative_ticker_with(default_instruments(), lines, first_line, context)


def derivative_ticker_with(
    instruments: InstrumentMap, lines: list[str], first_line: int, context: Context
) -> RowsParsed:
    """As `derivative_ticker`, with contracts from a listing."""
    header = context["header"]
    at = columns(header, *_TICKER_COLUMNS)

    def row(cells: list[str]) -> Iterable[Event]:
        contract = contract_of(cells[at[0]], cells[at[1]], instruments)
        stamps = time_us(cells[at[2]], "timestamp"), time_us(cells[at[3]], "local_timestamp")
        next_ns = time_us(cells[at[4]], "funding_timestamp") if cells[at[4]] else None
        rate = maybe(cells[at[5]], "funding_rate")
        held = maybe_non_negative(cells[at[6]], "open_interest")
        index = positive(cells[at[7]], "index_price") if cells[at[7]] else None
        mark = positive(cells[at[8]], "mark_price") if cells[at[8]] else None
        return list(_ticker_events(contract, stamps, (rate, next_ns), held, (index, mark)))

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def _ticker_events(
    contract: Instrument,
    stamps: tuple[int, int],
    funding: tuple[float | None, int | None],
    held: float | None,
    prices: tuple[float | None, float | None],
) -> Iterator[Event]:
    venue, symbol = contract.venue, contract.symbol
    rate, next_ns = funding
    index, mark = prices
    if mark is not None:
        yield MarkPrice(venue, symbol, mark, *stamps)
    if index is not None:
        yield IndexPrice(venue, symbol, index, *stamps)
    if rate is not None:
        yield FundingRate(venue, symbol, rate, None, next_ns, *stamps)
    if held is not None:
        yield _open_interest(contract, held, mark or index, stamps)


def _open_interest(contract: Instrument, held: float, price: float | None, stamps: tuple[int, int]) -> OpenInterest:
    """Open interest in the contract's unit, and the forms that follow from it at the row's price."""
    if price is None or held == 0.0:
        base = held if contract.qty_unit == "base" else None
        usd = held if contract.qty_unit == "usd" else None
    else:
        base, usd = contract.sized(held, price)
    contracts = held if contract.qty_unit == "contracts" else None
    return OpenInterest(contract.venue, contract.symbol, base, contracts, usd, *stamps)


def _trade_columns(sample: Sample) -> bool:
    return find_header(sample.lines, _TRADE_COLUMNS) is not None


def _twin(name: str, title: str, data_type: str, rows: RowsParser) -> Format:
    """Trades and liquidations: the same columns, told apart by the name."""
    return Format(
        name=name,
        title=title,
        kind="rows",
        looks_like=lambda sample: _trade_columns(sample) and said_by_name(sample, DATA_TYPES) == data_type,
        context=lambda sample, _symbol: header_context(sample, _TRADE_COLUMNS),
        could_be=_trade_columns,
        rows=rows,
    )


DATA_TYPES: Final = ("trades", "liquidations")
TRADES_FORMAT = _twin("tardis-trades", "tardis.dev CSV, trades (EXCHANGE_trades_DATE_SYMBOL.csv.gz)", "trades", trades)
LIQUIDATIONS_FORMAT = _twin(
    "tardis-liquidations",
    "tardis.dev CSV, liquidations (EXCHANGE_liquidations_DATE_SYMBOL.csv.gz)",
    "liquidations",
    liquidations,
)
TICKER_FORMAT = headed_format(
    name="tardis-derivative-ticker",
    title="tardis.dev CSV, derivative_ticker: mark and index price, funding rate, open interest",
    required=_TICKER_COLUMNS,
    rows=derivative_ticker,
)
