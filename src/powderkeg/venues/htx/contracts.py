"""Names and contract sizes of HTX. All three markets count contracts.

`BTC-USDT` and `BTC-USDT-261225` are linear, `BTC-USD` and `BTC261225` inverse. Market channels of futures may also name
a contract by its place in the calendar (`BTC_CQ`, `BTC-USDT-NW`), which does not say which contract it is.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import SymbolParts, perpetual
from powderkeg.venues.htx.wire import Listing

SLUG: Final = "htx"

INVERSE_CONTRACT_USD: Final = {"BTC": 100.0}
INVERSE_OTHER_CONTRACT_USD: Final = 10.0
"""Face value of coin-margined contracts. Source: HTX, "Coin-margined swaps: contract details", read 2026-11."""

LINEAR_CONTRACT_BASE: Final = {"BTC": 0.001, "ETH": 0.01}
"""Base units of USDT-margined contracts, as far as captured messages prove them (`volume` beside `amount`, 2020-12 and
2026-09). Others come from the listing or from the message itself; they are not guessed."""

_EXPIRY = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_PAIR = re.compile(rf"(?P<base>[A-Z0-9]{{1,30}})-(?P<quote>USDT|USD)(?:-(?P<expiry>{_EXPIRY}))?")
_COIN_FUTURE = re.compile(rf"(?P<base>[A-Z][A-Z0-9]{{0,29}}?)(?P<expiry>{_EXPIRY})")
_CALENDAR = re.compile(r"[A-Z0-9]+(?:_|-USDT-)(?:CW|NW|CQ|NQ)")


def names_no_contract(code: str) -> bool:
    """Whether a code is a place in the calendar (this week, next quarter) instead of a contract."""
    return _CALENDAR.fullmatch(code) is not None


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract an HTX contract code stands for.

    Raises:
        ValueError: the code cannot be one.
    """
    if match := _PAIR.fullmatch(venue_symbol):
        parts = perpetual(match["base"], match["quote"], match["expiry"])
    elif match := _COIN_FUTURE.fullmatch(venue_symbol):
        parts = perpetual(match["base"], "USD", match["expiry"])
    else:
        raise ValueError(f"{venue_symbol!r} is not a contract code of HTX, such as BTC-USDT, BTC-USD or BTC261225")
    return _instrument(venue_symbol, parts, _known_size(parts))


def _known_size(parts: SymbolParts) -> float | None:
    if parts.contract == "inverse":
        return INVERSE_CONTRACT_USD.get(parts.base, INVERSE_OTHER_CONTRACT_USD)
    return LINEAR_CONTRACT_BASE.get(parts.base)


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


_listing = msgspec.json.Decoder(Listing, strict=False).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Instruments of `swap_contract_info` (linear and coin swaps) or `contract_contract_info` (coin futures)."""
    return tuple(
        msgspec.structs.replace(infer_instrument(row.contract_code), contract_size=row.contract_size)
        for row in _listing(payload).data
    )
