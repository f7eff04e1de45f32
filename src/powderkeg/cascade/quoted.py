"""Numbers other people measured, each with where it comes from: used as defaults, named wherever they enter."""

from __future__ import annotations

from typing import Final

import msgspec


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """A published number.

    Attributes:
        number: as published.
        error: its standard error where one was given.
        source: who, and when it was read.
    """

    number: float
    error: float | None = None
    source: str

    def __str__(self) -> str:
        """As it stands in a list of assumptions."""
        error = "" if self.error is None else f" ± {self.error:g}"
        return f"{self.number:g}{error} ({self.source})"


POWER_EXPONENT: Final = Quoted(
    number=0.875, error=0.078, source="a single unreviewed source, read 2026-07: to be replicated"
)
"""γ of log X = a + γ·log(V/D), the distance a sweep of volume V goes."""

SQUARE_ROOT_PREFACTOR: Final = Quoted(
    number=1.0, source="of order one: arXiv:1412.4503 (Bitcoin), arXiv:2502.16246, read 2026-11"
)
"""Y of I = Y·σ·√(Q/V)."""

SHRINK_MEDIAN: Final = Quoted(number=3.4, source="median of events, a single unreviewed source, read 2026-07")
SHRINK_P90: Final = Quoted(number=17.0, source="90th percent of events, a single unreviewed source, read 2026-07")
"""By how much depth shrinks in an event."""

REFILL_PER_MINUTE: Final = Quoted(
    number=0.2, source="of the ±0.5 % book by one minute of new orders, a single unreviewed source, read 2026-07"
)

_TYPICAL: Final = "Binance USD-M, one side within 1 %, typical of October 2025, one unreviewed study of bookDepth"
TYPICAL_DEPTH_USD: Final = {
    "BTC": Quoted(number=244e6, source=_TYPICAL),
    "ETH": Quoted(number=117e6, source=_TYPICAL),
    "SOL": Quoted(number=40e6, source=_TYPICAL),
    "XRP": Quoted(number=24e6, source=_TYPICAL),
    "DOGE": Quoted(number=16e6, source=_TYPICAL),
}
"""A last resort where no depth is at hand: it is always said that it was used."""
