"""Names and contract sizes of Kraken Futures: a kind, a pair, and an expiry where there is one.

`PI_XBTUSD` and `FI_XBTUSD_261225` are inverse contracts of one dollar, `PF_XBTUSD` and `FF_XBTUSD_261225` linear ones
that count in base units and settle in dollars, `PV_XRPXBT` and `FV_...` older ones against bitcoin. Names beginning
with `IN_` and `RR_` are indices.

Source: Kraken support, "Inverse crypto collateral perpetual contract specifications" and "Linear contract
specifications", and docs, "Ticker symbols", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import ALIASES, SymbolParts, split_pair
from powderkeg.domain.units import PositiveFloat, QtyUnit

SLUG: Final = "kraken-futures"
INVERSE_CONTRACT_USD: Final = 1.0

_EXPIRY = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_NAME = re.compile(rf"(?P<term>[PF])(?P<kind>[IFV])_(?P<pair>[A-Z0-9]{{4,40}})(?:_(?P<expiry>{_EXPIRY}))?")
_INDEX = re.compile(r"(?:IN|RR)_\w{1,40}", re.ASCII | re.IGNORECASE)


def is_contract(venue_symbol: str) -> bool:
    """False for indices."""
    return _INDEX.fullmatch(venue_symbol) is None


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a Kraken Futures name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    match = _NAME.fullmatch(venue_symbol)
    pair = _pair(match["pair"]) if match else None
    if match is None or pair is None or (match["term"] == "F") != (match["expiry"] is not None):
        raise ValueError(f"{venue_symbol!r} is not a contract name of Kraken Futures, such as PF_XBTUSD or PI_XBTUSD")
    base, quote = pair
    kind = match["kind"]
    parts = SymbolParts(base, quote, base if kind == "I" else quote, match["expiry"])
    unit, size = _UNITS[kind]
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit=unit,
        contract_size=size,
    )


# kind: (unit of quantities, contract size). What one contract against bitcoin held is not known here.
_UNITS: Final[dict[str, tuple[QtyUnit, float | None]]] = {
    "I": ("usd", INVERSE_CONTRACT_USD),
    "F": ("base", 1.0),
    "V": ("contracts", None),
}


def _pair(glued: str) -> tuple[str, str] | None:
    """`XBTUSD` as BTC and USD; only here a quote may be spelled XBT."""
    if glued.endswith("XBT"):
        return ALIASES.get(glued[:-3], glued[:-3]), "BTC"
    return split_pair(glued)


class ListedInstrument(msgspec.Struct):
    """One row of `GET /derivatives/api/v3/instruments`; indices have no contract size."""

    symbol: str
    contractSize: PositiveFloat | None = None  # noqa: N815 - the venue's own field name


class Listing(msgspec.Struct):
    """Answer of `GET /derivatives/api/v3/instruments`."""

    instruments: list[ListedInstrument]


_listing = msgspec.json.Decoder(Listing).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Futures of `GET /derivatives/api/v3/instruments`, where older listings have lower case names."""
    rows = [row for row in _listing(payload).instruments if _NAME.fullmatch(row.symbol.upper()) and row.contractSize]
    return tuple(
        msgspec.structs.replace(infer_instrument(row.symbol.upper()), contract_size=row.contractSize) for row in rows
    )
