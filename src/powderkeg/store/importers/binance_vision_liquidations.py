"""Binance's public archive, liquidationSnapshot: force orders of one contract and day.

Known fault: in many files every row stands twice (binance-public-data issue 259, "liquidationSnapshot seems to have
duplicate rows", and issue 337, read 2026-11). Equal rows can also be two equal orders, so copies are only taken out
where *every* readable row of the file occurs an even number of times; then half of each is kept. The copies are
counted as removed, not as refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import Event, Liquidation
from powderkeg.store.importers.binance_force_orders import POSITION_OF
from powderkeg.store.importers.binance_vision import archive_time, symbol_and_header
from powderkeg.store.importers.cells import positive
from powderkeg.store.importers.formats import Context, Format, Sample
from powderkeg.store.importers.lines import Line
from powderkeg.store.importers.markets import binance_contract, binance_coverage
from powderkeg.store.importers.tables import columns, find_header, parse_table
from powderkeg.store.rows import RowsParsed

HEADER: Final = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
    "accumulated_fill_quantity"
)
_REQUIRED = ("time", "side", "price", "average_price", "last_fill_quantity", "accumulated_fill_quantity")


def rows(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Force orders of a block of lines; see `RowsParser`. Context: header, symbol."""
    header = context["header"]
    stamp, order_side, limit, average, filled = columns(
        header, "time", "side", "price", "average_price", "accumulated_fill_quantity"
    )
    contract = binance_contract(context["symbol"])

    def row(cells: list[str]) -> Iterable[Event]:
        position_side = POSITION_OF.get(cells[order_side])
        if position_side is None:
            raise InputError(f"side {cells[order_side][:20]!r} is neither BUY nor SELL")
        qty = positive(cells[filled], "accumulated_fill_quantity")
        price = positive(cells[average], "average_price")
        limit_price = positive(cells[limit], "price")
        qty_base, notional_usd = contract.sized(qty, price)
        ts_ns = archive_time(cells[stamp], "time")
        yield Liquidation(
            venue=contract.venue,
            symbol=contract.symbol,
            position_side=position_side,
            qty=qty,
            qty_unit=contract.qty_unit,
            qty_base=qty_base,
            notional_usd=notional_usd,
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

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def doubled(lines: Iterable[Line], context: Context) -> frozenset[int]:
    """Numbers of the lines that repeat another one, where the whole file is doubled; else nothing."""
    seen: dict[bytes, list[int]] = defaultdict(list)
    for line in lines:
        seen[line.text].append(line.number)
    again: list[int] = []
    for text, numbers in seen.items():
        if not rows([text.decode("utf-8", "replace")], 1, context).events:
            continue  # header, blank lines and junk say nothing about doubling
        if len(numbers) % 2:
            return frozenset()
        again += numbers[1::2]
    return frozenset(again)


def _looks_like(sample: Sample) -> bool:
    if find_header(sample.lines, _REQUIRED):
        return True
    shaped = sum(_is_shaped(line.split(",")) for line in sample.lines)
    return 0 < len(sample.lines) <= 2 * shaped


def _is_shaped(cells: list[str]) -> bool:
    return len(cells) == 10 and cells[0].isdigit() and cells[1] in POSITION_OF and cells[7].isupper()


FORMAT = Format(
    name="binance-vision-liquidations",
    title="Binance archive, liquidationSnapshot (SYMBOL-liquidationSnapshot-DATE.zip or .csv), doubled rows removed",
    kind="rows",
    looks_like=_looks_like,
    context=lambda sample, symbol: symbol_and_header(HEADER, _REQUIRED, sample, symbol),
    rows=rows,
    doubled=doubled,
)
