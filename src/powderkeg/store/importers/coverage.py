"""What each venue's liquidation feed promised at which date, for recordings made by others.

Only `all` can be summed as a total. The dates are those by which the venues' own parsers class a live feed, so that an
order gets the same class by either road. Source: the venues' docs and change logs as collected in each venue's
QUIRKS.md, read 2026-07.
"""

from __future__ import annotations

from typing import Final

from powderkeg.domain.time import parse_instant
from powderkeg.domain.units import Coverage
from powderkeg.store.importers.markets import BINANCE_COINM, BINANCE_USDM, binance_coverage

_CHANGES: Final[dict[str, tuple[tuple[int, Coverage], ...]]] = {
    # Venue -> (since, promise), oldest first. Bybit: throttled in 2021-09, all orders since tardis reads
    # `allLiquidation`; OKX: the sentence that capped it was gone from the docs in 2026-07; Gate: change log 2026-08-20.
    "bybit": (
        (0, "unknown"),
        (parse_instant("2021-09-01"), "latest_per_second"),
        (parse_instant("2025-02-26"), "all"),
    ),
    "okx": ((0, "latest_per_second"), (parse_instant("2026-07-01"), "unknown")),
    "gate": ((0, "latest_per_second"), (parse_instant("2026-08-20"), "all")),
    "bitget": ((0, "largest_per_second"),),
    "bitmex": ((0, "all"),),
    "deribit": ((0, "all"),),
    "kraken-futures": ((0, "all"),),
    "dydx": ((0, "all"),),
    "bitfinex": ((0, "all"),),
    "lighter": ((0, "all"),),
}


def coverage_of(venue: str, ts_ns: int) -> Coverage:
    """The promise of a venue's feed at an instant; `unknown` for a venue that states none."""
    if venue in (BINANCE_USDM, BINANCE_COINM):
        return binance_coverage(ts_ns)
    promises: list[Coverage] = [promise for since_ns, promise in _CHANGES.get(venue, ()) if since_ns <= ts_ns]
    return promises[-1] if promises else "unknown"
