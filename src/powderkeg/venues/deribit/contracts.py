"""Names and contract sizes of Deribit.

`BTC-PERPETUAL` and `BTC-25DEC26` are inverse, stated in US dollars; `BTC_USDC-PERPETUAL` is linear, stated in base;
`BTC-25DEC26-60000-C` is an option on one coin whose price is in that coin, `SOL_USDC-25DEC26-1d5-P` one priced in USDC
("1d5" is 1.5). Combinations and spot share the feeds and are no contracts of their own.

Source: Deribit docs, "Naming" and "public/get_instruments", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import SymbolParts, perpetual
from powderkeg.domain.units import PositiveFloat

SLUG: Final = "deribit"
INVERSE_CONTRACT_USD: Final = {"BTC": 10.0, "ETH": 1.0}
"""Source: Deribit, "Contract specifications" of futures, read 2026-11. Feeds count in dollars, not in these."""

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_COIN = r"[A-Z0-9]{2,20}"
_EXPIRY = rf"(?:0?[1-9]|[12]\d|3[01])(?:{'|'.join(MONTHS)})\d\d"
_NAME = re.compile(
    rf"(?P<base>{_COIN})(?:_(?P<quote>{_COIN}))?-"
    rf"(?:PERPETUAL|(?P<expiry>{_EXPIRY})(?:-(?P<strike>\d{{1,9}}(?:d\d{{1,9}})?)-(?P<kind>[CP]))?)"
)
# Legs of a combination follow its kind: BTC-FS-30SEP22_PERP, BTC-STRD-30SEP22-20000, BTC-CSR12-16SEP22-21000_23000.
_COMBINATION = re.compile(rf"{_COIN}(?:_{_COIN})?-(?!PERPETUAL)[A-Z]{{1,8}}\d{{0,4}}-[A-Z0-9_d-]{{1,60}}")
_SPOT = re.compile(rf"{_COIN}_{_COIN}")


def is_contract(venue_symbol: str) -> bool:
    """False for combinations and spot pairs."""
    return _COMBINATION.fullmatch(venue_symbol) is None and _SPOT.fullmatch(venue_symbol) is None


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a Deribit name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    match = _NAME.fullmatch(venue_symbol)
    if match is None:
        raise ValueError(f"{venue_symbol!r} is not a contract name of Deribit, such as BTC-PERPETUAL or ETH-25DEC26")
    expiry = match["expiry"] and _yymmdd(match["expiry"])
    parts = perpetual(match["base"], match["quote"] or "USD", expiry)
    if match["strike"]:
        parts = parts._replace(option=f"{match['strike'].replace('d', '.')}-{match['kind']}")
    return _instrument(venue_symbol, parts)


def _yymmdd(expiry: str) -> str:
    """`9MAR24` as `240309`."""
    return f"{expiry[-2:]}{MONTHS.index(expiry[-5:-2]) + 1:02d}{int(expiry[:-5]):02d}"


def _instrument(venue_symbol: str, parts: SymbolParts, contract_size: float | None = None) -> Instrument:
    """An option on a coin settled in it is priced in it: nothing of it is inverse, and its notional is not dollars."""
    is_inverse = parts.contract == "inverse"
    is_option = parts.option is not None
    usual_size = INVERSE_CONTRACT_USD.get(parts.base) if is_inverse and not is_option else 1.0
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.settle if is_option else parts.quote,
        settle=parts.settle,
        contract="linear" if is_option else parts.contract,
        qty_unit="usd" if is_inverse and not is_option else "base",
        contract_size=usual_size if contract_size is None else contract_size,
    )


class ListedInstrument(msgspec.Struct):
    """One row of `public/get_instruments`."""

    instrument_name: str
    kind: str
    contract_size: PositiveFloat


class Listing(msgspec.Struct):
    """Answer of `public/get_instruments`."""

    result: list[ListedInstrument]


_listing = msgspec.json.Decoder(Listing).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Futures, perpetuals and options of `public/get_instruments`; names say all but the contract size."""
    rows = _listing(payload).result
    return tuple(
        msgspec.structs.replace(infer_instrument(row.instrument_name), contract_size=row.contract_size)
        for row in rows
        if row.kind in ("future", "option")
    )
