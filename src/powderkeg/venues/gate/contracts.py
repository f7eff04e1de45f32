"""Names and contract sizes of Gate futures. Their feeds count contracts.

`BTC_USDT` is linear, `BTC_USD` inverse with 1 US dollar a contract; every other `_USD` contract is settled in BTC too
and therefore a quanto, whose dollar value a name cannot tell. Source: Gate API v4 docs, "Futures: List all futures
contracts" (`quanto_multiplier`, `type`), read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import ALIASES, SymbolParts
from powderkeg.domain.units import NonNegativeFloat

SLUG: Final = "gate"

LINEAR_CONTRACT_BASE: Final = {"BTC": 0.0001, "ETH": 0.01}
"""Base units per USDT contract. What is not here is known only from the listing: see `parse_instruments`."""

INVERSE_CONTRACT_USD: Final = 1.0

_NAME = re.compile(
    r"(?P<base>\w{1,30})_(?P<quote>USDT|USDC|USD1|USD)"
    r"(?:_20(?P<expiry>\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])))?"
)


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a Gate name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    parts = _parts(venue_symbol)
    if parts.contract == "inverse":
        return _instrument(venue_symbol, parts, INVERSE_CONTRACT_USD)
    known = LINEAR_CONTRACT_BASE.get(parts.base) if parts.quote == "USDT" else None
    return _instrument(venue_symbol, parts, known)


def _parts(name: str) -> SymbolParts:
    match = _NAME.fullmatch(name)
    if match is None or name != name.upper():
        raise ValueError(f"{name!r} is not a contract name of Gate, such as BTC_USDT or BTC_USD")
    base, quote = ALIASES.get(match["base"], match["base"]), match["quote"]
    return SymbolParts(base, quote, "BTC" if quote == "USD" else quote, match["expiry"])


def _instrument(venue_symbol: str, parts: SymbolParts, contract_size: float | None) -> Instrument:
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="contracts",
        contract_size=contract_size,
    )


class ListedContract(msgspec.Struct):
    """One row of the listing."""

    name: str
    quanto_multiplier: NonNegativeFloat | Literal[""] = ""


_listing = msgspec.json.Decoder(list[ListedContract], strict=False).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Instruments of `GET /futures/{settle}/contracts`; the multiplier of an inverse contract is given as 0."""
    return tuple(_listed(row) for row in _listing(payload))


def _listed(row: ListedContract) -> Instrument:
    parts = _parts(row.name)
    if parts.contract == "inverse":
        return _instrument(row.name, parts, INVERSE_CONTRACT_USD)
    return _instrument(row.name, parts, float(row.quanto_multiplier or 0) or None)
