"""Binance force orders as printed by a collector: comma-separated, no header.

    symbol without USDT, order side, type, time in force, original qty, price, average price, status, last fill,
    cumulative fill, trade time in ms, usd [, one more number]

A forced SELL closes a long. What was executed is the cumulative fill at the average price; `price` is the limit, which
is the bankruptcy price of the position. The `usd` column is the fill times that *limit* price, not the executed value
(so it holds in all 2,501 rows this was checked with), and serves as a check sum only: a row whose digits were glued or
cut fails it. Later recordings carry a thirteenth number (0, 25, 50, 100), which is not used.

Source: Binance USD-M docs, "Liquidation Order Streams", read 2026-07, for the fields; the collector's own files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Liquidation
from powderkeg.domain.units import LONG, SHORT, USD_LIKE, PositionSide
from powderkeg.store.importers.cells import number, positive, time_ms
from powderkeg.store.importers.formats import Context, Format, Sample, no_context
from powderkeg.store.importers.markets import BINANCE_USDM, binance_contract, binance_coverage, shortened_pair
from powderkeg.store.importers.tables import parse_table
from powderkeg.store.rows import RowsParsed

WIDTHS: Final = (12, 13)
POSITION_OF: Final[dict[str, PositionSide]] = {"SELL": LONG, "BUY": SHORT}
CHECK_TOLERANCE: Final = 1e-6
"""The collector multiplied floats: its check sum agrees to the last digits, and no glued digit is that small."""


def rows(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Force orders of a block of lines; see `RowsParser`."""
    del context
    return parse_table(lines, first_line, _row, widths=WIDTHS)


def _row(cells: list[str]) -> Iterable[Liquidation]:
    name, order_side, _, _, original, limit, average, status, last, filled, stamp, usd, *more = cells
    symbol = shortened_pair(name)
    position_side = POSITION_OF.get(order_side)
    if position_side is None or not status.isupper():
        raise InputError(f"order side {order_side[:20]!r} and status {status[:20]!r} are not a force order's")
    qty = positive(filled, "cumulative fill")
    price = positive(average, "average price")
    limit_price = positive(limit, "price")
    if qty > positive(original, "original quantity") * (1 + CHECK_TOLERANCE):
        raise InputError(f"cumulative fill {filled} is more than the order's {original}")
    positive(last, "last fill")
    for extra in more:
        number(extra, "column 13")
    _check(positive(usd, "usd"), qty, limit_price, price)
    ts_ns = time_ms(stamp, "trade time")
    yield Liquidation(
        venue=BINANCE_USDM,
        symbol=symbol,
        position_side=position_side,
        qty=qty,
        qty_unit="base",
        qty_base=qty,
        notional_usd=qty * price if binance_contract(symbol).quote in USD_LIKE else None,
        price=price,
        price_kind="fill",
        order_price=limit_price,
        fill_price=price,
        bankruptcy_price=limit_price,
        coverage=binance_coverage(ts_ns),
        event_id=None,
        ts_event_ns=ts_ns,
        ts_received_ns=ts_ns,
        ts_is_received=False,
    )


def _check(usd: float, qty: float, limit_price: float, price: float) -> None:
    allowed = usd * CHECK_TOLERANCE
    if abs(usd - qty * limit_price) > allowed and abs(usd - qty * price) > allowed:
        raise InputError(f"usd {usd:g} is neither fill times price nor fill times average price: digits are wrong")


def looks_like(sample: Sample) -> bool:
    """At least half of the first lines have a force order's shape, so that junk among them does not hide it."""
    shaped = sum(_is_shaped(line) for line in sample.lines)
    return 0 < len(sample.lines) <= 2 * shaped


def _is_shaped(line: str) -> bool:
    cells = line.split(",")
    return len(cells) in WIDTHS and cells[1] in POSITION_OF and cells[7].isupper() and cells[10].isdigit()


FORMAT = Format(
    name="binance-force-orders",
    title="Binance force orders as a collector prints them: 12 or 13 columns, no header",
    kind="rows",
    looks_like=looks_like,
    context=no_context,
    rows=rows,
)
