"""Names of dYdX v4 markets: `BTC-USD`, counted in base units, settled in USDC.

Markets anyone may list carry where their price comes from in the name, `PEPE,UNISWAP_V3,0X…-USD`; all of it stays in
the base, because two such markets on one coin are two contracts. Source: dYdX docs, "Indexer API: list perpetual
markets", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import perpetual

SLUG: Final = "dydx"

_NAME: Final = re.compile(r"(?P<base>[A-Za-z0-9.$]{1,30}(?:,[A-Za-z0-9_.]{1,80}){0,2})-USD")


def infer_instrument(venue_symbol: str) -> Instrument:
    """The market a dYdX ticker stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    match = _NAME.fullmatch(venue_symbol)
    if match is None:
        raise ValueError(f"{venue_symbol!r} is not a market of dYdX, such as BTC-USD")
    parts = perpetual(match["base"], "USDC")
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
