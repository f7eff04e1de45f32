"""Liquidation and bankruptcy prices, maintenance and initial margin: scalars and arrays through the same names.

    >>> from powderkeg.margin import liquidation_price
    >>> round(liquidation_price(side="long", qty=1, entry_price=20_000, margin=400, mmr=0.005), 2)
    19698.49
    >>> liquidation_price(side="long", qty=1, entry_price=20_000, margin=400, mmr=0.005, maintenance_on="entry")
    19700.0

One formula (see `kernels`) serves linear and inverse contracts. Cross positions enter through what the rest of the
account needs and has gained: `other_maintenance_margin` and `other_unrealized_pnl`, at the marks of the moment.

Where no price separates safe from liquidated, the answer is the limit: 0 for a linear, infinity for an inverse
contract. A long is liquidated at marks at or below its price, a short at or above it, so 0 reads "never" for a long
and "at every price" for a short, infinity the other way round.
"""

from __future__ import annotations

from typing import Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind, PositionSide
from powderkeg.margin import kernels
from powderkeg.margin.checks import (
    FloatArray,
    MaintenanceOn,
    Numbers,
    Sides,
    below_one,
    contract_is_inverse,
    maintenance_is_on_entry,
    non_negative,
    number,
    positive,
    signs,
)
from powderkeg.margin.tiers import TierTable


@overload
def liquidation_price(
    *,
    side: PositionSide,
    qty: float,
    entry_price: float,
    margin: float,
    mmr: float | None = None,
    maintenance_amount: float = 0.0,
    contract: ContractKind = "linear",
    taker_fee: float = 0.0,
    maintenance_on: MaintenanceOn = "mark",
    other_maintenance_margin: float = 0.0,
    other_unrealized_pnl: float = 0.0,
    tiers: TierTable | None = None,
) -> float: ...
@overload
def liquidation_price(
    *,
    side: Sides,
    qty: Numbers,
    entry_price: Numbers,
    margin: Numbers,
    mmr: Numbers | None = None,
    maintenance_amount: Numbers = 0.0,
    contract: ContractKind = "linear",
    taker_fee: Numbers = 0.0,
    maintenance_on: MaintenanceOn = "mark",
    other_maintenance_margin: Numbers = 0.0,
    other_unrealized_pnl: Numbers = 0.0,
    tiers: TierTable | None = None,
) -> Numbers: ...
def liquidation_price(  # noqa: PLR0913 - the formula has these variables, each with the venue's name
    *,
    side: Sides,
    qty: Numbers,
    entry_price: Numbers,
    margin: Numbers,
    mmr: Numbers | None = None,
    maintenance_amount: Numbers = 0.0,
    contract: ContractKind = "linear",
    taker_fee: Numbers = 0.0,
    maintenance_on: MaintenanceOn = "mark",
    other_maintenance_margin: Numbers = 0.0,
    other_unrealized_pnl: Numbers = 0.0,
    tiers: TierTable | None = None,
) -> Numbers:
    """The mark price at which a position's equity meets its maintenance margin.

    Args:
        side: `long` or `short`, or +1 and −1; [N] or one.
        qty: base units (linear) or USD face (inverse), > 0; [N] or one.
        entry_price: average entry price, quote per base, > 0; [N] or one.
        margin: the position's margin if isolated, the wallet balance if cross; quote (linear) or coin (inverse).
        mmr: maintenance margin rate of the tier at the liquidation price, a fraction; give this or `tiers`.
        maintenance_amount: maintenance amount of that tier, quote or coin.
        contract: linear or inverse.
        taker_fee: close fee the venue holds against the position, a fraction of the notional at the price sought.
        maintenance_on: whether maintenance is charged on the notional at mark or at entry.
        other_maintenance_margin: of the account's other cross positions, quote or coin.
        other_unrealized_pnl: of the account's other cross positions, quote or coin.
        tiers: a tier table; the tier is then the one the position is in at the price found.

    Returns:
        Quote per base, a float for scalars and [N] for arrays; 0 or infinity where there is no such price.

    Raises:
        InputError: a number is NaN, infinite or out of range (the message names the field and the limit), neither or
            both of `mmr` and `tiers` are given, or the contract is quanto.

    Reference: Binance support FAQ b3c689c1f50a44cabb3a84e663b81d93 and ceccfcfb4e3a45e3b48b0b1bb1a8ae46.
    """
    if (mmr is None) == (tiers is None):
        raise InputError("give either mmr (with maintenance_amount) or tiers, not both and not neither")
    fee = non_negative("taker_fee", taker_fee)
    others = number("other_unrealized_pnl", other_unrealized_pnl) - non_negative(
        "other_maintenance_margin", other_maintenance_margin
    )
    available = number("margin", margin)
    if not isinstance(others, float) or others != 0.0:
        available = available + others
    position = (signs("side", side), positive("qty", qty), positive("entry_price", entry_price), available)
    inverse, on_entry = contract_is_inverse(contract), maintenance_is_on_entry(maintenance_on)
    if tiers is not None:
        below_one("mmr of the highest tier + taker_fee", tiers.columns[1][-1] + fee)
        return _tiered(position, fee, tiers, on_entry=on_entry, inverse=inverse)
    rate = non_negative("mmr", cast("Numbers", mmr))
    below_one("mmr + taker_fee", rate + fee)
    rates = (fee, rate) if on_entry else (rate + fee, 0.0)
    return _fixed(position, rates, non_negative("maintenance_amount", maintenance_amount), inverse=inverse)


@overload
def bankruptcy_price(
    *,
    side: PositionSide,
    qty: float,
    entry_price: float,
    margin: float,
    contract: ContractKind = "linear",
    taker_fee: float = 0.0,
    other_maintenance_margin: float = 0.0,
    other_unrealized_pnl: float = 0.0,
) -> float: ...
@overload
def bankruptcy_price(
    *,
    side: Sides,
    qty: Numbers,
    entry_price: Numbers,
    margin: Numbers,
    contract: ContractKind = "linear",
    taker_fee: Numbers = 0.0,
    other_maintenance_margin: Numbers = 0.0,
    other_unrealized_pnl: Numbers = 0.0,
) -> Numbers: ...
def bankruptcy_price(
    *,
    side: Sides,
    qty: Numbers,
    entry_price: Numbers,
    margin: Numbers,
    contract: ContractKind = "linear",
    taker_fee: Numbers = 0.0,
    other_maintenance_margin: Numbers = 0.0,
    other_unrealized_pnl: Numbers = 0.0,
) -> Numbers:
    """The price at which nothing of the margin is left: the liquidation price without maintenance.

    Arguments, result and errors as in `liquidation_price`.
    """
    return liquidation_price(
        side=side,
        qty=qty,
        entry_price=entry_price,
        margin=margin,
        mmr=0.0,
        contract=contract,
        taker_fee=taker_fee,
        other_maintenance_margin=other_maintenance_margin,
        other_unrealized_pnl=other_unrealized_pnl,
    )


@overload
def maintenance_margin(
    *,
    qty: float,
    price: float,
    mmr: float | None = None,
    maintenance_amount: float = 0.0,
    contract: ContractKind = "linear",
    tiers: TierTable | None = None,
) -> float: ...
@overload
def maintenance_margin(
    *,
    qty: Numbers,
    price: Numbers,
    mmr: Numbers | None = None,
    maintenance_amount: Numbers = 0.0,
    contract: ContractKind = "linear",
    tiers: TierTable | None = None,
) -> Numbers: ...
def maintenance_margin(
    *,
    qty: Numbers,
    price: Numbers,
    mmr: Numbers | None = None,
    maintenance_amount: Numbers = 0.0,
    contract: ContractKind = "linear",
    tiers: TierTable | None = None,
) -> Numbers:
    """The least equity a position may have at a price, quote (linear) or coin (inverse).

    Args:
        qty: base units (linear) or USD face (inverse), > 0; [N] or one.
        price: the price it is charged on (mark, or entry where the venue says so), > 0; [N] or one.
        mmr: maintenance margin rate; give this or `tiers`.
        maintenance_amount: maintenance amount of the tier.
        contract: linear or inverse.
        tiers: a tier table; the tier is the one of the notional at `price`.

    Raises:
        InputError: as in `liquidation_price`.
    """
    if (mmr is None) == (tiers is None):
        raise InputError("give either mmr (with maintenance_amount) or tiers, not both and not neither")
    notional = notional_of(qty=qty, price=price, contract=contract)
    if tiers is None:
        rate = non_negative("mmr", cast("Numbers", mmr))
        return notional * rate - non_negative("maintenance_amount", maintenance_amount)
    if isinstance(notional, float):
        return tiers.maintenance_margin(notional)
    floors, rates, amounts, _ = tiers.arrays
    tier = np.searchsorted(floors, notional, side="right") - 1
    return notional * rates[tier] - amounts[tier]


@overload
def initial_margin(
    *,
    qty: float,
    entry_price: float,
    leverage: float,
    contract: ContractKind = "linear",
    tiers: TierTable | None = None,
) -> float: ...
@overload
def initial_margin(
    *,
    qty: Numbers,
    entry_price: Numbers,
    leverage: Numbers,
    contract: ContractKind = "linear",
    tiers: TierTable | None = None,
) -> Numbers: ...
def initial_margin(
    *,
    qty: Numbers,
    entry_price: Numbers,
    leverage: Numbers,
    contract: ContractKind = "linear",
    tiers: TierTable | None = None,
) -> Numbers:
    """What opening a position at a leverage takes: notional / leverage, quote (linear) or coin (inverse).

    Args:
        qty: base units (linear) or USD face (inverse), > 0; [N] or one.
        entry_price: quote per base, > 0; [N] or one.
        leverage: notional per unit of margin, > 0; [N] or one.
        contract: linear or inverse.
        tiers: where given, the leverage must not exceed the maximum of the tier the notional is in.

    Raises:
        InputError: as in `liquidation_price`, or the leverage is above the tier's maximum.
    """
    notional = notional_of(qty=qty, price=entry_price, contract=contract)
    wanted = positive("leverage", leverage)
    if tiers is not None:
        _check_leverage(notional, wanted, tiers)
    return notional / wanted


@overload
def notional_of(*, qty: float, price: float, contract: ContractKind = "linear") -> float: ...
@overload
def notional_of(*, qty: Numbers, price: Numbers, contract: ContractKind = "linear") -> Numbers: ...
def notional_of(*, qty: Numbers, price: Numbers, contract: ContractKind = "linear") -> Numbers:
    """Value of a position at a price in its settle currency: q·p quote (linear) or Q/p coin (inverse)."""
    units, at = positive("qty", qty), positive("price", price)
    return units / at if contract_is_inverse(contract) else units * at


def _check_leverage(notional: Numbers, leverage: Numbers, tiers: TierTable) -> None:
    values, wanted = (np.ravel(part) for part in np.broadcast_arrays(notional, leverage))
    index = np.searchsorted(tiers.arrays[0], values, side="right") - 1
    most = np.array([np.inf if tier.max_leverage is None else tier.max_leverage for tier in tiers.tiers])[index]
    if (wanted > most).any():
        i = int(np.argmax(wanted > most))
        raise InputError(
            f"leverage is {wanted[i]:g}; the limit is {most[i]:g} in tier {index[i] + 1}, "
            f"where a position of {values[i]:,.8g} {tiers.unit} falls (table of {tiers.date or 'no date'})"
        )


_Position = tuple[Numbers, Numbers, Numbers, Numbers]


def _fixed(position: _Position, rates: tuple[Numbers, Numbers], amount: Numbers, *, inverse: bool) -> Numbers:
    if all(isinstance(part, float) for part in (*position, *rates, amount)):
        one = [0.0]
        kernels.fill_fixed([(part,) for part in position], [(rate,) for rate in rates], (amount,), inverse, one)
        return one[0]
    out, rows = _rows(*position, *rates, amount)
    kernels.fixed_kernel()(rows[:4], rows[4:6], rows[6], inverse, out.reshape(-1))
    return out


def _tiered(position: _Position, fee: Numbers, tiers: TierTable, *, on_entry: bool, inverse: bool) -> Numbers:
    if isinstance(fee, float) and all(isinstance(part, float) for part in position):
        one = [0.0]
        kernels.fill_tiered([(part,) for part in position], (fee,), tiers.columns, (on_entry, inverse), one)
        return one[0]
    out, rows = _rows(*position, fee)
    kernels.tiered_kernel()(rows[:4], rows[4], tiers.arrays, (on_entry, inverse), out.reshape(-1))
    return out


def _rows(*parts: Numbers) -> tuple[FloatArray, tuple[Any, ...]]:
    """An empty result of the common shape, and the arguments as read-only vectors of its length."""
    try:
        shape = np.broadcast_shapes(*(np.shape(part) for part in parts))
    except ValueError:
        shapes = ", ".join(str(np.shape(part)) for part in parts if np.ndim(part))
        raise InputError(f"arguments of shapes {shapes} do not fit together; give scalars or equal shapes") from None
    rows: list[NDArray[np.float64]] = []
    for part in parts:
        row = np.broadcast_to(np.asarray(part, dtype=np.float64), shape).reshape(-1)
        row.flags.writeable = False
        rows.append(row)
    return np.empty(shape, dtype=np.float64), tuple(rows)
