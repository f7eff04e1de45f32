"""What each venue's liquidation feed promised at which date, for recordings made by others.

Only `all` can be summed as a total. Where a feed was cut to one order a second without saying which, the class is
`unknown`. Source: the venues' docs and change logs as collected in each venue's QUIRKS.md, read 2026-07.
"""

from __future__ import annotations

from typing import Final

from powderkeg.domain.time import parse_instant
from powderkeg.domain.units import Coverage
from powderkeg.store.importers.markets import BINANCE_COINM, BINANCE_USDM, binance_coverage

BYBIT_ALL_SINCE_NS: Final = parse_instant("2025-02-26")
"""tardis switched from `liquidation` (one a second) to `allLiquidation` (tardis-node, bybit mapper)."""

GATE_ALL_SINCE_NS: Final = parse_instant("2026-08-20")
"""Gate futures change log: all orders of a period are pushed, none discarded."""

_STEADY: Final[dict[str, Coverage]] = {
    "bitget": "largest_per_second",
    "okx": "unknown",
    "htx": "unknown",
    "hyperliquid": "unknown",
    "bitmex": "all",
    "deribit": "all",
    "kraken-futures": "all",
    "dydx": "all",
    "bitfinex": "all",
    "lighter": "all",
}


def coverage_of(venue: str, ts_ns: int) -> Coverage:
    """The promise of a venue's feed at an instant; `unknown` for a venue that is not listed."""
    if venue in (BINANCE_USDM, BINANCE_COINM):
        return binance_coverage(ts_ns)
    if venue == "bybit":
        return "all" if ts_ns >= BYBIT_ALL_SINCE_NS else "unknown"
    if venue == "gate":
        return "all" if ts_ns >= GATE_ALL_SINCE_NS else "unknown"
    return _STEADY.get(venue, "unknown")
