"""Names of Bybit contracts. Linear ones count in base units, inverse ones in US dollars of one contract each.

`BTCUSDT` and `BTCUSDT-26DEC25` settle in USDT, `BTCPERP` and `BTC-26DEC25` in USDC, `BTCUSD` and `BTCUSDZ25` in the
coin. Source: Bybit v5 docs, "Get Instruments Info" and the contract naming pages, read 2026-11.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import ALIASES, SymbolParts, perpetual, split_pair
from powderkeg.venues._quarters import quarter_expiry

SLUG: Final = "bybit"

_USDC = re.compile(r"(?P<base>[A-Z0-9]{1,30}?)(?:PERP|-(?P<day>\d{1,2}[A-Z]{3}\d\d))")
_DATED = re.compile(r"(?P<base>[A-Z0-9]{1,30}?)USDT-(?P<day>\d{1,2}[A-Z]{3}\d\d)")
_QUARTER = re.compile(r"(?P<base>[A-Z0-9]{1,30}?)USD(?P<quarter>[HMUZ])(?P<year>\d\d)")
_PAIR = re.compile(r"[A-Z0-9]{4,40}")


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a Bybit name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    parts = _parts(venue_symbol)
    if parts is None:
        raise ValueError(f"{venue_symbol!r} is not a contract name of Bybit, such as BTCUSDT, BTCPERP or BTCUSD")
    return _instrument(venue_symbol, parts)


def _parts(name: str) -> SymbolParts | None:
    if match := _QUARTER.fullmatch(name):
        return perpetual(match["base"], "USD", quarter_expiry(match["quarter"], match["year"]))
    if match := _DATED.fullmatch(name):
        return perpetual(match["base"], "USDT", _expiry(match["day"]))
    if match := _USDC.fullmatch(name):
        return perpetual(match["base"], "USDC", match["day"] and _expiry(match["day"]))
    pair = split_pair(name) if _PAIR.fullmatch(name) else None
    return pair and perpetual(*pair)


def _expiry(day: str) -> str:
    """`26DEC25` as `251226`."""
    return dt.datetime.strptime(day, "%d%b%y").replace(tzinfo=dt.UTC).strftime("%y%m%d")


def _instrument(venue_symbol: str, parts: SymbolParts) -> Instrument:
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="usd" if parts.contract == "inverse" else "base",
        contract_size=1.0,
    )


class ListedContract(msgspec.Struct):
    """One row of `instruments-info`."""

    symbol: str
    baseCoin: str  # noqa: N815 - the venue's own field name
    quoteCoin: str  # noqa: N815 - the venue's own field name
    settleCoin: str  # noqa: N815 - the venue's own field name
    deliveryTime: int = 0  # noqa: N815 - the venue's own field name; ms, 0 for perpetuals


class ListingResult(msgspec.Struct):
    """The list inside the answer."""

    rows: list[ListedContract] = msgspec.field(name="list")


class Listing(msgspec.Struct):
    """`GET /v5/market/instruments-info`."""

    result: ListingResult


_listing = msgspec.json.Decoder(Listing, strict=False).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Instruments of `GET /v5/market/instruments-info` with category linear or inverse."""
    return tuple(_listed(row) for row in _listing(payload).result.rows)


def _listed(row: ListedContract) -> Instrument:
    base, quote, settle = (ALIASES.get(code, code) for code in (row.baseCoin, row.quoteCoin, row.settleCoin))
    expires = (
        dt.datetime.fromtimestamp(row.deliveryTime / 1000, dt.UTC).strftime("%y%m%d") if row.deliveryTime else None
    )
    return _instrument(row.symbol, SymbolParts(base, quote, settle, expires))
