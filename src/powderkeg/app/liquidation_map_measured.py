"""A measured map from a file of published positions, and what of the file could not be used."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from powderkeg.app.instants import Instant, instant_ns
from powderkeg.app.liquidation_map_positions import BadRow, PositionFile, read_positions
from powderkeg.app.selection import base_coin
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import parse_instant
from powderkeg.domain.units import LONG
from powderkeg.liqmap.measured import Position, measured_map
from powderkeg.liqmap.reading import LiquidationMap


class MeasuredReading(msgspec.Struct, frozen=True, kw_only=True):
    """A measured map and what of its file it leaves out.

    Attributes:
        total: the map.
        bad_rows: rows that are no position, each with line and reason.
        other_coins: positions of other coins.
    """

    total: LiquidationMap
    bad_rows: list[BadRow]
    other_coins: int


def measured_from_file(
    coin: str, path: Path, *, mark_price: float | None = None, as_of: Instant = None
) -> MeasuredReading:
    """The map of one coin's published positions.

    Args:
        coin: a coin or any spelling of its symbol.
        path: clearinghouse states or a table: see `liquidation_map_positions`.
        mark_price: quote per base; None for what the file states, else what its levels leave no doubt about.
        as_of: when the positions were read; None for what the file states, else when it was last written.

    Raises:
        InputError: the file cannot be read, holds no position of the coin, or leaves the mark price open.
    """
    found = read_positions(path, coin)
    name = base_coin(coin)
    if not found.positions:
        bad = f", {len(found.bad_rows)} rows cannot be used ({found.bad_rows[0].reason})" if found.bad_rows else ""
        raise InputError(f"{path.name} holds no position of {name}: {found.other_coins} of other coins{bad}")
    one = measured_map(
        found.positions,
        symbol=name,
        as_of_ns=_as_of(found, path, as_of),
        mark_price=mark_price or found.mark_price or _mark_between(found.positions, path.name),
    )
    if not one.notional_usd.any():
        raise InputError(
            f"{path.name}: none of {len(found.positions)} positions of {name} is liquidated beyond the mark price "
            f"{one.mark_price:,.10g}; is it the right one? Give it with --price"
        )
    named = msgspec.structs.replace(one, sources=(path.name,))
    return MeasuredReading(total=named, bad_rows=found.bad_rows, other_coins=found.other_coins)


def _as_of(found: PositionFile, path: Path, as_of: Instant) -> int:
    if as_of is not None:
        return instant_ns(as_of)
    if found.as_of_ns is not None:
        return found.as_of_ns
    return parse_instant(dt.datetime.fromtimestamp(int(path.stat().st_mtime), dt.UTC).isoformat())


def _mark_between(positions: list[Position], file_name: str) -> float:
    """The middle between the highest level of a long and the lowest of a short: the mark lies between them.

    Raises:
        InputError: one side is missing, or levels overlap, so that the file alone does not say.
    """
    longs = [one.liquidation_price for one in positions if one.position_side == LONG and one.liquidation_price]
    shorts = [one.liquidation_price for one in positions if one.position_side != LONG and one.liquidation_price]
    if not longs or not shorts or max(longs) >= min(shorts):
        raise InputError(f"{file_name} does not say the mark price; give it with --price")
    return (max(longs) * min(shorts)) ** 0.5
