"""Tier tables in the forms venues and other tools give them, as rows of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from powderkeg.domain.errors import InputError

Rows = list[dict[str, float | None]]

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    # Our field, then the venues' names: Binance leverageBracket; ccxt leverage tiers; ours. Read 2026-11.
    "floor": ("notionalFloor", "minNotional", "floor"),
    "cap": ("notionalCap", "maxNotional", "cap"),
    "mmr": ("maintMarginRatio", "maintenanceMarginRate", "mmr"),
    "maintenance_amount": ("cum", "maintenance_amount"),
    "max_leverage": ("initialLeverage", "maxLeverage", "max_leverage"),
}


def rows_of(content: Any) -> dict[str, Rows]:
    """Tier rows by the contract's name in the file.

    Understood are Binance `leverageBracket` (one object or a list), ccxt leverage tiers (a list, or lists by symbol),
    Bybit `risk-limit`, and a list of rows with our own field names.

    Raises:
        InputError: none of these.
    """
    limits = _bybit_list(content)
    if limits is not None:
        return _bybit(limits)
    if isinstance(content, Mapping) and "brackets" not in content:
        by_symbol = cast("Mapping[str, Any]", content)
        return {symbol: [_row(row) for row in _rows(rows)] for symbol, rows in by_symbol.items()}
    entries = list(_rows([content] if isinstance(content, Mapping) else content))
    if entries and all("brackets" in entry for entry in entries):
        return {str(entry["symbol"]): [_row(row) for row in _rows(entry["brackets"])] for entry in entries}
    names = {str(entry.get("symbol", "contract")) for entry in entries}
    if len(names) != 1:
        raise InputError("holds no tier rows, or rows of several contracts that cannot be told apart")
    return {names.pop(): [_row(entry) for entry in entries]}


def _rows(content: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(content, list):
        raise InputError("not a tier table: expected a list of rows; see docs/margin.md for the forms read")
    for number, row in enumerate(cast("list[Any]", content), 1):
        if not isinstance(row, Mapping):
            raise InputError(f"row {number} is not an object with named fields")
        yield cast("Mapping[str, Any]", row)


def _row(row: Mapping[str, Any]) -> dict[str, float | None]:
    # ccxt keeps the venue's own row, with the maintenance amount, under "info".
    info = row.get("info")
    merged: dict[str, Any] = {**(cast("dict[str, Any]", info) if isinstance(info, dict) else {}), **row}
    return {field: merged[name] for field, names in _NAMES.items() for name in names if merged.get(name) is not None}


def _bybit_list(content: Any) -> Iterable[Mapping[str, Any]] | None:
    if isinstance(content, Mapping):
        answer = cast("Mapping[str, Any]", content)
        result = answer.get("result", answer)
        rows = cast("Mapping[str, Any]", result).get("list") if isinstance(result, Mapping) else None
        if isinstance(rows, list):
            return list(_rows(rows))
    return None


def _bybit(limits: Iterable[Mapping[str, Any]]) -> dict[str, Rows]:
    """Bybit names the upper end of a tier only, so each floor is the limit of the tier below."""
    by_symbol: dict[str, list[Mapping[str, Any]]] = {}
    for row in limits:
        if not {"symbol", "riskLimitValue", "maintenanceMargin"} <= row.keys():
            raise InputError("a row of a Bybit risk-limit listing lacks symbol, riskLimitValue or maintenanceMargin")
        by_symbol.setdefault(str(row["symbol"]), []).append(row)
    out: dict[str, Rows] = {}
    for symbol, rows in by_symbol.items():
        ordered = sorted(rows, key=lambda row: float(row["riskLimitValue"]))
        ends = [float(row["riskLimitValue"]) for row in ordered]
        out[symbol] = [
            _bybit_row(row, floor, cap) for row, floor, cap in zip(ordered, [0.0, *ends], ends, strict=False)
        ]
    return out


def _bybit_row(row: Mapping[str, Any], floor: float, cap: float) -> dict[str, float | None]:
    leverage, initial = row.get("maxLeverage"), row.get("initialMargin")
    # Some answers state the rates in percent: there initial margin times leverage is 100, not 1.
    in_percent = leverage is not None and initial is not None and float(initial) * float(leverage) > 10.0
    return {
        "floor": floor,
        "cap": cap,
        "mmr": float(row["maintenanceMargin"]) / (100.0 if in_percent else 1.0),
        "max_leverage": None if leverage is None else float(leverage),
        "maintenance_amount": float(row["mmDeduction"]) if row.get("mmDeduction") else None,
    }
