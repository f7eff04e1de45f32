"""Names and contract sizes of BitMEX; its feeds count contracts.

`XBTUSD` and `XBTZ26` are inverse, `ETHUSD` and every other coin against plain USD is quanto, settled in bitcoin,
`ETHUSDT` is linear, `ETHUSD_ETH` is settled in what follows the underscore, and `ETHM19`, with no quote, is against
bitcoin. A letter and two digits are the month and year of delivery. Indices (`.BXBT`), spot (`XBT_USDT`), spreads
(`XBTM26_XBTU26`) and prediction markets (`P_...`) share the tables and are no contracts here.

Source: BitMEX API docs, "Instrument", and BitMEX support, "How do I calculate contract size and minimum trade amount
using the instrument endpoint", read 2026-11.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import ALIASES, SymbolParts, split_pair
from powderkeg.domain.units import ContractKind

SLUG: Final = "bitmex"

LINEAR_CONTRACT_BASE: Final = {
    "BTC": 1e-6,
    "ETH": 1e-5,
    "SOL": 1e-4,
    "LTC": 1e-4,
    "ADA": 0.01,
    "XRP": 0.01,
    "DOGE": 0.01,
}
"""Base units of one contract against USDT: 1 / `underlyingToPositionMultiplier` of `GET /api/v1/instrument`, as of
2026-05. What is not here is unknown until the listing is read."""

BITCOIN_QUOTED_CONTRACT_BASE: Final = {"ETH": 1.0, "LTC": 1.0, "XRP": 1.0}
"""Base units of one contract against bitcoin: the same field of ETHM19 and LTCM19, and home notional over quantity of
XRPU21, read in captured messages of 2019 and 2021."""

INVERSE_CONTRACT_USD: Final = 1.0
SATOSHIS: Final = 1e8

_MONTHS: Final = "FGHJKMNQUVXZ"
_NAME = re.compile(rf"(?P<root>[A-Z0-9]{{2,30}}?)(?:(?P<month>[{_MONTHS}])(?P<year>\d\d))?")
_SETTLED_IN = re.compile(r"(?P<pair>[A-Z0-9]{2,30}USD)_(?P<settle>[A-Z]{3,5})")


def is_contract(venue_symbol: str) -> bool:
    """False for indices, spot, spreads and prediction markets."""
    if venue_symbol.startswith("."):
        return False
    return "_" not in venue_symbol or _SETTLED_IN.fullmatch(venue_symbol) is not None


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a BitMEX name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    parts = _settled_in(venue_symbol) or _plain(venue_symbol)
    if parts is None:
        raise ValueError(f"{venue_symbol!r} is not a contract name of BitMEX, such as XBTUSD, ETHUSDT or XBTZ26")
    return _instrument(venue_symbol, parts, parts.contract, _usual_size(parts))


def _settled_in(name: str) -> SymbolParts | None:
    match = _SETTLED_IN.fullmatch(name)
    pair = split_pair(match["pair"]) if match else None
    return SymbolParts(*pair, _code(match["settle"])) if match and pair else None


def _plain(name: str) -> SymbolParts | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    expiry = match["month"] and _last_friday(2000 + int(match["year"]), _MONTHS.index(match["month"]) + 1)
    pair = split_pair(match["root"])
    if pair is None:
        return _without_quote(_code(match["root"]), expiry)
    base, quote = pair
    return SymbolParts(base, quote, quote if quote.startswith("USD") and quote != "USD" else "BTC", expiry)


def _without_quote(base: str, expiry: str | None) -> SymbolParts | None:
    """Only futures leave out the quote: bitcoin is against dollars, everything else against bitcoin."""
    return SymbolParts(base, "USD" if base == "BTC" else "BTC", "BTC", expiry) if expiry else None


def _last_friday(year: int, month: int) -> str:
    """The day quarterly and monthly futures settle."""
    day = max(week[calendar.FRIDAY] for week in calendar.monthcalendar(year, month))
    return f"{year % 100:02d}{month:02d}{day:02d}"


def _usual_size(parts: SymbolParts) -> float | None:
    if parts.contract == "inverse":
        return INVERSE_CONTRACT_USD if parts.base == "BTC" and parts.quote == "USD" else None
    sizes = BITCOIN_QUOTED_CONTRACT_BASE if parts.quote == "BTC" else LINEAR_CONTRACT_BASE
    return sizes.get(parts.base) if parts.contract == "linear" else None


def _instrument(venue_symbol: str, parts: SymbolParts, contract: ContractKind, size: float | None) -> Instrument:
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=contract,
        qty_unit="contracts",
        contract_size=size,
    )


class ListedInstrument(msgspec.Struct, rename="camel"):
    """One row of `GET /api/v1/instrument/active`; multipliers have the sign of the contract's kind."""

    symbol: str
    typ: str
    underlying: str = ""
    quote_currency: str = ""
    settl_currency: str | None = None
    is_quanto: bool = False
    is_inverse: bool = False
    multiplier: float | None = None
    underlying_to_position_multiplier: float | None = None
    underlying_to_settle_multiplier: float | None = None
    settle: dt.datetime | None = None


_listing = msgspec.json.Decoder(list[ListedInstrument]).decode
_CONTRACT_TYPES: Final = frozenset({"FFWCSX", "FFWCSF", "FFCCSX"})  # perpetual, perpetual on currencies, future


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Perpetuals and futures of `GET /api/v1/instrument/active`."""
    return tuple(_listed(row) for row in _listing(payload) if row.typ in _CONTRACT_TYPES)


def _listed(row: ListedInstrument) -> Instrument:
    expiry = row.settle.strftime("%y%m%d") if row.settle else None
    parts = SymbolParts(_code(row.underlying), _code(row.quote_currency), _code(row.settl_currency or ""), expiry)
    contract: ContractKind = "quanto" if row.is_quanto else "inverse" if row.is_inverse else "linear"
    return _instrument(row.symbol, parts, contract, _listed_size(row))


def _listed_size(row: ListedInstrument) -> float | None:
    """Settlement units per point (quanto), US dollars (inverse) or base units (linear) of one contract."""
    if row.is_quanto:
        return row.multiplier / SATOSHIS if row.multiplier and row.settl_currency == "XBt" else None
    if row.is_inverse:
        return _ratio(row.multiplier, row.underlying_to_settle_multiplier)
    return _ratio(1.0, row.underlying_to_position_multiplier)


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator and denominator else None


def _code(currency: str) -> str:
    """`XBt` (satoshis) and `XBT` are BTC, `USDt` is USDT."""
    upper = currency.upper()
    return ALIASES.get(upper, upper)
