"""Names of Bitget futures. Trades, books and open interest count base units on all of them, also on coin futures.

`BTCUSDT` settles in USDT, `BTCPERP` in USDC, `BTCUSD` and `BTCUSDZ25` in the coin. The liquidation feed alone counts
quote units. Source: Bitget API docs (UTA and classic), "Get Contract Config", read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import SymbolParts, perpetual, split_pair
from powderkeg.venues._quarters import quarter_expiry

SLUG: Final = "bitget"

_PAIR = re.compile(r"\w{4,40}")
_USDC = re.compile(r"(?P<base>\w{1,30})PERP")
_QUARTER = re.compile(r"(?P<base>\w{1,30})USD(?P<quarter>[HMUZ])(?P<year>\d\d)")


def infer_instrument(venue_symbol: str) -> Instrument:
    """The contract a Bitget name stands for.

    Raises:
        ValueError: the name cannot be one.
    """
    parts = _parts(venue_symbol) if venue_symbol == venue_symbol.upper() else None
    if parts is None:
        raise ValueError(f"{venue_symbol!r} is not a contract name of Bitget, such as BTCUSDT, BTCPERP or BTCUSD")
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="base",
        contract_size=1.0 if parts.contract == "linear" else None,
    )


def _parts(name: str) -> SymbolParts | None:
    if match := _QUARTER.fullmatch(name):
        return perpetual(match["base"], "USD", quarter_expiry(match["quarter"], match["year"]))
    if match := _USDC.fullmatch(name):
        return perpetual(match["base"], "USDC")
    pair = split_pair(name) if _PAIR.fullmatch(name) else None
    return pair and perpetual(*pair)
