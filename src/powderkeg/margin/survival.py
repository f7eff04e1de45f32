"""How likely a price touches a barrier, and the leverage that keeps that unlikely.

The log price is a Brownian motion without drift: P(touch K before T) = 2·Φ(−|ln(K/p)| / (σ·√T)), by reflection. Real
prices jump and cluster, so this is a floor under the risk, and it knows nothing of cascades.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind, PositionSide
from powderkeg.margin.checks import MaintenanceOn, non_negative, number, positive, sign_of
from powderkeg.margin.prices import maintenance_margin, notional_of
from powderkeg.margin.tiers import TierTable

_NORMAL: Final = NormalDist()


def touch_probability(*, price: float, barrier: float, daily_sigma: float, days: float) -> float:
    """Probability that the price touches the barrier within the horizon.

    Args:
        price: today's mark, > 0.
        barrier: price level; 0 and infinity are never touched.
        daily_sigma: standard deviation of daily log returns, > 0.
        days: horizon, > 0.
    """
    start, sigma = positive("price", price), positive("daily_sigma", daily_sigma)
    if barrier in (0.0, math.inf):
        return 0.0
    distance = abs(math.log(positive("barrier", barrier) / start))
    return 2.0 * _NORMAL.cdf(-distance / (sigma * math.sqrt(positive("days", days))))


def barrier_for(
    *, position_side: PositionSide, price: float, daily_sigma: float, days: float, survival_probability: float
) -> float:
    """The nearest liquidation price a position may have to survive the horizon with the probability asked.

    Args:
        position_side: long or short.
        price: today's mark.
        daily_sigma: standard deviation of daily log returns.
        days: horizon.
        survival_probability: strictly between 0 and 1.

    Raises:
        InputError: a number out of range.
    """
    asked = number("survival_probability", survival_probability)
    if not 0.0 < asked < 1.0:
        raise InputError(f"survival_probability is {asked:g}; it must lie strictly between 0 and 1")
    width = positive("daily_sigma", daily_sigma) * math.sqrt(positive("days", days))
    distance = -_NORMAL.inv_cdf((1.0 - asked) / 2.0) * width
    sign = sign_of("position_side", position_side)
    return positive("price", price) * math.exp(-sign * distance)


def margin_for_liquidation_at(
    price: float,
    *,
    position_side: PositionSide,
    qty: float,
    entry_price: float,
    tiers: TierTable,
    contract: ContractKind = "linear",
    taker_fee: float = 0.0,
    maintenance_on: MaintenanceOn = "mark",
) -> float:
    """The margin that puts the liquidation price exactly there: maintenance and close fee at it, less the PnL to it.

    Args:
        price: the liquidation price wanted, quote per base.
        position_side: long or short.
        qty: base units (linear) or USD face (inverse).
        entry_price: quote per base.
        tiers: the tier table.
        contract: linear or inverse.
        taker_fee: close fee held against the position.
        maintenance_on: whether maintenance is charged at mark or at entry.

    Returns:
        Quote (linear) or coin (inverse); negative where the position is safe there without any margin.
    """
    sign = sign_of("position_side", position_side)
    there = notional_of(qty=qty, price=price, contract=contract)
    at_entry = notional_of(qty=qty, price=entry_price, contract=contract)
    paying = sign if contract == "linear" else -sign
    charged_at = entry_price if maintenance_on == "entry" else price
    needed = maintenance_margin(qty=qty, price=charged_at, tiers=tiers, contract=contract)
    return needed + non_negative("taker_fee", taker_fee) * there - paying * (there - at_entry)
