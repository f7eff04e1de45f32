"""Where liquidations may sit from an entry: a free basis, or the leverages people choose through exact margin.

Which one is used is decided by inner validation and is part of the result.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

from powderkeg.margin import liquidation_price, tier_table

LEVERAGES: Final = (125, 100, 75, 50, 40, 30, 25, 20, 15, 10, 7, 5, 4, 3)
"""Choices of the leverage slider most venues offer (Binance USD-M trading page, read 2026-11)."""

REFERENCE: Final = ("binance-usdm", "BTCUSDT")
"""Tier table the distances come from: the first tiers of large contracts differ by tenths of a percent."""


@cache
def tier_distances() -> tuple[float, ...]:
    """Log distance from entry to liquidation of a small isolated long at each leverage, nearest first."""
    tiers = tier_table(*REFERENCE)
    return tuple(
        -math.log(liquidation_price(side="long", qty=1.0, entry_price=1.0, margin=1.0 / leverage, tiers=tiers))
        for leverage in LEVERAGES
    )
