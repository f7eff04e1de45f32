"""Tables of bars a map is made of, and the table of predictions: the files of `powderkeg map`.

The columns read are those of an hourly table of one or more perpetuals: `open_time_utc, symbol, open, high, low, close,
volume_base, oi_open, oi_close, liq_long_base, liq_short_base` and, where the source filled holes, `filled_mask`
(1 candle, 2 open interest, 4 ratio, 8 liquidations): what is filled is unknown, not zero.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import format_instant, parse_instant
from powderkeg.liqmap.bars import SIDES, Bars, FloatArray, IntArray
from powderkeg.liqmap.calibrate import Calibration
from powderkeg.liqmap.panel import Panel

CANDLE_BIT, OPEN_INTEREST_BIT, LIQUIDATIONS_BIT = 1, 2, 8
PRICES: Final = ("open", "high", "low", "close")
NEEDED: Final = ("open_time_utc", "symbol", *PRICES, "volume_base", "oi_close")
OPTIONAL: Final = ("oi_open", "liq_long_base", "liq_short_base", "filled_mask")
PREDICTED: Final = (
    "open_time_utc",
    "symbol",
    "position_side",
    "predicted_liq_base",
    "baseline_liq_base",
    "lower",
    "upper",
)


class _Row(NamedTuple):
    """A line of a table."""

    line: int
    cells: list[str]


def read_bars(path: Path) -> list[Bars]:
    """The markets of a table of bars, in order of first appearance, all of them or none.

    Rows may come in any order; a row that stands there twice counts once. An open interest of 0 is unknown: what trades
    has some.

    Raises:
        InputError: no such file, a column is missing, a cell is not a number or a time, two rows contradict each other,
            or a market has no bars a map can be made of.
    """
    usable, unusable = read_usable_bars(path)
    for symbol, why in unusable.items():
        raise InputError(f"{path.name}: {symbol}: {why}")
    return usable


def read_usable_bars(path: Path) -> tuple[list[Bars], dict[str, str]]:
    """As `read_bars`, but a market that cannot be used spoils no other.

    Returns:
        The markets, and the reason for each symbol that is left out.

    Raises:
        InputError: as `read_bars`, for what concerns the whole table, or no market can be used.
    """
    if not path.is_file():
        raise InputError(f"no file at {path}; give a CSV of bars with the columns {', '.join(NEEDED)}")
    at, by_symbol = _rows_by_symbol(path)
    usable: list[Bars] = []
    unusable: dict[str, str] = {}
    for symbol, rows in by_symbol.items():
        try:
            usable.append(_market(symbol, rows, at))
        except InputError as error:
            unusable[symbol] = str(error).removeprefix(f"{symbol}: ")
    if not usable:
        raise InputError(f"{path.name}: {'; '.join(f'{symbol}: {why}' for symbol, why in unusable.items())}")
    return usable, unusable


def _rows_by_symbol(path: Path) -> tuple[dict[str, int], dict[str, list[_Row]]]:
    """Where each column stands, and the rows of each symbol."""
    by_symbol: dict[str, list[_Row]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.reader(lines)
            header = [name.strip() for name in next(rows, list[str]())]
            missing = [name for name in NEEDED if name not in header]
            if missing:
                held = f"its columns are {', '.join(header)}" if header else "it is empty"
                raise InputError(f"{path.name} has no column {', '.join(missing)}; {held}")
            at = {name: header.index(name) for name in (*NEEDED, *OPTIONAL) if name in header}
            for cells in rows:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise InputError(
                        f"{path.name} line {rows.line_num} has {len(cells)} cells, its header {len(header)}"
                    )
                symbol = cells[at["symbol"]].strip()
                if not symbol:
                    raise InputError(f"{path.name} line {rows.line_num} names no symbol")
                by_symbol.setdefault(symbol, []).append(_Row(rows.line_num, cells))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name} is no CSV in UTF-8 ({error}); save it as one") from None
    if not by_symbol:
        raise InputError(f"{path.name} has a header and no bars")
    return at, by_symbol


def _market(symbol: str, rows: list[_Row], at: dict[str, int]) -> Bars:
    open_ns, rows = _in_order(rows, at["open_time_utc"])

    def numbers(name: str) -> FloatArray:
        if name not in at:
            return np.full(len(rows), np.nan)
        return np.array([_number(row.cells[at[name]], row.line, name) for row in rows])

    if len(rows) < 2:
        raise InputError("has one bar; their length takes two")
    filled = np.nan_to_num(numbers("filled_mask")).astype(np.int64)
    closing, opening = (_interest(numbers(name), filled) for name in ("oi_close", "oi_open"))
    liquidated = np.column_stack([numbers("liq_long_base"), numbers("liq_short_base")])
    # A filled candle has no path to hold liquidations against, and one that is no candle at all is a hole.
    liquidated[(filled & (LIQUIDATIONS_BIT | CANDLE_BIT)) > 0] = np.nan
    prices = np.column_stack([numbers(name) for name in PRICES])
    kept = np.isfinite(prices).all(axis=1) | ((filled & CANDLE_BIT) == 0)
    return Bars(
        symbol=symbol,
        interval_ns=int(np.min(np.diff(open_ns))),
        open_ns=open_ns[kept],
        prices=prices[kept],
        volume_base=np.where(filled & CANDLE_BIT, np.nan, numbers("volume_base"))[kept],
        open_interest_base=np.concatenate([opening[:1], closing[kept]]),
        liquidated_base=liquidated[kept],
    )


def _in_order(rows: list[_Row], column: int) -> tuple[IntArray, list[_Row]]:
    """Start of each bar and the rows by it, repeats dropped."""
    by_time: dict[int, _Row] = {}
    for row in rows:
        try:
            open_ns = parse_instant(row.cells[column])
        except InputError as error:
            raise InputError(f"line {row.line}, open_time_utc: {error}") from None
        first = by_time.setdefault(open_ns, row)
        if first.cells != row.cells:
            raise InputError(
                f"lines {first.line} and {row.line} both say what happened at {row.cells[column]}, and differ; keep one"
            )
    times = sorted(by_time)
    return np.array(times, dtype=np.int64), [by_time[open_ns] for open_ns in times]


def _interest(numbers: FloatArray, filled: IntArray) -> FloatArray:
    """Open interest where it is known."""
    return np.where((filled & OPEN_INTEREST_BIT > 0) | (numbers == 0.0), np.nan, numbers)


def _number(cell: str, line: int, column: str) -> float:
    """A cell as a number; an empty one is unknown."""
    if not cell.strip():
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise InputError(f"line {line}, {column}: {cell!r} is not a number") from None


def write_predictions(path: Path, panel: Panel, calibration: Calibration) -> int:
    """Write the prediction of every bar from the cut on; the number of rows.

    Raises:
        InputError: the folder does not exist, or no bar lies after the cut.
    """
    if not path.absolute().parent.is_dir():
        raise InputError(f"no folder {path.absolute().parent} to write {path.name} to; create it first")
    after = np.flatnonzero(panel.open_ns >= calibration.trained_until_ns)
    if not len(after):
        raise InputError(
            f"no bar after {format_instant(calibration.trained_until_ns)} to predict; train until an earlier time"
        )
    order = after[np.lexsort((panel.series[after], panel.open_ns[after]))]
    columns = [
        np.expm1(np.maximum(held, 0.0))
        for held in (calibration.predicted, calibration.baseline, calibration.lower, calibration.upper)
    ]
    with path.open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(PREDICTED)
        for row in order:
            symbol = panel.markets[panel.series[row] // 2].symbol
            numbers = [f"{column[row]:.10g}" for column in columns]
            table.writerow([format_instant(int(panel.open_ns[row])), symbol, SIDES[panel.series[row] % 2], *numbers])
    return len(order)
