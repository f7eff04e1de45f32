"""BitMEX: values are signed and in coin, positions are taken over at the bankruptcy price, ADL shows five lights.

Source: BitMEX, "Liquidation", "Auto-Deleveraging" and its worked examples, read 2026-07.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from powderkeg.domain.units import PositionSide
from powderkeg.margin.adl import bitmex_score
from powderkeg.margin.checks import positive, sign_of
from powderkeg.margin.rules.base import MarginRules

RULES: Final = MarginRules(
    venue="bitmex",
    liquidation="risk limit lowered first where that helps; else taken over at the bankruptcy price",
    deleveraging="PnL % times effective leverage (divided by it at a loss), at the bankruptcy price",
    source='BitMEX, "Liquidation" and "Auto-Deleveraging", read 2026-07',
)


class Values(NamedTuple):
    """Values of an inverse position, coin, signed so that a gain raises them."""

    mark_value: float
    average_entry_value: float
    bankrupt_value: float


def inverse_values(
    *, side: PositionSide, qty_usd: float, entry_price: float, mark_price: float, bankruptcy: float
) -> Values:
    """Values of an inverse position at mark, entry and bankruptcy: −(USD face) / price for a long.

    Args:
        side: long or short.
        qty_usd: USD face.
        entry_price: USD per coin.
        mark_price: USD per coin.
        bankruptcy: bankruptcy price, USD per coin.
    """
    face = -sign_of("side", side) * positive("qty_usd", qty_usd)
    return Values(
        face / positive("mark_price", mark_price),
        face / positive("entry_price", entry_price),
        face / positive("bankruptcy", bankruptcy),
    )


def score_of(values: Values) -> float:
    """The position's place in the queue, see `adl.bitmex_score`."""
    return bitmex_score(
        mark_value=values.mark_value,
        average_entry_value=values.average_entry_value,
        bankrupt_value=values.bankrupt_value,
    )
