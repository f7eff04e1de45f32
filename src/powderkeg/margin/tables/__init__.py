"""Tier tables as data: those that come with the package, and a file of one's own.

    >>> from powderkeg.margin import tier_table
    >>> tier_table("binance-usdm", "BTC/USDT:USDT").at("2022-01-01").tier_of(300_000).mmr
    0.01

A file is TOML like the ones beside this module, or JSON as Binance (`/fapi/v1/leverageBracket`), Bybit
(`/v5/market/risk-limit`) or ccxt (`fetch_leverage_tiers`) give it. This is the one module of the room that reads files.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError, InvariantError
from powderkeg.domain.symbols import parts_of, resolve, venue_slug
from powderkeg.margin.tables.foreign import rows_of
from powderkeg.margin.tiers import InForce, TierTable

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Binance's brackets of all contracts are about 2 MB; a larger file is not a tier table."""


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    """A table as it stands in a TOML file; rows are [floor, mmr, max_leverage or 0]."""

    symbol: str
    unit: str
    date: str
    source: str
    rows: list[tuple[float, float, float]]
    in_force: InForce = "seen"
    cap: float | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    table: list[_Written]


def known_tables() -> dict[tuple[str, str], TierTable]:
    """Every table that comes with the package, the newest per (venue, unified symbol)."""
    return dict(_bundled())


def tier_table(venue: str, symbol: str) -> TierTable:
    """The newest bundled table of a contract; `.at(date)` gives the one of a day.

    Args:
        venue: a venue's slug or a name other tools use for it.
        symbol: any spelling of the contract.

    Raises:
        InputError: no table of it comes with the package; the message lists those that do.
    """
    key = (venue_slug(venue), resolve(symbol, venue=venue).symbol)
    found = _bundled().get(key)
    if found is None:
        have = ", ".join(f"{slug} {name}" for slug, name in _bundled())
        raise InputError(f"no tier table of {key[1]} on {key[0]} comes with this version; there are {have}")
    return found


def load_tier_table(path: Path | str, symbol: str | None = None) -> TierTable:
    """Read a table of one's own.

    Args:
        path: a TOML or JSON file, see the module.
        symbol: which contract, where the file holds several; any spelling.

    Raises:
        InputError: unreadable, of no known form, or wrong in a row; the message names file, row and field.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{file} is over {MAX_FILE_BYTES} bytes; a tier table is far smaller")
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}") from None
    try:
        tables = _from_toml(text) if file.suffix.lower() == ".toml" else _from_json(text, file)
        return _choose(tables, symbol)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _from_toml(text: str) -> dict[str, TierTable]:
    try:
        content = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"not a tier table: {error}; see docs/margin.md for the form") from None
    by_symbol: dict[str, list[TierTable]] = {}
    for number, written in enumerate(content.table, 1):
        try:
            by_symbol.setdefault(written.symbol, []).append(_built(written))
        except InputError as error:
            raise InputError(f"table {number} ({written.symbol}): {error}") from None
    return {symbol: _newest(tables) for symbol, tables in by_symbol.items()}


def _built(written: _Written) -> TierTable:
    rows: list[dict[str, float | None]] = [
        {"floor": floor, "mmr": mmr, "max_leverage": leverage or None} for floor, mmr, leverage in written.rows
    ]
    if rows:
        max(rows, key=lambda row: row["floor"] or 0.0)["cap"] = written.cap
    table = TierTable.from_rows(
        rows, unit=written.unit, date=written.date, source=written.source, in_force=written.in_force
    )
    return msgspec.structs.replace(table, symbol=written.symbol)


def _newest(tables: list[TierTable]) -> TierTable:
    ordered = tuple(sorted(tables, key=lambda table: table.date or ""))
    newest = ordered[-1]
    return newest if newest is ordered[0] else msgspec.structs.replace(newest, revisions=ordered)


def _from_json(text: str, file: Path) -> dict[str, TierTable]:
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InputError(f"not JSON: {error}") from None
    source = f"your file {file.name}"
    try:
        by_symbol = rows_of(content)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"not a tier table: {type(error).__name__} at {error}") from None
    return {
        symbol: msgspec.structs.replace(
            TierTable.from_rows(rows, unit=_settle_of(symbol), date=None, source=source), symbol=symbol
        )
        for symbol, rows in by_symbol.items()
    }


def _settle_of(name: str) -> str:
    unified = _unified(name)
    return parts_of(unified).settle if ":" in unified else "settle currency"


def _choose(tables: dict[str, TierTable], symbol: str | None) -> TierTable:
    if symbol is None:
        if len(tables) == 1:
            return next(iter(tables.values()))
        raise InputError(f"holds {len(tables)} contracts; name one of {', '.join(sorted(tables)[:20])}")
    wanted = {symbol, resolve(symbol).symbol}
    for name, table in tables.items():
        if name in wanted or _unified(name) in wanted:
            return table
    raise InputError(f"no contract {symbol} in it; it holds {', '.join(sorted(tables)[:20])}")


def _unified(name: str) -> str:
    try:
        return resolve(name).symbol
    except InputError:
        return name


@cache
def _bundled() -> dict[tuple[str, str], TierTable]:
    found: dict[tuple[str, str], TierTable] = {}
    for entry in sorted(resources.files(__package__ or "").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            venue = entry.name.removesuffix(".toml")
            try:
                tables = _from_toml(entry.read_text("utf-8"))
            except InputError as error:
                raise InvariantError(f"bundled table {entry.name}: {error}") from error
            for symbol, table in tables.items():
                revisions = tuple(msgspec.structs.replace(one, venue=venue) for one in table.revisions)
                found[venue, symbol] = msgspec.structs.replace(table, venue=venue, revisions=revisions)
    return found
