"""Names and contract sizes of Binance futures.

USD-M counts in base units. COIN-M counts contracts of 100 USD on BTC and 10 USD on everything else. Source: Binance
`dapi/v1/exchangeInfo`, field `contractSize`, and "COIN-M contract specifications", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import ALIASES, SymbolParts, perpetual, split_pair
from powderkeg.domain.units import PositiveFloat

USDM: Final = "binance-usdm"
COINM: Final = "binance-coinm"
COINM_CONTRACT_USD: Final = {"BTC": 100.0}
COINM_OTHER_CONTRACT_USD: Final = 10.0

_EXPIRY = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
# Not only ASCII: Binance lists contracts on coins with Chinese names. Never lower case.
_USDM_NAME = re.compile(rf"(?P<pair>\w{{4,40}}?)(?:_(?P<expiry>{_EXPIRY}))?")
_COINM_NAME = re.compile(rf"(?P<base>\w{{1,30}}?)USD_(?:PERP|(?P<expiry>{_EXPIRY}))")


def infer_usdm(venue_symbol: str) -> Instrument:
    """A USD-M contract from its name; a COIN-M name, which may appear on USD-M streams, gives the COIN-M contract.

    Raises:
        ValueError: the name is neither.
    """
    match = _USDM_NAME.fullmatch(venue_symbol)
    pair = split_pair(match["pair"]) if match else None
    # BTCUSD_210129 is COIN-M, BTCBUSD_210129 is not, though both end in USD and a date.
    if venue_symbol.endswith("USD_PERP") or (match and match["expiry"] and pair and pair[1] == "USD"):
        return infer_coinm(venue_symbol)
    if match is None or pair is None or pair[1] == "USD" or venue_symbol != venue_symbol.upper():
        raise ValueError(f"{venue_symbol!r} is not a contract name of Binance USD-M, such as BTCUSDT or BTCUSDT_261225")
    return _usdm(venue_symbol, perpetual(*pair, match["expiry"]))


def infer_coinm(venue_symbol: str) -> Instrument:
    """A COIN-M contract from its name.

    Raises:
        ValueError: the name is not one.
    """
    match = _COINM_NAME.fullmatch(venue_symbol)
    if match is None or venue_symbol != venue_symbol.upper():
        raise ValueError(f"{venue_symbol!r} is not a contract name of Binance COIN-M, such as BTCUSD_PERP")
    parts = perpetual(match["base"], "USD", match["expiry"])
    return _coinm(venue_symbol, parts, COINM_CONTRACT_USD.get(parts.base, COINM_OTHER_CONTRACT_USD))


def _usdm(venue_symbol: str, parts: SymbolParts) -> Instrument:
    return Instrument(
        venue=USDM,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="base",
        contract_size=1.0,
    )


def _coinm(venue_symbol: str, parts: SymbolParts, contract_usd: float) -> Instrument:
    return Instrument(
        venue=COINM,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="contracts",
        contract_size=contract_usd,
    )


class ListedSymbol(msgspec.Struct):
    """One row of `exchangeInfo`."""

    symbol: str
    baseAsset: str  # noqa: N815 - the venue's own field name
    quoteAsset: str  # noqa: N815 - the venue's own field name
    marginAsset: str  # noqa: N815 - the venue's own field name
    contractSize: PositiveFloat | None = None  # noqa: N815 - the venue's own field name; COIN-M only


class Listing(msgspec.Struct):
    """`GET /fapi/v1/exchangeInfo` or `GET /dapi/v1/exchangeInfo`."""

    symbols: list[ListedSymbol]


_listing = msgspec.json.Decoder(Listing, strict=False).decode


def parse_usdm_listing(payload: bytes) -> tuple[Instrument, ...]:
    """Instruments of `GET /fapi/v1/exchangeInfo`."""
    return tuple(_usdm(row.symbol, _parts(row)) for row in _listing(payload).symbols)


def parse_coinm_listing(payload: bytes) -> tuple[Instrument, ...]:
    """Instruments of `GET /dapi/v1/exchangeInfo`; rows without a contract size are left to inference."""
    rows = _listing(payload).symbols
    return tuple(_coinm(row.symbol, _parts(row), row.contractSize) for row in rows if row.contractSize is not None)


_EXPIRES = re.compile(rf".*_({_EXPIRY})")


def _parts(row: ListedSymbol) -> SymbolParts:
    expires = _EXPIRES.fullmatch(row.symbol)
    base, quote, settle = (ALIASES.get(code, code) for code in (row.baseAsset, row.quoteAsset, row.marginAsset))
    return SymbolParts(base, quote, settle, expires[1] if expires else None)
