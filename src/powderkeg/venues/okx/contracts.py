"""Names and contract sizes of OKX swaps and futures. Their feeds count contracts.

Spot pairs (`BTC-USDT`) and options (`BTC-USD-261225-90000-C`) come on the same socket and are not read. Source: OKX
API v5 docs, "Get instruments" (`ctVal`, `ctMult`, `ctValCcy`), and the contract specifications, read 2026-11.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, Literal

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import ALIASES, SymbolParts, perpetual
from powderkeg.domain.units import PositiveFloat
from powderkeg.venues._wire import MaybeMillis, given_ns

SLUG: Final = "okx"

INVERSE_CONTRACT_USD: Final = {"BTC": 100.0}
INVERSE_OTHER_CONTRACT_USD: Final = 10.0

LINEAR_CONTRACT_BASE: Final = {
    ("BTC", "USDT"): 0.01,
    ("ETH", "USDT"): 0.1,
    ("SOL", "USDT"): 1.0,
    ("XRP", "USDT"): 100.0,
    ("DOGE", "USDT"): 1000.0,
    ("LINK", "USDT"): 1.0,
    ("BTC", "USDC"): 0.0001,
}
"""Base units per contract (`ctVal`), those that two independent copies of the listing agree on, read 2026-11. What is
not here is known only from the listing: see `parse_instruments`."""

_NAME = re.compile(
    r"(?P<base>\w{1,30})-(?P<quote>USDT|USDC|USD|USD_UM)-(?:SWAP|(?P<expiry>\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])))"
)


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract an OKX name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    match = _NAME.fullmatch(venue_symbol)
    if match is None or venue_symbol != venue_symbol.upper():
        raise ValueError(f"{venue_symbol!r} is not a contract name of OKX, such as BTC-USDT-SWAP or BTC-USD-261225")
    parts = _parts(match)
    if parts.contract == "inverse":
        return _instrument(venue_symbol, parts, INVERSE_CONTRACT_USD.get(parts.base, INVERSE_OTHER_CONTRACT_USD))
    return _instrument(venue_symbol, parts, LINEAR_CONTRACT_BASE.get((parts.base, parts.settle)))


def _parts(match: re.Match[str]) -> SymbolParts:
    if match["quote"] == "USD_UM":  # quoted in dollars and margined in dollars, not in the coin
        return SymbolParts(ALIASES.get(match["base"], match["base"]), "USD", "USD", match["expiry"])
    return perpetual(match["base"], match["quote"], match["expiry"])


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
    """One row of `instruments`."""

    instId: str  # noqa: N815 - the venue's own field name
    instType: str  # noqa: N815 - the venue's own field name
    settleCcy: str = ""  # noqa: N815 - the venue's own field name
    ctVal: PositiveFloat | Literal[""] = ""  # noqa: N815 - the venue's own field name
    ctMult: PositiveFloat | Literal[""] = ""  # noqa: N815 - the venue's own field name
    expTime: MaybeMillis = None  # noqa: N815 - the venue's own field name; futures only


class Listing(msgspec.Struct):
    """`GET /api/v5/public/instruments`, or a message of the channel `instruments`."""

    data: list[ListedContract]


_listing = msgspec.json.Decoder(Listing, strict=False).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Swaps and futures of a listing; contract size is `ctVal` times `ctMult`."""
    rows = _listing(payload).data
    return tuple(_listed(row) for row in rows if row.instType in ("SWAP", "FUTURES") and row.ctVal)


def _listed(row: ListedContract) -> Instrument:
    base, quote = row.instId.split("-")[:2]
    quote = quote.removesuffix("_UM")
    base, quote, settle = (ALIASES.get(code, code) for code in (base, quote, row.settleCcy or quote))
    size = float(row.ctVal or 0) * float(row.ctMult or 1)
    expires_ns = given_ns(row.expTime) if row.instType == "FUTURES" else None
    expiry = dt.datetime.fromtimestamp(expires_ns / 1e9, dt.UTC).strftime("%y%m%d") if expires_ns else None
    return _instrument(row.instId, SymbolParts(base, quote, settle, expiry), size)
