"""Published positions from a file: Hyperliquid's clearinghouse states, or any table of side, quantity and level.

A state is one account as the venue publishes it (`{"assetPositions": [{"position": {"coin", "szi", "liquidationPx",
…}}], "time": ms}`, szi is signed); a file holds one, a list of them, a mapping from address to state, or one a line.
Source: Hyperliquid docs, "Info endpoint, clearinghouseState", read 2026-11. A table (CSV, TSV or Parquet) has a row a
position, its columns by any of the names of `ALIASES`. Rows that cannot be used are listed with their line and reason,
never dropped in silence.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from powderkeg.app.selection import base_coin
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MS
from powderkeg.domain.units import LONG, SHORT, PositionSide
from powderkeg.liqmap.measured import Position

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "position_side": ("position_side", "side", "positionside", "direction", "pos_side", "posside"),
    "qty": ("qty", "qty_base", "quantity", "size", "amount", "szi", "position_size", "pos"),
    "liquidation_price": ("liquidation_price", "liq_price", "liquidationpx", "liquidationprice", "liqpx", "liqprice"),
    "entry_price": ("entry_price", "entrypx", "entryprice", "avg_entry_price", "avgprice", "entry"),
    "mark_price": ("mark_price", "markpx", "markprice", "mark"),
    "symbol": ("symbol", "coin", "asset", "market", "instrument"),
}
"""Names a column may have, in any case; the first is ours."""

SIDES: Final[dict[str, PositionSide]] = {
    **dict.fromkeys(("long", "l", "buy", "b", "bid"), LONG),
    **dict.fromkeys(("short", "s", "sell", "a", "ask"), SHORT),
}

MAX_BYTES: Final = 1 << 30


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is no position: the line of a table, or the number of the position in a JSON file, and why."""

    line: int
    reason: str


class PositionFile(msgspec.Struct, frozen=True, kw_only=True):
    """Positions of one coin.

    Attributes:
        positions: those that can be used.
        bad_rows: those that cannot, in order.
        other_coins: positions of other coins.
        as_of_ns: newest time the file states; None where it states none.
        mark_price: median of the marks it states; None where it states none.
    """

    positions: list[Position]
    bad_rows: list[BadRow]
    other_coins: int
    as_of_ns: int | None
    mark_price: float | None


def read_positions(path: Path, coin: str) -> PositionFile:
    """Positions of one coin from a file.

    Raises:
        InputError: no such file, not a kind that is understood, or columns are missing.
    """
    if not path.is_file():
        raise InputError(f"no file at {path}; give clearinghouse states (.json) or a table (.csv, .parquet)")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path.name} is larger than 1 GiB; split it")
    ending = path.suffix.lower()
    if ending in {".json", ".jsonl", ".ndjson"}:
        rows, as_of_ns = _states(path)
    elif ending in {".csv", ".tsv"}:
        rows, as_of_ns = _table_rows(path, "\t" if ending == ".tsv" else ","), None
    elif ending == ".parquet":
        rows, as_of_ns = _parquet_rows(path), None
    else:
        raise InputError(f"{path.name}: positions are .json, .jsonl, .csv, .tsv or .parquet")
    return _sorted_out(rows, base_coin(coin), as_of_ns)


def _sorted_out(rows: Iterable[tuple[int, dict[str, Any]]], coin: str, as_of_ns: int | None) -> PositionFile:
    positions: list[Position] = []
    bad: list[BadRow] = []
    marks: list[float] = []
    others = 0
    for line, row in rows:
        try:
            if row.get("symbol") not in (None, "") and base_coin(str(row["symbol"])) != coin:
                others += 1
                continue
            positions.append(_position(row))
        except InputError as error:
            bad.append(BadRow(line=line, reason=str(error)))
            continue
        if row.get("mark_price") not in (None, ""):
            marks.append(_positive(row["mark_price"], "mark_price"))
    mark = sorted(marks)[len(marks) // 2] if marks else None
    return PositionFile(positions=positions, bad_rows=bad, other_coins=others, as_of_ns=as_of_ns, mark_price=mark)


def _position(row: dict[str, Any]) -> Position:
    signed = _number(row.get("qty"), "qty")
    if signed == 0:
        raise InputError("qty is 0: no position is open")
    stated = row.get("position_side")
    if stated in (None, ""):
        position_side: PositionSide = LONG if signed > 0 else SHORT
    else:
        position_side = _side(str(stated))
        if signed < 0 and position_side == LONG:
            raise InputError(f"qty is {signed:g} and position_side is long: they contradict each other")
    level = row.get("liquidation_price")
    at = None if level in (None, "", "null", "None") else _number(level, "liquidation_price")
    if row.get("entry_price") not in (None, ""):
        _positive(row["entry_price"], "entry_price")
    return Position(
        position_side=position_side,
        qty_base=abs(signed),
        # Venues write 0, or a number below, where nothing liquidates a position.
        liquidation_price=at if at is not None and at > 0 else None,
    )


def _side(stated: str) -> PositionSide:
    found = SIDES.get(stated.strip().lower())
    if found is None:
        raise InputError(f"position_side is {stated[:40]!r}; it is long or short")
    return found


def _number(cell: Any, name: str) -> float:
    try:
        found = float(cell)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {str(cell)[:40]!r}, not a number") from None
    if not math.isfinite(found):
        raise InputError(f"{name} is {str(cell)[:40]!r}, not a number")
    return found


def _positive(cell: Any, name: str) -> float:
    found = _number(cell, name)
    if found <= 0:
        raise InputError(f"{name} is {found:g}; it must be positive")
    return found


def _table_rows(path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as lines:
        cells = csv.reader(lines, delimiter=delimiter)
        names = _columns(path.name, next(cells, list[str]()))
        for row in cells:
            if row:
                yield cells.line_num, {name: row[at].strip() if at < len(row) else "" for name, at in names.items()}


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    parquet: Any = import_module("pyarrow.parquet")  # heavy, only for this kind of file, and without types
    try:
        table: Any = parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} is not a Parquet table: {error}") from error
    header: list[str] = table.column_names
    names = _columns(path.name, header)
    columns = {name: table[header[at]].to_pylist() for name, at in names.items()}
    for n in range(table.num_rows):
        yield n + 1, {name: held[n] for name, held in columns.items()}


def _columns(file_name: str, header: list[str]) -> dict[str, int]:
    """Where each of our columns stands.

    Raises:
        InputError: no quantity, or no liquidation price.
    """
    plain = [name.strip().lower().replace(" ", "_") for name in header]
    found = {
        ours: next(plain.index(alias) for alias in aliases if alias in plain)
        for ours, aliases in ALIASES.items()
        if set(aliases) & set(plain)
    }
    for needed in ("qty", "liquidation_price"):
        if needed not in found:
            raise InputError(
                f"{file_name} has no column {needed} (or {', '.join(ALIASES[needed][1:])}); "
                f"its columns are {', '.join(header) or 'none'}"
            )
    return found


def _states(path: Path) -> tuple[list[tuple[int, dict[str, Any]]], int | None]:
    """Positions of every state, numbered through the file, and the newest time of a state."""
    rows: list[tuple[int, dict[str, Any]]] = []
    newest: int | None = None
    for state in _decoded(path):
        held = state.get("assetPositions")
        if not isinstance(held, list):
            raise InputError(f"{path.name}: a clearinghouse state without assetPositions; is it another answer?")
        at_ms = state.get("time")
        if isinstance(at_ms, int):
            newest = max(newest or 0, at_ms * NS_PER_MS)
        entries = cast("list[Any]", held)
        rows += [(len(rows) + n, _fields(entry)) for n, entry in enumerate(entries, start=1)]
    return rows, newest


def _fields(entry: Any) -> dict[str, Any]:
    """The fields of an entry of assetPositions under our names; of what is none, nothing, which is a bad row."""
    held = _fields_of(_fields_of(entry).get("position"))
    return {
        "symbol": held.get("coin"),
        "qty": held.get("szi"),
        "liquidation_price": held.get("liquidationPx"),
        "entry_price": held.get("entryPx"),
        "mark_price": _mark_of(held),
    }


def _fields_of(found: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _mark_of(held: dict[str, Any]) -> float | None:
    """The mark a state was taken at: value of the position over its quantity."""
    try:
        mark = float(held["positionValue"]) / abs(float(held["szi"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return mark if math.isfinite(mark) and mark > 0 else None


def _decoded(path: Path) -> Iterator[dict[str, Any]]:
    raw = path.read_bytes()
    documents = raw.splitlines() if path.suffix.lower() != ".json" else [raw]
    for number, document in enumerate(documents, start=1):
        if not document.strip():
            continue
        where = path.name if len(documents) == 1 else f"{path.name} line {number}"
        try:
            found = json.loads(document)  # unlike faster ones it survives any depth of brackets
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where} is not JSON: {error}") from error
        yield from _each(found)


def _each(found: Any) -> Iterator[dict[str, Any]]:
    """States of a document: one, a list, or a mapping from address to state."""
    if isinstance(found, dict):
        held = _fields_of(found)
        if "assetPositions" in held or not all(isinstance(state, dict) for state in held.values()):
            yield held
        else:
            yield from held.values()
    elif isinstance(found, list):
        for state in cast("list[Any]", found):
            yield from _each(state)
