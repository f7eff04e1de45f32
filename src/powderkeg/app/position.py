"""The position calculator: one position in one venue's rules, and what it takes to survive.

Everything here is `powderkeg.margin` applied to a question; what had to be assumed and what is not known is listed.
"""

from __future__ import annotations

import math
from typing import Final

from powderkeg.app.position_case import Case, resolved
from powderkeg.app.position_inputs import PositionQuery
from powderkeg.app.position_report import Funding, PathStep, PositionReport, Survival, TierUsed, Tranche
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import parts_of, venue_slug
from powderkeg.domain.units import LONG
from powderkeg.margin import (
    Leg,
    TierTable,
    bankruptcy_price,
    hedged_liquidation_prices,
    maintenance_margin,
    notional_of,
)
from powderkeg.margin.checks import positive
from powderkeg.margin.funding import BASE_INTERVAL_HOURS, INTEREST_RATE, funding_per_day
from powderkeg.margin.survival import barrier_for, margin_for_liquidation_at, touch_probability

PATH_REACH: Final = 2.0
"""The maintenance path is shown for marks between half and twice the prices at hand."""

MAX_TRANCHES: Final = 1_000

_UNMODELED: Final = (
    "what a cascade does to mark and fills: survival assumes a log price without drift, jumps or forced flow"
)


def position_report(query: PositionQuery) -> PositionReport:
    """Answer a question about one position.

    Raises:
        InputError: a field is missing, NaN or out of range; the leverage exceeds the tier's maximum; the venue, symbol
            or a file cannot be used. The message names the field and the limit.
    """
    notes: list[str] = []
    gaps: list[str] = []
    case = resolved(query, notes, gaps)
    own, hedge = _liquidation(case)
    empty = _bankruptcy(case)
    exists = 0.0 < own < math.inf
    if case.legs and query.tranches:
        gaps.append("what the other leg of the hedge does to the staged entry: it is planned without it")
    return PositionReport(
        venue=venue_slug(query.venue),
        symbol=case.symbol,
        position_side=query.position_side,
        contract=case.contract,
        settle=parts_of(case.symbol).settle,
        margin_mode="cross" if case.is_cross else "isolated",
        maintenance_on=case.rules.maintenance_on,
        qty=query.qty,
        qty_unit="base" if case.contract == "linear" else "usd",
        entry_price=query.entry_price,
        mark_price=case.mark_price,
        notional=case.notional,
        margin=case.margin,
        leverage=case.notional / case.margin,
        liquidation_price=_or_none(own),
        liquidation_note=_note(case, own),
        hedge_liquidation_price=_or_none(hedge),
        bankruptcy_price=_or_none(empty),
        tier=_tier_used(case, own),
        distance_ratio=abs(own / case.mark_price - 1.0) if exists else None,
        distance_sigmas=abs(math.log(own / case.mark_price)) / case.sigma if exists else None,
        daily_sigma_ratio=case.sigma,
        maintenance_margin=maintenance_margin(
            qty=query.qty, price=_charged_at(case), tiers=case.table, contract=case.contract
        ),
        maintenance_path=_path(case, own),
        funding=_funding(case, notes),
        survival=_survival(case, own),
        staged_entry=_staged(case),
        liquidation_process=case.rules.liquidation,
        assumptions=tuple(dict.fromkeys(notes)),
        unknown=(*dict.fromkeys(gaps), _UNMODELED),
    )


def _liquidation(case: Case) -> tuple[float, float]:
    """The price on the position's losing side, and with a hedge the one on the other side (else 0 or infinity)."""
    query = case.query
    if not case.legs:
        other_side = math.inf if query.position_side == LONG else 0.0
        return case.price(query.qty, query.entry_price, case.margin), other_side
    return _hedged(case, case.table, case.fee, case.other_maintenance)


def _bankruptcy(case: Case) -> float:
    """The mark at which nothing of the margin, in cross of the account, is left."""
    query = case.query
    if case.legs:
        free = TierTable.from_rows([{"floor": 0.0, "mmr": 0.0}], unit=case.table.unit, date=None, source="none needed")
        return _hedged(case, free, 0.0, 0.0)[0]
    return bankruptcy_price(
        side=query.position_side,
        qty=query.qty,
        entry_price=query.entry_price,
        margin=case.margin,
        contract=case.contract,
        other_unrealized_pnl=case.other_pnl,
    )


def _hedged(case: Case, table: TierTable, fee: float, other_maintenance: float) -> tuple[float, float]:
    query = case.query
    main = Leg(query.position_side, query.qty, query.entry_price, table)
    both = hedged_liquidation_prices(
        [main, *(leg._replace(tiers=table) for leg in case.legs)],
        margin=case.margin,
        contract=case.contract,
        taker_fee=fee,
        other_maintenance_margin=other_maintenance,
        other_unrealized_pnl=case.other_pnl,
    )
    return (both.lower, both.upper) if query.position_side == LONG else (both.upper, both.lower)


def _or_none(price: float) -> float | None:
    return price if 0.0 < price < math.inf else None


def _note(case: Case, price: float) -> str | None:
    long = case.query.position_side == LONG
    if price == (0.0 if long else math.inf):
        return "none: the margin covers every price on the losing side"
    if price in (0.0, math.inf):
        return "liquidatable at every price: the account is below maintenance whatever the mark"
    beyond = case.mark_price <= price if long else case.mark_price >= price
    return "the mark is already beyond it: liquidatable now" if beyond else None


def _charged_at(case: Case) -> float:
    return case.query.entry_price if case.rules.maintenance_on == "entry" else case.mark_price


def _tier_used(case: Case, price: float) -> TierUsed:
    on_entry = case.rules.maintenance_on == "entry" or not 0.0 < price < math.inf
    at = case.query.entry_price if on_entry else price
    notional = notional_of(qty=case.query.qty, price=at, contract=case.contract)
    index = case.table.index_of(notional)
    tier = case.table.tiers[index]
    return TierUsed(
        number=index + 1,
        floor=tier.floor,
        cap=tier.cap,
        mmr=tier.mmr,
        maintenance_amount=tier.maintenance_amount,
        max_leverage=tier.max_leverage,
        unit=case.table.unit,
        notional=notional,
        table_date=case.table.date,
        source=case.table.source,
    )


def _path(case: Case, price: float) -> tuple[PathStep, ...]:
    """Tiers the position passes between half and twice the prices at hand, in order of notional."""
    at_hand = [case.query.entry_price, case.mark_price, *([price] if 0.0 < price < math.inf else [])]
    low, high = min(at_hand) / PATH_REACH, max(at_hand) * PATH_REACH
    steps: list[PathStep] = []
    for number, tier in enumerate(case.table.tiers, 1):
        inner = _price_at(case, tier.floor)
        outer = math.inf if number == len(case.table.tiers) else _price_at(case, case.table.tiers[number].floor)
        if case.contract == "inverse":
            inner, outer = (0.0 if outer == math.inf else outer), inner
        if outer <= low or inner >= high:
            continue
        last = number == len(case.table.tiers)
        ceiling = None if last else case.table.tiers[number].floor
        steps.append(
            PathStep(
                tier=number,
                from_mark_price=inner,
                to_mark_price=_or_none(outer),
                mmr=tier.mmr,
                maintenance_margin_low=tier.floor * tier.mmr - tier.maintenance_amount,
                maintenance_margin_high=None if ceiling is None else ceiling * tier.mmr - tier.maintenance_amount,
                max_leverage=tier.max_leverage,
            )
        )
    return tuple(steps)


def _price_at(case: Case, notional: float) -> float:
    """The mark at which the position has a notional."""
    if case.contract == "linear":
        return notional / case.query.qty
    return case.query.qty / notional if notional else math.inf


def _funding(case: Case, notes: list[str]) -> Funding:
    hours = case.query.funding_interval_hours
    if hours is None:
        hours = case.rules.funding_interval_hours
        notes.append(f"funding every {hours:g} h, the usual interval of {case.rules.venue}")
    rate = case.query.funding_rate
    if rate is None:
        rate = INTEREST_RATE * hours / BASE_INTERVAL_HOURS
        notes.append(
            f"funding rate {rate:.4%} per {hours:g} h: the interest part alone, which is what a calm market pays"
        )
    notional = notional_of(qty=case.query.qty, price=case.mark_price, contract=case.contract)
    per_day = funding_per_day(
        position_side=case.query.position_side, notional=notional, rate=rate, interval_hours=hours
    )
    return Funding(rate=rate, interval_hours=hours, per_day=per_day, per_day_margin_ratio=per_day / case.margin)


def _survival(case: Case, price: float) -> Survival:
    query = case.query
    barrier = barrier_for(
        position_side=query.position_side,
        price=case.mark_price,
        daily_sigma=case.sigma,
        days=query.horizon_days,
        survival_probability=query.survival_probability,
    )
    margin = margin_for_liquidation_at(
        barrier,
        position_side=query.position_side,
        qty=query.qty,
        entry_price=query.entry_price,
        tiers=case.table,
        contract=case.contract,
        taker_fee=case.fee,
        maintenance_on=case.rules.maintenance_on,
    )
    margin += case.other_maintenance - case.other_pnl
    most = case.table.tier_of(case.notional).max_leverage
    leverage = None if case.is_cross or margin <= 0.0 else case.notional / margin
    limited = most is not None and not case.is_cross and (leverage is None or leverage > most)
    touched = 1.0
    if _note(case, price) is None or price == (0.0 if query.position_side == LONG else math.inf):
        touched = touch_probability(
            price=case.mark_price, barrier=price, daily_sigma=case.sigma, days=query.horizon_days
        )
    return Survival(
        horizon_days=query.horizon_days,
        probability=1.0 - touched,
        asked_probability=query.survival_probability,
        liquidation_price=barrier,
        margin=margin,
        leverage=most if limited else leverage,
        leverage_is_tier_limit=limited,
    )


def _staged(case: Case) -> tuple[Tranche, ...]:
    """Equal parts from the entry price to the last price, each with the position's leverage (cross: one wallet)."""
    query = case.query
    if not query.tranches:
        return ()
    if not 1 <= query.tranches <= MAX_TRANCHES:
        raise InputError(f"tranches is {query.tranches}; the limits are 1 and {MAX_TRANCHES}")
    last = positive("to_price", query.entry_price if query.to_price is None else query.to_price)
    part = query.qty / query.tranches
    leverage = case.notional / case.margin
    rows: list[Tranche] = []
    held = notional = 0.0
    margin = case.margin if case.is_cross else 0.0
    before = math.nan
    for number in range(query.tranches):
        step = number / (query.tranches - 1) if query.tranches > 1 else 0.0
        price = query.entry_price + (last - query.entry_price) * step
        reached = not (price <= before if query.position_side == LONG else price >= before)
        added = notional_of(qty=part, price=price, contract=case.contract)
        held, notional = held + part, notional + added
        margin += 0.0 if case.is_cross else added / leverage
        average = notional / held if case.contract == "linear" else held / notional
        before = case.price(held, average, margin)
        rows.append(
            Tranche(
                number=number + 1,
                price=price,
                qty=held,
                average_entry_price=average,
                margin=margin,
                liquidation_price=_or_none(before),
                reached=reached and (not rows or rows[-1].reached),
            )
        )
    return tuple(rows)
