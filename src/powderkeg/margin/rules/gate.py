"""Gate: maintenance on mark and the close fee counts, as at OKX; the formula is the master formula with `taker_fee`."""

from __future__ import annotations

from typing import Final

from powderkeg.margin.rules.base import MarginRules

RULES: Final = MarginRules(
    venue="gate",
    close_fee=True,
    liquidation="taken over at the bankruptcy price; high risk limits step down first",
    deleveraging="by profit and leverage",
    source="Gate help center, liquidation price; agrees with OKX's formula in freqtrade's tests, read 2026-07",
)
