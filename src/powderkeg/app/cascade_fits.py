"""What data at hand say about impact and depth, each with the error of its fit."""

from __future__ import annotations

from typing import Final

import numpy as np

from powderkeg.app.cascade_books import EDGES, BookHistory
from powderkeg.app.cascade_inputs import SIDES
from powderkeg.cascade.fits import PowerFit, fit_power
from powderkeg.cascade.profiles import FloatArray
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_DAY
from powderkeg.domain.units import PositionSide
from powderkeg.store.query import Database

LEAST_EDGES: Final = 3
"""A moment's book needs so many distances to say anything about its slope."""

DAYS_TOGETHER: Final = 7
"""Days of a week count as one: depth changes slowly."""

_DEPTH: Final = """
    SELECT symbol, ts_event_ns // {day} AS day, avg(bid_usd + ask_usd) AS depth_usd FROM depth_bar
    WHERE interval_ns = {day} AND abs(range_ratio - 0.01) < 1e-9 AND bid_usd > 0 AND ask_usd > 0 GROUP BY ALL
"""
_RANGES: Final = """
    SELECT symbol, ts_event_ns // {day} AS day, max(ln(high / low)) AS span FROM candle
    WHERE venue = 'binance-usdm' AND low > 0 AND high > low GROUP BY ALL
"""


def fit_impact(history: BookHistory, position_side: PositionSide) -> PowerFit:
    """γ of log(X/X₀) = a + γ·log(V/D) on a recorded book, D its depth up to X₀, as far as it is known at each moment.

    Every moment is a cluster. Moments of one recording resemble each other, so the error is that of this recording,
    not of all books.

    Raises:
        InputError: too few moments.
    """
    row = SIDES.index(position_side)
    log_x: list[FloatArray] = []
    log_y: list[FloatArray] = []
    moments: list[int] = []
    for at, depth_usd in enumerate(history.depth_usd[:, row]):
        known = np.isfinite(depth_usd) & (depth_usd > 0.0)
        if known.sum() < LEAST_EDGES:
            continue
        log_x.append(np.log(depth_usd[known] / depth_usd[known][-1]))
        log_y.append(np.log(EDGES[known] / EDGES[known][-1]))
        moments += [at] * int(known.sum())
    if not moments:
        raise InputError(f"{history.name}: its snapshots reach too little for a fit of impact")
    return fit_power(np.concatenate(log_x), np.concatenate(log_y), np.array(moments))


def fit_depth_response(database: Database, coin: str) -> PowerFit:
    """How depth within 1 % changes from day to day with the range of the day before, from daily bars.

    log(D after / D before) on log(range of the day between / range of the day before it): the exponent is what a day's
    range takes from the book by the next midnight. It is a response over a day; what happens within minutes is gone
    by then.

    Args:
        database: with daily depth of the coin and its candles on Binance.
        coin: whose.

    Raises:
        InputError: too few days.
    """
    depth = _by_day(database, _DEPTH, "depth_usd", coin)
    spans = _by_day(database, _RANGES, "span", coin)
    rows = [
        (day, np.log(spans[day - 1] / spans[day - 2]), np.log(depth[day] / depth[day - 1]))
        for day in sorted(depth)
        if day - 1 in depth and day - 1 in spans and day - 2 in spans
    ]
    if not rows:
        raise InputError(f"no days of {coin} with depth and candles; import daily depth and candles of it")
    table = np.array(rows)
    return fit_power(table[:, 1], table[:, 2], table[:, 0] // DAYS_TOGETHER)


def _by_day(database: Database, sql: str, column: str, coin: str) -> dict[int, float]:
    rows = database.rows(sql.format(day=NS_PER_DAY), [])
    return {int(row["day"]): float(row[column]) for row in rows if coin_of(row["symbol"]) == coin}
