"""Names of Bitfinex derivatives: `tBTCF0:USTF0`, linear, counted in base units.

The same feeds name spot pairs (`tBTCUSD`) and paper trading (`tTESTBTCF0:TESTUSDTF0`), which are no contracts here.
Source: Bitfinex API v2 docs, "General" and "Derivatives", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import perpetual

SLUG: Final = "bitfinex"

COINS: Final = {"ALG": "ALGO", "ATO": "ATOM", "DSH": "DASH", "IOT": "IOTA", "MNA": "MANA", "QTM": "QTUM"}
"""Bitfinex's own codes of coins. Source: its "Configs" endpoint, `pub:map:currency:sym`, as public adapters (ccxt)
carry it, 2026-11."""

_CONTRACT: Final = re.compile(r"t(?!TEST)(?P<base>[A-Z0-9]{1,20})F0:(?P<quote>[A-Z]{3,5})F0")
_ELSE: Final = re.compile(r"t(?:TEST[A-Z0-9]+F0:TEST[A-Z0-9]+F0|[A-Z0-9]{6,12}|[A-Z0-9]{2,12}:[A-Z0-9]{2,12})")


def is_no_contract(venue_symbol: str) -> bool:
    """Whether a symbol is known to be a spot pair or paper trading, and so deliberately not used."""
    return _CONTRACT.fullmatch(venue_symbol) is None and _ELSE.fullmatch(venue_symbol) is not None


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a Bitfinex symbol stands for.

    Raises:
        ValueError: the symbol cannot be one.
    """
    match = _CONTRACT.fullmatch(venue_symbol)
    if match is None:
        raise ValueError(f"{venue_symbol!r} is not a contract of Bitfinex, such as tBTCF0:USTF0")
    parts = perpetual(COINS.get(match["base"], match["base"]), match["quote"])
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="base",
        contract_size=1.0,
    )
