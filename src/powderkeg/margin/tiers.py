"""Tier tables: how maintenance grows with a position, dated, never overwritten.

    >>> from powderkeg.margin import TierTable
    >>> table = TierTable.from_rows(
    ...     [(0, 0.004, 125), (50_000, 0.005, 100)], unit="USDT", date="2024-10-24", source="an example")
    >>> table.tier_of(94_000).maintenance_amount, table.maintenance_margin(94_000)
    (50.0, 420.0)

Maintenance margin of a notional x in tier n is x·mmr_n − cum_n with cum_n = cum_{n−1} + floor_n·(mmr_n − mmr_{n−1}):
continuous, piecewise linear and convex. Source: Binance support FAQ b3c689c1f50a44cabb3a84e663b81d93, read 2026-07.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError

PRINTED: Final = 0.006
"""Venues print maintenance amounts to the cent; a given amount may differ from the recursion by that, and by a share
of `ROUNDED` where they round their rates."""

ROUNDED: Final = 1e-6

InForce = Literal["from", "seen"]
"""Whether a table's date is the day it took effect, or a day on which it was seen in force."""


class Tier(msgspec.Struct, frozen=True):
    """One row: positions with floor ≤ notional < cap.

    Attributes:
        floor: lowest notional, in the table's unit.
        cap: notional at which the next tier begins; of the last tier the position limit, None where not known.
        mmr: maintenance margin rate, a fraction of the notional.
        maintenance_amount: deduction that keeps maintenance continuous, in the table's unit.
        max_leverage: highest leverage the venue allows in this tier, None where not known.
    """

    floor: float
    cap: float | None
    mmr: float
    maintenance_amount: float
    max_leverage: float | None = None


class TierTable(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """The tiers of one contract as of one date, and the other dates at which they are known.

    Attributes:
        tiers: in ascending order, the first from 0.
        unit: currency of floors, caps and maintenance amounts (quote if linear, coin if inverse).
        date: ISO day, see `in_force`; None for a table of one's own without one, which then holds on any day.
        in_force: `from` the date on, or `seen` on that date.
        source: where the numbers come from.
        venue: our slug, None for a table of one's own.
        symbol: unified symbol, None for a table of one's own.
        revisions: every known table of the contract by date, this one included; empty where it is the only one.
    """

    tiers: tuple[Tier, ...]
    unit: str
    date: str | None
    source: str
    in_force: InForce = "seen"
    venue: str | None = None
    symbol: str | None = None
    revisions: tuple[TierTable, ...] = ()

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Mapping[str, float | None] | Sequence[float]],
        *,
        unit: str = "quote",
        date: str | None = None,
        source: str = "not stated",
        in_force: InForce = "seen",
    ) -> TierTable:
        """Build a table from its rows, in any order.

        Args:
            rows: each with `floor` and `mmr`, and where known `cap`, `max_leverage` and `maintenance_amount`, or short
                as (floor, mmr) or (floor, mmr, max_leverage); a given amount or cap is checked against the other rows,
                a missing one is derived from them.
            unit: currency of the amounts.
            date: ISO day the table took effect or was seen, None where not known.
            source: where the rows come from.
            in_force: what the date means.

        Raises:
            InputError: naming the row and the field.
        """
        day = None if date is None else checked_date("date", date)
        ordered = sorted((_row(number, row) for number, row in enumerate(rows, 1)), key=lambda tier: tier.floor)
        if not ordered:
            raise InputError("a tier table needs at least one row with floor and mmr")
        return cls(tiers=_chained(ordered), unit=unit, date=day, source=source, in_force=in_force)

    def at(self, date: str | dt.date) -> TierTable:
        """The newest table known on a day; later ones are not used, so a past result stays what it was.

        Args:
            date: ISO day or date.

        Raises:
            InputError: no table is known that early.
        """
        day = checked_date("date", date)
        every = self.revisions or (self,)
        known = [table for table in every if table.date is None or table.date <= day]
        if not known:
            first = min(table.date or "" for table in every)
            name = f"{self.venue} {self.symbol}" if self.symbol else "this contract"
            raise InputError(f"no tier table of {name} is known for {day}; the first is of {first}")
        newest = max(known, key=lambda table: table.date or "")
        return msgspec.structs.replace(newest, revisions=self.revisions)

    def tier_of(self, notional: float) -> Tier:
        """The tier a notional falls in; beyond the last cap, the last tier."""
        return self.tiers[self.index_of(notional)]

    def index_of(self, notional: float) -> int:
        """Position of that tier in `tiers`."""
        return sum(notional >= tier.floor for tier in self.tiers[1:])

    def maintenance_margin(self, notional: float) -> float:
        """Maintenance margin of a notional, in the table's unit."""
        tier = self.tier_of(notional)
        return notional * tier.mmr - tier.maintenance_amount

    @property
    def position_limit(self) -> float | None:
        """The largest notional the table knows, None where it names none."""
        return self.tiers[-1].cap

    @cached_property
    def columns(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Floors, rates, maintenance amounts and the maintenance at each floor, as the kernels take them."""
        floors = tuple(tier.floor for tier in self.tiers)
        rates = tuple(tier.mmr for tier in self.tiers)
        amounts = tuple(tier.maintenance_amount for tier in self.tiers)
        at_floor = tuple(tier.floor * tier.mmr - tier.maintenance_amount for tier in self.tiers)
        return floors, rates, amounts, at_floor

    @cached_property
    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """`columns` as arrays, each [T]."""
        floors, rates, amounts, at_floor = (np.array(column, dtype=np.float64) for column in self.columns)
        return floors, rates, amounts, at_floor


def maintenance_amount(*, floor: float, mmr: float, previous_mmr: float, previous_amount: float) -> float:
    """The maintenance amount of a tier from the one below it, so that maintenance is continuous at the floor.

    Counted in decimals: 50,000 · (0.5 % − 0.4 %) is 50, not 50.00000000000001.
    """
    now, before, base, amount = (Decimal(repr(number)) for number in (mmr, previous_mmr, floor, previous_amount))
    return float(amount + base * (now - before))


def checked_date(field: str, date: str | dt.date) -> str:
    """An ISO day.

    Raises:
        InputError: not a day.
    """
    try:
        return dt.date.fromisoformat(str(date)).isoformat()
    except ValueError:
        raise InputError(f"{field} is {str(date)!r}; write a day such as 2024-10-24") from None


_FIELDS: Final = frozenset({"floor", "cap", "mmr", "maintenance_amount", "max_leverage"})


def _row(number: int, given: Mapping[str, float | None] | Sequence[float]) -> Tier:
    if not isinstance(given, Mapping):
        if not 2 <= len(given) <= 3:
            raise InputError(
                f"tier row {number} has {len(given)} numbers; write (floor, mmr) or (floor, mmr, max_leverage)"
            )
        given = dict(zip(("floor", "mmr", "max_leverage"), given, strict=False))
    row = given
    unknown = set(row) - _FIELDS
    if unknown:
        raise InputError(f"tier row {number}: unknown field {min(unknown)!r}; known are {', '.join(sorted(_FIELDS))}")
    floor = _field(number, row, "floor", lowest=0.0)
    mmr = _field(number, row, "mmr", lowest=0.0)
    if floor is None or mmr is None:
        raise InputError(f"tier row {number}: {'floor' if floor is None else 'mmr'} is missing")
    if not mmr < 1.0:
        raise InputError(f"tier row {number}: mmr is {mmr!r}; it must be below 1 (0.5 % is 0.005)")
    amount = _field(number, row, "maintenance_amount", lowest=0.0)
    leverage = _field(number, row, "max_leverage", lowest=0.0)
    return Tier(
        floor, _field(number, row, "cap", lowest=0.0), mmr, float("nan") if amount is None else amount, leverage
    )


def _field(number: int, row: Mapping[str, float | None], name: str, *, lowest: float) -> float | None:
    given = row.get(name)
    if given is None:
        return None
    try:
        plain = float(given)
    except (TypeError, ValueError):
        raise InputError(f"tier row {number}: {name} is {given!r}, which is not a number") from None
    if not lowest <= plain < float("inf"):
        raise InputError(f"tier row {number}: {name} is {given!r}; it must be {lowest:g} or more and finite")
    return plain


def _chained(ordered: list[Tier]) -> tuple[Tier, ...]:
    if ordered[0].floor != 0.0:
        raise InputError(f"the lowest tier begins at {ordered[0].floor:g}; it must begin at 0")
    chained: list[Tier] = []
    for number, tier in enumerate(ordered, 1):
        amount = 0.0
        if chained:
            below = chained[-1]
            if tier.floor <= below.floor or tier.mmr < below.mmr:
                raise InputError(f"tier {number}: floor must rise and mmr must not fall from tier to tier")
            amount = maintenance_amount(
                floor=tier.floor, mmr=tier.mmr, previous_mmr=below.mmr, previous_amount=below.maintenance_amount
            )
        given = tier.maintenance_amount
        if given == given and abs(given - amount) > PRINTED + ROUNDED * amount:  # noqa: PLR0124 - NaN: not given
            raise InputError(
                f"tier {number}: maintenance_amount is {given:g}, but maintenance is continuous only with {amount:g}"
            )
        cap = ordered[number].floor if number < len(ordered) else tier.cap
        if tier.cap is not None and tier.cap != cap:
            raise InputError(f"tier {number}: cap is {tier.cap:g}, but the next tier begins at {cap:g}")
        chained.append(Tier(tier.floor, cap, tier.mmr, amount, tier.max_leverage))
    return tuple(chained)
