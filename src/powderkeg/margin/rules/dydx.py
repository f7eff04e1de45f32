"""dYdX v4: subaccounts of perpetuals against one USDC balance, in the protocol's own integer arithmetic.

A subaccount is liquidatable when its net collateral (TNC) is below its total maintenance requirement (TMMR) and the
latter is above 0. Amounts are exact: quote quantums of 10⁻⁶ USDC, rounded where and as the protocol rounds.
Source: dydxprotocol/v4-chain, protocol/x/clob/keeper/liquidations.go and x/perpetuals/lib, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.margin.checks import non_negative, number, positive
from powderkeg.margin.rules.base import MarginRules

RULES: Final = MarginRules(
    venue="dydx",
    funding_interval_hours=1.0,
    liquidation="an order at the fillable price, at most 10 % of a position (1,000 USDC at least) per block; the fund "
    "pays from there to the bankruptcy price, within limits per subaccount and block",
    deleveraging="against subaccounts of the other side at the bankruptcy price",
    source="dydxprotocol/v4-chain, x/clob/keeper/liquidations.go, read 2026-11",
)

QUANTUMS_PER_USDC: Final = 1_000_000
"""Quote quantums. v4-chain, assets of the genesis file."""

MAX_LIQUIDATION_FEE: Final = 0.015
BANKRUPTCY_ADJUSTMENT: Final = 1.0
SPREAD_TO_MAINTENANCE: Final = 1.5
"""Production values of v4-chain's genesis.sh, read 2026-07."""


class Perpetual(msgspec.Struct, frozen=True):
    """A position in one market.

    Attributes:
        qty_base: positive long, negative short.
        oracle_price: quote per base, > 0.
        maintenance_fraction: of the notional, between 0 and 1.
    """

    qty_base: float
    oracle_price: float
    maintenance_fraction: float

    def net_notional(self, qty_base: Fraction | None = None) -> int:
        """Signed value at the oracle price, quote quantums, rounded toward zero as big.Int conversion does."""
        qty = _exact("qty_base", self.qty_base) if qty_base is None else qty_base
        return int(qty * _exact("oracle_price", positive("oracle_price", self.oracle_price)) * QUANTUMS_PER_USDC)

    def maintenance(self, qty_base: Fraction | None = None) -> int:
        """Maintenance requirement, quote quantums, rounded up."""
        fraction = _exact("maintenance_fraction", non_negative("maintenance_fraction", self.maintenance_fraction))
        return _ceil(abs(self.net_notional(qty_base)) * fraction)


class Subaccount(msgspec.Struct, frozen=True):
    """USDC and perpetual positions that back each other.

    Attributes:
        usdc: balance, negative where borrowed against longs.
        positions: market -> position.
    """

    usdc: float
    positions: Mapping[str, Perpetual]

    @property
    def net_collateral(self) -> int:
        """TNC, quote quantums."""
        cash = int(_exact("usdc", self.usdc) * QUANTUMS_PER_USDC)
        return cash + sum(position.net_notional() for position in self.positions.values())

    @property
    def maintenance(self) -> int:
        """TMMR, quote quantums."""
        return sum(position.maintenance() for position in self.positions.values())

    @property
    def is_liquidatable(self) -> bool:
        """TNC < TMMR, and there is a requirement at all."""
        required = self.maintenance
        return required > 0 and self.net_collateral < required

    def position(self, market: str) -> Perpetual:
        """The position in a market.

        Raises:
            InputError: there is none.
        """
        if market not in self.positions:
            raise InputError(f"no position in {market!r}; there are {', '.join(self.positions) or 'none'}")
        return self.positions[market]


def bankruptcy_quote(account: Subaccount, market: str, delta_base: float) -> Decimal:
    """USDC at which closing part of a position leaves the subaccount no better and no worse: −DNNV − TNC·|DMMR|/TMMR.

    Args:
        account: the subaccount.
        market: whose position is closed.
        delta_base: change of the position: negative sells a long, positive buys back a short.

    Returns:
        Quote received (positive, selling) or paid (negative, buying), rounded toward +∞ to a quantum.

    Raises:
        InputError: no such position, the change does not reduce it, or nothing is required of the account.
    """
    position = account.position(market)
    held, delta = _exact("qty_base", position.qty_base), _exact("delta_base", delta_base)
    if held * delta >= 0 or abs(delta) > abs(held):
        raise InputError(f"delta_base {delta_base:g} does not reduce a position of {position.qty_base:g} {market}")
    if account.maintenance == 0:
        raise InputError("the subaccount has no maintenance requirement, so no bankruptcy price")
    change_in_notional = position.net_notional(held + delta) - position.net_notional()
    change_in_maintenance = abs(position.maintenance(held + delta) - position.maintenance())
    # Integer division rounds toward −∞ and is subtracted: the result is rounded toward +∞, also for negative TNC.
    share = account.net_collateral * change_in_maintenance // account.maintenance
    return _usdc(-change_in_notional - share)


def fillable_price(
    account: Subaccount,
    market: str,
    *,
    bankruptcy_adjustment: float = BANKRUPTCY_ADJUSTMENT,
    spread_to_maintenance: float = SPREAD_TO_MAINTENANCE,
) -> float:
    """Worst price a liquidation order may fill at: (PNNV − ABR·SMMR·PMMR) / PS.

    ABR = clamp(BA·(1 − TNC/TMMR), 0, 1) grows from 0 at the maintenance requirement to its full adjustment.

    Args:
        account: the subaccount.
        market: whose position is liquidated.
        bankruptcy_adjustment: BA.
        spread_to_maintenance: SMMR, the widest spread as a multiple of the position's maintenance.

    Returns:
        Quote per base; computed without rounding, as the protocol does.
    """
    position = account.position(market)
    if account.maintenance == 0:
        raise InputError("the subaccount has no maintenance requirement, so no fillable price")
    deficit = 1 - Fraction(account.net_collateral, account.maintenance)
    rating = min(Fraction(1), max(Fraction(0), _exact("bankruptcy_adjustment", bankruptcy_adjustment) * deficit))
    spread = rating * _exact("spread_to_maintenance", spread_to_maintenance) * position.maintenance()
    quantums = position.net_notional() - spread
    return float(quantums / (_exact("qty_base", position.qty_base) * QUANTUMS_PER_USDC))


def insurance_fund_delta(
    account: Subaccount, market: str, *, delta_base: float, fill_price: float, max_fee: float = MAX_LIQUIDATION_FEE
) -> Decimal:
    """What the insurance fund gains (positive) or pays (negative) when a liquidation fills.

    Args:
        account: the subaccount before the fill.
        market: whose position is closed.
        delta_base: change of the position, see `bankruptcy_quote`.
        fill_price: quote per base.
        max_fee: largest share of the fill the account may be charged.

    Returns:
        USDC: fill − bankruptcy if that is not positive, else at most the fee, rounded down to a quantum.
    """
    price = _exact("fill_price", positive("fill_price", fill_price))
    received = int(-_exact("delta_base", delta_base) * price * QUANTUMS_PER_USDC)
    difference = received - int(bankruptcy_quote(account, market, delta_base) * QUANTUMS_PER_USDC)
    if difference <= 0:
        return _usdc(difference)
    fee = abs(received) * _exact("max_fee", non_negative("max_fee", max_fee)) // 1
    return _usdc(min(int(fee), difference))


def _exact(field: str, given: float) -> Fraction:
    """The decimal number that was meant: 0.1 is a tenth, not its binary neighbor."""
    return Fraction(repr(number(field, given)))


def _ceil(quantums: Fraction) -> int:
    return -int(-quantums // 1)


def _usdc(quantums: int) -> Decimal:
    return Decimal(quantums) / QUANTUMS_PER_USDC
