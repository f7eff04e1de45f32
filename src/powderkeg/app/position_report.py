"""What a position calculation answers, as records; numbers that do not exist are None, with a reason beside them."""

from __future__ import annotations

from typing import Literal

import msgspec

from powderkeg.domain.units import ContractKind, PositionSide


class TierUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The tier the position is in at its liquidation price (at entry where maintenance is on entry, or there is none).

    Attributes:
        number: counted from 1.
        floor: lowest notional, in `unit`.
        cap: where the next tier begins.
        mmr: maintenance rate.
        maintenance_amount: in `unit`.
        max_leverage: highest leverage.
        unit: currency of notional and amounts.
        notional: the position's, at the price the tier was looked up for.
        table_date: day of the table.
        source: where the table comes from.
    """

    number: int
    floor: float
    cap: float | None
    mmr: float
    maintenance_amount: float
    max_leverage: float | None
    unit: str
    notional: float
    table_date: str | None
    source: str


class PathStep(msgspec.Struct, frozen=True, kw_only=True):
    """One tier of the maintenance path: marks at which the position is in it, and what it then needs."""

    tier: int
    from_mark_price: float
    to_mark_price: float | None
    mmr: float
    maintenance_margin_low: float
    maintenance_margin_high: float | None
    max_leverage: float | None


class Funding(msgspec.Struct, frozen=True, kw_only=True):
    """What holding costs if rate and mark stay; negative is income. `per_day` is in settle currency."""

    rate: float
    interval_hours: float
    per_day: float
    per_day_margin_ratio: float


class Survival(msgspec.Struct, frozen=True, kw_only=True):
    """Chance not to be liquidated over the horizon, and what the chance asked for takes.

    Attributes:
        horizon_days: days.
        probability: with the margin as it is.
        asked_probability: what was asked.
        liquidation_price: the nearest one that gives it.
        margin: what puts the liquidation price there, settle currency.
        leverage: notional at entry over that margin, None in cross margin or where no margin is needed.
        leverage_is_tier_limit: the tier's maximum, not survival, is what limits the leverage.
    """

    horizon_days: float
    probability: float
    asked_probability: float
    liquidation_price: float
    margin: float
    leverage: float | None
    leverage_is_tier_limit: bool


class Tranche(msgspec.Struct, frozen=True, kw_only=True):
    """A staged entry after one of its parts.

    Attributes:
        number: counted from 1.
        price: of this part.
        qty: held after it.
        average_entry_price: of what is held.
        margin: behind it, settle currency.
        liquidation_price: None where there is none.
        reached: False where the position would have been liquidated before this part's price.
    """

    number: int
    price: float
    qty: float
    average_entry_price: float
    margin: float
    liquidation_price: float | None
    reached: bool


class PositionReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `powderkeg position` says. Prices quote per base; margins, notional and funding in `settle`."""

    venue: str
    symbol: str
    position_side: PositionSide
    contract: ContractKind
    settle: str
    margin_mode: Literal["isolated", "cross"]
    maintenance_on: Literal["mark", "entry"]
    qty: float
    qty_unit: Literal["base", "usd"]
    entry_price: float
    mark_price: float
    notional: float
    margin: float
    leverage: float
    liquidation_price: float | None
    liquidation_note: str | None
    hedge_liquidation_price: float | None
    bankruptcy_price: float | None
    tier: TierUsed
    distance_ratio: float | None
    distance_sigmas: float | None
    daily_sigma_ratio: float
    maintenance_margin: float
    maintenance_path: tuple[PathStep, ...]
    funding: Funding
    survival: Survival
    staged_entry: tuple[Tranche, ...]
    liquidation_process: str
    assumptions: tuple[str, ...]
    unknown: tuple[str, ...]
    method: str = "modeled"
