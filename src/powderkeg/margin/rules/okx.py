"""OKX: the close fee counts, margin ratio at or below 100 % liquidates, large positions step down two tiers at a time.

Source: OKX help center, isolated and cross margin (open-lib 11556), read 2026-07.
"""

from __future__ import annotations

from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind, PositionSide
from powderkeg.margin.checks import non_negative, number, sign_of
from powderkeg.margin.prices import notional_of
from powderkeg.margin.rules.base import MarginRules

RULES: Final = MarginRules(
    venue="okx",
    close_fee=True,
    liquidation="tier 3 and above: reduced by two tiers at a time; else taken over whole at the bankruptcy price",
    deleveraging="by profit and leverage, at the bankruptcy price",
    source="OKX help center, margin and liquidation rules (open-lib 11556), read 2026-07",
)

PARTIAL_FROM_TIER: Final = 3
TIERS_PER_STEP: Final = 2


def isolated_margin_ratio(
    *,
    side: PositionSide,
    qty: float,
    entry_price: float,
    mark_price: float,
    margin: float,
    mmr: float,
    fee: float,
    contract: ContractKind = "linear",
) -> float:
    """(margin + PnL) over (notional at mark · (maintenance rate + fee)); at or below 1 the position is liquidated.

    Args:
        side: long or short.
        qty: base units (linear) or USD face (inverse).
        entry_price: quote per base.
        mark_price: quote per base.
        margin: quote (linear) or coin (inverse).
        mmr: maintenance margin rate of the position's tier.
        fee: taker fee.
        contract: linear or inverse.
    """
    at_mark = notional_of(qty=qty, price=mark_price, contract=contract)
    at_entry = notional_of(qty=qty, price=entry_price, contract=contract)
    paying = sign_of("side", side) * (1.0 if contract == "linear" else -1.0)
    needed = at_mark * (non_negative("mmr", mmr) + non_negative("fee", fee))
    return (number("margin", margin) + paying * (at_mark - at_entry)) / needed


def tier_after_step(tier: int) -> int:
    """The tier one liquidation step brings a position to, 0 for closed.

    Args:
        tier: the position's tier, counted from 1.

    Raises:
        InputError: below 1.
    """
    if tier < 1:
        raise InputError(f"tier is {tier}; tiers are counted from 1")
    return tier - TIERS_PER_STEP if tier >= PARTIAL_FROM_TIER else 0
