"""Tables of bars a map is made of, and the table of predictions: the files of `powderkeg map`.

The columns read are those of an hourly table of one or more perpetuals: `open_time_utc, symbol, open, high, low, close,
volume_base, oi_open, oi_close, liq_long_base, liq_short_base` and, where the source filled holes, `filled_mask`
(1 candle, 2 open interest, 4 ratio, 8 liquidations): what is filled is unknown, not zero.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import format_instant, parse_instant
from powderkeg.liqmap.bars import SIDES, Bars, FloatArray
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


def read_bars(path: Path) -> list[Bars]:
    """The markets of a table of bars, in order of first appearance.

    Raises:
        InputError: no such file, a column is missing, or a cell is not a number or a time.
    """
    if not path.is_file():
        raise InputError(f"no file at {path}; give a CSV of bars with the columns {', '.join(NEEDED)}")
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.reader(lines)
        header = [name.strip() for name in next(rows, list[str]())]
        missing = [name for name in NEEDED if name not in header]
        if missing:
            raise InputError(f"{path.name} has no column {', '.join(missing)}; its columns are {', '.join(header)}")
        at = {name: header.index(name) for name in (*NEEDED, *OPTIONAL) if name in header}
        by_symbol: dict[str, list[list[str]]] = {}
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) != len(header):
                raise InputError(f"{path.name} line {number} has {len(row)} cells, its header {len(header)}")
            by_symbol.setdefault(row[at["symbol"]].strip(), []).append(row)
    if not by_symbol:
        raise InputError(f"{path.name} has a header and no bars")
    return [_market(path.name, symbol, rows, at) for symbol, rows in by_symbol.items()]


def _market(file_name: str, symbol: str, rows: list[list[str]], at: dict[str, int]) -> Bars:
    def numbers(name: str) -> FloatArray:
        if name not in at:
            return np.full(len(rows), np.nan)
        return np.array([_number(row[at[name]], f"{file_name}, {symbol}, {name}") for row in rows])

    open_ns = np.array([parse_instant(row[at["open_time_utc"]]) for row in rows], dtype=np.int64)
    order = np.argsort(open_ns, kind="stable")
    filled = np.nan_to_num(numbers("filled_mask")).astype(np.int64)
    closing = np.where(filled & OPEN_INTEREST_BIT, np.nan, numbers("oi_close"))[order]
    opening = np.where(filled & OPEN_INTEREST_BIT, np.nan, numbers("oi_open"))[order]
    liquidated = np.column_stack([numbers("liq_long_base"), numbers("liq_short_base")])
    # A filled candle has no path to hold liquidations against, and one that is no candle at all is a hole.
    liquidated[(filled & (LIQUIDATIONS_BIT | CANDLE_BIT)) > 0] = np.nan
    steps = np.diff(open_ns[order])
    if not len(steps) or steps.min() <= 0:
        raise InputError(f"{file_name}: {symbol} needs at least two bars of different times, each once")
    prices = np.column_stack([numbers(name) for name in PRICES])[order]
    kept = np.isfinite(prices).all(axis=1) | ((filled & CANDLE_BIT) == 0)[order]
    return Bars(
        symbol=symbol,
        interval_ns=int(np.min(steps)),
        open_ns=open_ns[order][kept],
        prices=prices[kept],
        volume_base=np.where(filled & CANDLE_BIT, np.nan, numbers("volume_base"))[order][kept],
        open_interest_base=np.concatenate([opening[:1], closing[kept]]),
        liquidated_base=liquidated[order][kept],
    )


def _number(cell: str, where: str) -> float:
    """A cell as a number; an empty one is unknown."""
    if not cell.strip():
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise InputError(f"{where}: {cell!r} is not a number") from None


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
