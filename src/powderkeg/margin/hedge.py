"""One liquidation price for a symbol held long and short at once (hedge mode, cross margin).

Both legs gain and lose on the same mark, and both ask maintenance. Equity less maintenance is concave and piecewise
linear in the mark (or in 1/mark for coin-margined contracts), so a hedged symbol can be liquidated below one price and
above another; a net position with a thin hedge has only the side one expects.
Source: Binance support FAQ b3c689c1f50a44cabb3a84e663b81d93 (variables cumL, cumS, pL, pS), read 2026-07; for given
rates it is the FAQ's formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind, PositionSide
from powderkeg.margin.checks import contract_is_inverse, non_negative, number, positive, sign_of
from powderkeg.margin.tiers import TierTable


class Leg(NamedTuple):
    """One side of a symbol.

    Attributes:
        position_side: long or short.
        qty: base units (linear) or USD face (inverse), > 0.
        entry_price: quote per base, > 0.
        tiers: the tier table of the symbol.
    """

    position_side: PositionSide
    qty: float
    entry_price: float
    tiers: TierTable


class HedgedPrices(NamedTuple):
    """Liquidated at marks at or below `lower` and at or above `upper`; 0 and infinity where there is no such side."""

    lower: float
    upper: float


def hedged_liquidation_prices(
    legs: Sequence[Leg],
    *,
    margin: float,
    contract: ContractKind = "linear",
    taker_fee: float = 0.0,
    other_maintenance_margin: float = 0.0,
    other_unrealized_pnl: float = 0.0,
) -> HedgedPrices:
    """The marks between which the legs of one symbol are safe, tiers resolved at those marks.

    Args:
        legs: the positions in the symbol, any number of them.
        margin: wallet balance, quote (linear) or coin (inverse).
        contract: linear or inverse.
        taker_fee: close fee held against every leg.
        other_maintenance_margin: of positions in other symbols.
        other_unrealized_pnl: of positions in other symbols.

    Returns:
        The two prices; (infinity, 0) where the legs are liquidatable at every mark.

    Raises:
        InputError: no legs, or a number out of range.
    """
    if not legs:
        raise InputError("give at least one leg")
    inverse = contract_is_inverse(contract)
    available = (
        number("margin", margin)
        - non_negative("other_maintenance_margin", other_maintenance_margin)
        + number("other_unrealized_pnl", other_unrealized_pnl)
    )
    sides = [_Side.of(leg, non_negative("taker_fee", taker_fee), inverse=inverse) for leg in legs]
    low, high = _safe_range(sides, available)
    if inverse:
        low, high = (1.0 / high if high else math.inf), (1.0 / low if low else math.inf)
    return HedgedPrices(low, high)


class _Side(NamedTuple):
    """A leg in units of worth (mark, or 1/mark if inverse), where every contract is linear."""

    exposure: float
    entry_worth: float
    fee: float
    tiers: TierTable

    @classmethod
    def of(cls, leg: Leg, fee: float, *, inverse: bool) -> _Side:
        sign = sign_of("position_side", leg.position_side)
        qty, entry_price = positive("qty", leg.qty), positive("entry_price", leg.entry_price)
        exposure, worth = (-sign * qty, 1.0 / entry_price) if inverse else (sign * qty, entry_price)
        return cls(exposure, worth, fee, leg.tiers)

    def terms(self, worth: float) -> tuple[float, float]:
        """(constant, slope) of equity less maintenance in worth, on the stretch that begins at `worth`."""
        tier = self.tiers.tier_of(abs(self.exposure) * worth)
        slope = self.exposure - abs(self.exposure) * (tier.mmr + self.fee)
        return tier.maintenance_amount - self.exposure * self.entry_worth, slope


def _safe_range(sides: Sequence[_Side], available: float) -> tuple[float, float]:
    knots = sorted({0.0, *(tier.floor / abs(side.exposure) for side in sides for tier in side.tiers.tiers)})
    lower, upper, seen_safe = math.inf, 0.0, False
    for begin, end in zip(knots, [*knots[1:], math.inf], strict=True):
        # A hair inside the stretch, so that rounding of floor / exposure cannot pick the tier below.
        terms = [side.terms(begin * (1.0 + 1e-15)) for side in sides]
        constant, slope = available + sum(term[0] for term in terms), sum(term[1] for term in terms)
        safe_at_begin = constant + slope * begin > 0.0
        if safe_at_begin and not seen_safe:
            lower, upper, seen_safe = begin, math.inf, True
        root = -constant / slope if slope else math.inf
        if not begin <= root < end:
            continue
        if slope > 0.0:
            lower, upper, seen_safe = root, math.inf, True
        elif seen_safe:
            upper = root
            break
    return (lower, upper) if seen_safe else (math.inf, 0.0)
