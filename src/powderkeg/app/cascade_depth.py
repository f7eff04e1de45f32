"""Depth for a ladder, from the best source at hand, which is always named.

In order: a file (a table of levels, or a recorded book), a total within 1 % given by hand, the newest book of the data
directory, a total an aggregator reported, and at last a published figure that is typical of the coin.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from powderkeg.app.cascade_archived import archived_books
from powderkeg.app.cascade_books import BookHistory, recorded_book
from powderkeg.app.cascade_fits import fit_impact
from powderkeg.app.cascade_fuel import binned
from powderkeg.app.cascade_inputs import BIN_BPS, BINS, SIDES
from powderkeg.app.cascade_tables import is_levels, read_levels
from powderkeg.cascade.book import Book
from powderkeg.cascade.depth import (
    LEAST_REACH,
    SHAPE_EXPONENT,
    DepthProfile,
    Method,
    depth_from_levels,
    depth_from_total,
    one_percent,
)
from powderkeg.cascade.profiles import Grid, grid_of
from powderkeg.cascade.quoted import POWER_EXPONENT, TYPICAL_DEPTH_USD
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_DAY, day_of
from powderkeg.domain.units import PositionSide
from powderkeg.store.query import Database

DEPTH_COLUMNS: Final[dict[PositionSide, str]] = {"short": "ask_usd", "long": "bid_usd"}
FRESH_BAR_NS: Final = 7 * NS_PER_DAY
"""Age up to which a total an aggregator reports stands for the present one. It comes once a day and hardly hangs on the
day (docs/cascade.md): a week bridges a vendor's holes, by choice."""

COUNTED_TO: Final = 0.01
"""A book is counted to this log distance even where its snapshot reached less far: what changed since is known."""

_BARS: Final = """
    SELECT venue, symbol, source, bid_usd, ask_usd, range_ratio, ts_event_ns FROM depth_bar
    WHERE date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns >= ? AND ts_event_ns + interval_ns <= ?
    AND bid_usd > 0 AND ask_usd > 0 ORDER BY ts_event_ns DESC
"""


class DepthChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Where depth is to come from.

    Attributes:
        path: a table of levels (`price, bid_usd, ask_usd`) or a recording of a book; None for none.
        within_usd: resting notional of one side within 1 % of the price; None for none.
        exponent: β of the shape D(u) ∝ u^β that a total is laid out by, and a book is extended by.
    """

    path: Path | None = None
    within_usd: float | None = None
    exponent: float = SHAPE_EXPONENT

    @property
    def shape_words(self) -> str:
        """The shape, as an assumption."""
        if self.exponent == SHAPE_EXPONENT:
            return f"depth up to a log distance u grows as u^{self.exponent:.3g}: 1/γ of γ = {POWER_EXPONENT}"
        return f"depth up to a log distance u grows as u^{self.exponent:.3g}, as chosen"


def depth_for(
    coin: str, price: float, as_of_ns: int | None, choice: DepthChoice, database: Database | None
) -> dict[PositionSide, DepthProfile]:
    """Depth in both directions.

    Args:
        coin: whose market.
        price: where the ladder starts.
        as_of_ns: nothing later is read; None for all.
        choice: what was asked for.
        database: the data directory, where there is one.

    Raises:
        InputError: what was asked for cannot be used, or nothing is known and no figure is typical of the coin.
    """
    if choice.path is not None:
        if is_levels(choice.path, tuple(DEPTH_COLUMNS.values())):
            return _from_table(choice.path, price)
        history = recorded_book(choice.path, coin, as_of_ns)
        found = _from_book(history.book, f"{choice.path.name}, {history.name}", price, choice)
        return {side: _with_fit(profile, history, side) for side, profile in found.items()}
    if choice.within_usd is not None:
        given = dict.fromkeys(SIDES, choice.within_usd)
        return _from_totals(given, price, choice, method="assumed", source="--depth-usd", as_of_ns=None)
    if database is not None and as_of_ns is not None:
        found = _archived_book(database, coin, price, as_of_ns, choice) or _reported(
            database, coin, price, as_of_ns, choice
        )
        if found is not None:
            return found
    return _typical(coin, price, choice)


def _grids(price: float) -> dict[PositionSide, Grid]:
    return {side: grid_of(price, BIN_BPS, BINS, side) for side in SIDES}


def _from_table(path: Path, price: float) -> dict[PositionSide, DepthProfile]:
    levels, columns = read_levels(path, tuple(DEPTH_COLUMNS.values()), "depth")
    found: dict[PositionSide, DepthProfile] = {}
    for side, grid in _grids(price).items():
        column = DEPTH_COLUMNS[side]
        depth = binned(levels["price"], levels[column], grid)
        said = "depth is what the table holds; beyond its last level there is none"
        found[side] = DepthProfile(
            depth_usd=depth,
            seen_bins=BINS,
            within_usd=float(depth[: round(one_percent(grid) / grid.width)].sum()),
            within_distance=one_percent(grid),
            method="assumed",
            source=path.name,
            as_of_ns=None,
            assumptions={"depth": said if column in columns else f"{path.name} has no {column}: an empty side"},
        )
    return found


def _from_book(book: Book, source: str, price: float, choice: DepthChoice) -> dict[PositionSide, DepthProfile]:
    found: dict[PositionSide, DepthProfile] = {}
    for side, grid in _grids(price).items():
        distances, usd = book.levels(side)
        reach = book.reach(side)
        known_to = max(reach, min(COUNTED_TO, float(distances[-1])))
        depth, seen = depth_from_levels(distances, usd, grid, known_to=known_to, exponent=choice.exponent)
        said = {"shape": f"beyond {known_to:.2%} from the middle {choice.shape_words}"}
        if reach < known_to:
            said["floor"] = f"beyond {reach:.2%} only levels that changed while it was recorded are known: a floor"
        if book.hole_count:
            said["holes"] = f"{book.hole_count} holes in the recording of the book"
        found[side] = DepthProfile(
            depth_usd=depth,
            seen_bins=seen,
            within_usd=float(depth[:seen].sum()),
            within_distance=seen * grid.width,
            method="measured",
            source=source,
            as_of_ns=book.ts_event_ns,
            assumptions=said,
        )
    return found


def _with_fit(profile: DepthProfile, history: BookHistory, side: PositionSide) -> DepthProfile:
    """The profile with the impact its own recording shows, for whoever wants to choose another shape."""
    try:
        fit = fit_impact(history, side)
    except InputError:
        return profile
    said = (
        f"on this recording γ = {fit.exponent:.3f} ± {fit.exponent_error:.3f} ({fit.rows} points of {fit.clusters} "
        f"moments, within what its snapshots reached): --shape {1 / fit.exponent:.2f} would extend it so"
    )
    return msgspec.structs.replace(profile, assumptions={**profile.assumptions, "fit": said})


def _from_totals(
    totals: dict[PositionSide, float],
    price: float,
    choice: DepthChoice,
    *,
    method: Method,
    source: str,
    as_of_ns: int | None,
) -> dict[PositionSide, DepthProfile]:
    return {
        side: DepthProfile(
            depth_usd=depth_from_total(totals[side], grid, exponent=choice.exponent),
            seen_bins=0,
            within_usd=totals[side],
            within_distance=one_percent(grid),
            method=method,
            source=source,
            as_of_ns=as_of_ns,
            assumptions={"shape": choice.shape_words},
        )
        for side, grid in _grids(price).items()
    }


def _archived_book(
    database: Database, coin: str, price: float, as_of_ns: int, choice: DepthChoice
) -> dict[PositionSide, DepthProfile] | None:
    """The coin's fresh book that is known farthest; None where none says anything about depth."""
    books = archived_books(database, coin, as_of_ns)
    deep = {name: min(map(book.reach, SIDES)) for name, book in books.items() if not book.is_one_sided}
    name = max(deep, key=lambda one: deep[one], default=None)
    if name is None or deep[name] < LEAST_REACH:
        return None
    return _from_book(books[name], name, price, choice)


def _reported(
    database: Database, coin: str, price: float, as_of_ns: int, choice: DepthChoice
) -> dict[PositionSide, DepthProfile] | None:
    from_ns = as_of_ns - FRESH_BAR_NS
    rows = database.rows(_BARS, [day_of(from_ns), day_of(as_of_ns), from_ns, as_of_ns])
    row = next((one for one in rows if coin_of(one["symbol"]) == coin and np.isclose(one["range_ratio"], 0.01)), None)
    if row is None:
        return None
    found = _from_totals(
        {"short": float(row["ask_usd"]), "long": float(row["bid_usd"])},
        price,
        choice,
        method="reported",
        source=f"{row['source']}, {row['venue']} venues, within 1 %",
        as_of_ns=int(row["ts_event_ns"]),
    )
    said = "the depth of all venues against the fuel of those mapped: R is too small where venues are missing"
    return {
        side: msgspec.structs.replace(one, assumptions={**one.assumptions, "scope": said})
        for side, one in found.items()
    }


def _typical(coin: str, price: float, choice: DepthChoice) -> dict[PositionSide, DepthProfile]:
    quoted = TYPICAL_DEPTH_USD.get(coin)
    if quoted is None:
        raise InputError(
            f"no depth of {coin} is known; give --depth-usd USD (one side, within 1 %) or --depth FILE with a book"
        )
    totals = dict.fromkeys(SIDES, quoted.number)
    return _from_totals(totals, price, choice, method="assumed", source=quoted.source, as_of_ns=None)
