"""Names of Hyperliquid perpetuals: a coin, or `dex:coin` on an exchange deployed by a builder.

All are linear, counted in base units, priced in dollars. Thousands of a coin are written `kPEPE`. Spot pairs
(`@107`, `PURR/USDC`) and outcome markets (`#12`) come in the same channels and are no contracts.

Source: Hyperliquid docs, "Asset IDs" and "HIP-3: Builder-deployed perpetuals", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import SymbolParts

SLUG: Final = "hyperliquid"
COLLATERAL: Final = "USDC"
"""Of the main exchange. Builders may choose another dollar; names do not tell, and prices are in dollars all the
same, so it is assumed for theirs too."""

_NAME = re.compile(r"(?:(?P<dex>[a-z0-9]{1,12}):)?(?P<coin>[A-Za-z0-9][A-Za-z0-9._-]{0,29})")
_NO_CONTRACT = re.compile(r"[@#+]\d{1,10}|[A-Za-z0-9._-]{1,30}/[A-Za-z0-9._-]{1,30}")


def is_contract(venue_symbol: str) -> bool:
    """False for what trades in the same channels but is spot or an outcome."""
    return _NO_CONTRACT.fullmatch(venue_symbol) is None


def infer_instrument(venue_symbol: str) -> Instrument:
    """The perpetual a coin name stands for; `xyz:TSLA` of a builder's exchange becomes `XYZ-TSLA/USDC:USDC`.

    Raises:
        ValueError: the name cannot be one.
    """
    match = _NAME.fullmatch(venue_symbol)
    if match is None:
        raise ValueError(f"{venue_symbol!r} is not a contract name of Hyperliquid, such as BTC, kPEPE or xyz:TSLA")
    base = f"{match['dex'].upper()}-{match['coin']}" if match["dex"] else match["coin"]
    parts = SymbolParts(base, COLLATERAL, COLLATERAL)
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
