"""Binance futures: maintenance on mark, tiers in notional, cross legs of a symbol share one liquidation price.

The formulas are the package's master formulas as they stand; hedge mode is `hedge.hedged_liquidation_prices`, the
mark price `mark.mark_price`, the ADL score `adl.binance_score`.
"""

from __future__ import annotations

from typing import Final

from powderkeg.margin.checks import non_negative, number
from powderkeg.margin.rules.base import MarginRules

_LIQUIDATION: Final = (
    "orders are canceled, then one large immediate-or-cancel order; what stays below maintenance is taken over by the "
    "insurance fund at the bankruptcy price; a clearance fee is charged on the part liquidated"
)
_DELEVERAGING: Final = "leveraged profit: max(0, PnL) / max(1, wallet) times margin ratio, at the bankruptcy price"

USDM: Final = MarginRules(
    venue="binance-usdm",
    liquidation=_LIQUIDATION,
    deleveraging=_DELEVERAGING,
    source="Binance support FAQ b3c689c1f50a44cabb3a84e663b81d93, 360033525271, 360033525471, read 2026-07",
)
COINM: Final = MarginRules(
    venue="binance-coinm",
    liquidation=_LIQUIDATION,
    deleveraging=_DELEVERAGING,
    source="Binance support FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46, read 2026-07",
)


def margin_ratio(*, maintenance_margin: float, wallet_balance: float, unrealized_pnl: float) -> float:
    """Maintenance over wallet plus PnL; 0 where that equity is not positive, as the ADL score counts it.

    Args:
        maintenance_margin: of the account, quote or coin.
        wallet_balance: the same currency.
        unrealized_pnl: the same currency.
    """
    equity = number("wallet_balance", wallet_balance) + number("unrealized_pnl", unrealized_pnl)
    needed = non_negative("maintenance_margin", maintenance_margin)
    return needed / equity if equity > 0.0 else 0.0
