"""Hyperliquid: maintenance is half the initial margin at the highest leverage; large positions go out in a first step.

Source: Hyperliquid docs, "Liquidations", "Margining", "Margin tiers", read 2026-07.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from powderkeg.domain.time import NS_PER_S
from powderkeg.margin.checks import non_negative, number, positive
from powderkeg.margin.rules.base import MarginRules
from powderkeg.margin.tiers import TierTable

RULES: Final = MarginRules(
    venue="hyperliquid",
    funding_interval_hours=1.0,
    liquidation="market orders for the whole position; above 100,000 USDC first 20 %, then 30 s; below two thirds of "
    "maintenance the liquidator vault takes it over with its margin; no clearance fee",
    deleveraging="(mark / entry) · (notional / account value), at the previous mark price, only below zero equity",
    source='Hyperliquid docs, "Liquidations", read 2026-07',
)

FIRST_STEP_ABOVE_USD: Final = 100_000.0
FIRST_STEP_SHARE: Final = 0.2
COOLDOWN_NS: Final = 30 * NS_PER_S
BACKSTOP_SHARE: Final = 2.0 / 3.0


def maintenance_rate(max_leverage: float) -> float:
    """1 / (2 · highest leverage): 1.25 % at 40x, 16.7 % at 3x."""
    return 0.5 / positive("max_leverage", max_leverage)


def single_tier(max_leverage: float) -> TierTable:
    """The table of an asset without tiers: one rate for every size."""
    return TierTable.from_rows(
        [{"floor": 0.0, "mmr": maintenance_rate(max_leverage), "max_leverage": max_leverage}],
        unit="USDC",
        date=None,
        source=f'half the initial margin at {max_leverage:g}x (Hyperliquid docs, "Margining", read 2026-07)',
    )


class Step(NamedTuple):
    """What the liquidation engine does next.

    Attributes:
        action: nothing, a market order, or takeover by the liquidator vault.
        share: of the position, 0 to 1.
    """

    action: Literal["none", "market", "backstop"]
    share: float


def next_step(
    *,
    notional_usd: float,
    equity_usd: float,
    maintenance_margin_usd: float,
    now_ns: int,
    last_partial_ns: int | None = None,
) -> Step:
    """What happens to a position at this mark.

    Args:
        notional_usd: position value at mark.
        equity_usd: account value (cross) or isolated margin plus PnL.
        maintenance_margin_usd: what it should be at least.
        now_ns: time of the mark.
        last_partial_ns: when the last first step was sent, None where none was; during the 30 s after it orders are
            for the whole position.
    """
    equity, needed = number("equity_usd", equity_usd), non_negative("maintenance_margin_usd", maintenance_margin_usd)
    if equity >= needed:
        return Step("none", 0.0)
    if equity < BACKSTOP_SHARE * needed:
        return Step("backstop", 1.0)
    cooling = last_partial_ns is not None and now_ns - last_partial_ns < COOLDOWN_NS
    large = positive("notional_usd", notional_usd) > FIRST_STEP_ABOVE_USD
    return Step("market", FIRST_STEP_SHARE if large and not cooling else 1.0)
