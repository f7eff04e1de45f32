"""What a simulation says about one position: the chance that its liquidation price is not touched."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.position import position_report
from powderkeg.app.position_inputs import PositionQuery
from powderkeg.app.position_report import PositionReport
from powderkeg.app.simulation import SimulationReport
from powderkeg.cascade.simulation import Estimate
from powderkeg.domain.errors import InputError
from powderkeg.domain.units import PositionSide
from powderkeg.margin.survival import touch_probability

_CERTAIN: Final = Estimate(estimate=1.0, standard_error=0.0)
_LOST: Final = Estimate(estimate=0.0, standard_error=0.0)


class PositionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A position as a TOML file names it; words as the options of `powderkeg position`."""

    venue: str
    symbol: str
    position_side: PositionSide = msgspec.field(name="side")
    qty: float
    entry_price: float = msgspec.field(name="entry")
    leverage: float | None = None
    margin: float | None = None
    mark_price: float | None = msgspec.field(name="mark", default=None)
    others: str | None = None
    tiers: str | None = None
    mmr: float | None = None
    taker_fee: float | None = None


class PositionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Survival of one position over the horizon.

    Attributes:
        position: the calculation of its liquidation price.
        survival: chance that the price is not touched, with forced flow.
        survival_alone: of the same paths without forced flow.
        survival_closed_form: of a continuously watched Brownian log price of the same volatility; None where the
            price does not exist.
        note: why a chance is certain; None where it was simulated.
    """

    position: PositionReport
    survival: Estimate
    survival_alone: Estimate
    survival_closed_form: float | None
    note: str | None


def read_position(path: Path) -> PositionFile:
    """Read a position; files it names lie beside it.

    Raises:
        InputError: unreadable, or a field is missing, unknown or of the wrong kind.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), PositionFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"{path}: {error}; a position has venue, symbol, side, qty, entry, and leverage or margin"
        ) from None


def position_at(path: Path, price: float) -> PositionReport:
    """The position calculated at a mark: the one of its file, else the price the simulation starts from.

    Raises:
        InputError: the file or a number in it cannot be used.
    """
    one = read_position(path)

    def beside(name: str | None) -> Path | None:
        return None if name is None else path.parent / name

    return position_report(
        PositionQuery(
            venue=one.venue,
            symbol=one.symbol,
            position_side=one.position_side,
            qty=one.qty,
            entry_price=one.entry_price,
            leverage=one.leverage,
            margin=one.margin,
            mark_price=price if one.mark_price is None else one.mark_price,
            others=beside(one.others),
            tiers=beside(one.tiers),
            mmr=one.mmr,
            taker_fee=one.taker_fee,
        )
    )


def position_levels(position: PositionReport, price: float) -> tuple[float, ...]:
    """The levels a position adds to a question: its liquidation price where it lies ahead."""
    level = position.liquidation_price
    if level is None or is_lost(position, price):
        return ()
    return (level,)


def is_lost(position: PositionReport, price: float) -> bool:
    """Whether the price is already at or beyond the liquidation price, or every price is."""
    level = position.liquidation_price
    if level is None:
        return (position.liquidation_note or "").startswith("liquidatable")
    return price <= level if position.position_side == "long" else price >= level


def survival_of(position: PositionReport, report: SimulationReport) -> PositionOutcome:
    """The chance of survival a run gives; its level must have been among those asked for."""
    price, level = report.inputs.price, position.liquidation_price
    if is_lost(position, price):
        return _sure(position, _LOST, position.liquidation_note or f"liquidatable now, at {price:g}")
    if level is None:
        return _sure(position, _CERTAIN, position.liquidation_note or "no price liquidates it")
    touch = next(one for one in report.outcome.touches if one.level_price == level)
    days = report.simulation.steps * report.simulation.step_s / 86_400.0
    closed = 1.0 - touch_probability(price=price, barrier=level, daily_sigma=report.daily_sigma, days=days)
    return PositionOutcome(
        position=position,
        survival=_complement(touch.probability),
        survival_alone=_complement(touch.probability_alone),
        survival_closed_form=closed if report.daily_sigma > 0.0 else None,
        note=None,
    )


def _complement(one: Estimate) -> Estimate:
    return Estimate(estimate=1.0 - one.estimate, standard_error=one.standard_error)


def _sure(position: PositionReport, chance: Estimate, note: str) -> PositionOutcome:
    return PositionOutcome(
        position=position, survival=chance, survival_alone=chance, survival_closed_form=None, note=note
    )
