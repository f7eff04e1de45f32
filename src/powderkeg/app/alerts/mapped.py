"""Observations made from the liquidation map and the ladder: what is near the price, and whether it feeds itself."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np

from powderkeg.alerts.observations import FuelReading, LadderReading, Observation
from powderkeg.app.cascade_ladder import LadderQuestion, ask
from powderkeg.app.cascade_words import told_rungs
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library
from powderkeg.domain.errors import InputError
from powderkeg.domain.units import LONG, SHORT, PositionSide
from powderkeg.liqmap.fuel import fuel_profile
from powderkeg.liqmap.reading import LiquidationMap

REACH_RATIO: Final = 0.10
"""How far the average a stretch is compared with goes."""

STEP_BPS: Final = 5.0
LARGEST: Final = 3
SIDES: Final[tuple[PositionSide, ...]] = (SHORT, LONG)


class Mapped(msgspec.Struct, frozen=True):
    """Readings, and why something is missing, by coin."""

    observations: tuple[Observation, ...]
    missing: dict[str, str]


def largest_coins(library: Library, count: int = LARGEST) -> tuple[str, ...]:
    """Coins with the most recorded open interest, by their newest maps; BTC and ETH where nothing tells."""
    held: dict[str, float] = {}
    for bars in library.maps.bars():
        known = bars.open_interest_base[np.isfinite(bars.open_interest_base)]
        if len(known):
            coin = bars.symbol.partition(" ")[2].partition("/")[0] or bars.symbol
            held[coin] = held.get(coin, 0.0) + float(known[-1]) * float(bars.prices[-1, 3])
    ranked = sorted(held, key=lambda coin: -held[coin])
    return tuple(ranked[:count]) or ("BTC", "ETH")


def readings(library: Library, coins: tuple[str, ...], *, within_ratio: float, as_of: Instant = None) -> Mapped:
    """Both kinds of readings of both sides of some coins; a coin without a map is named with the reason."""
    found: list[Observation] = []
    missing: dict[str, str] = {}
    for coin in coins:
        try:
            one = library.liquidation_map(coin, as_of=as_of)
            found += [_fuel(library, coin, one, side, within_ratio) for side in SIDES]
        except InputError as error:
            missing[coin] = str(error)
            continue
        try:
            found += _ladders(library, coin, one, as_of)
        except InputError as error:
            missing[f"{coin} ladder"] = str(error)
    return Mapped(tuple(found), missing)


def _fuel(library: Library, coin: str, one: LiquidationMap, side: PositionSide, within_ratio: float) -> FuelReading:
    bins = round(math.log1p(REACH_RATIO) / (STEP_BPS * 1e-4))
    near = max(round(math.log1p(within_ratio) / (STEP_BPS * 1e-4)), 1)
    profile = fuel_profile(one, bin_bps=STEP_BPS, bins=bins, position_side=side)
    ends = [
        fuel_profile(
            msgspec.structs.replace(one, notional_usd=held), bin_bps=STEP_BPS, bins=near, position_side=side
        ).sum()
        for held in (one.lower_usd, one.upper_usd)
    ]
    direction = 1.0 if side == SHORT else -1.0
    peak = (int(np.argmax(profile[:near])) + 0.5) * STEP_BPS * 1e-4
    return FuelReading(
        coin=coin,
        position_side=side,
        mark_price=one.mark_price,
        within_ratio=within_ratio,
        reach_ratio=REACH_RATIO,
        near_usd=float(profile[:near].sum()),
        lower_usd=float(ends[0]),
        upper_usd=float(ends[1]),
        mean_usd=float(profile.sum()) * near / bins,
        price_peak=one.mark_price * math.exp(direction * peak),
        method=one.method,
        is_floor=one.is_floor,
        gain=newest_gain(library, coin, side),
        placed_ratio=_placed(one),
        absent=len(one.absent),
        ts_event_ns=one.as_of_ns,
        is_simulated=one.is_simulated,
    )


def newest_gain(library: Library, coin: str, side: str) -> float | None:
    """The mean of the newest stored scores over the move alone, of the markets of a coin; None where there is none."""
    scores = [one.score.get("gain") for one in library.map_scores(coin=coin).latest if one.position_side == side]
    known = [float(score) for score in scores if isinstance(score, int | float)]
    return sum(known) / len(known) if known else None


def _placed(one: LiquidationMap) -> float | None:
    return sum(seen.placed_ratio for seen in one.coverage) / len(one.coverage) if one.coverage else None


def _ladders(library: Library, coin: str, one: LiquidationMap, as_of: Instant) -> list[Observation]:
    inputs = library.ladder_inputs(coin, as_of=as_of)
    found: list[Observation] = []
    for side in SIDES:
        report = ask(inputs, LadderQuestion(position_side=side, shock_usd=0.0))
        rung = next(iter(told_rungs(report)), None)
        endless = rung is not None and rung.reproduction is None
        found.append(
            LadderReading(
                coin=coin,
                position_side=side,
                mark_price=inputs.price,
                reproduction=0.0 if rung is None else math.inf if endless else rung.reproduction or 0.0,
                price_trigger=None if rung is None else rung.price_trigger,
                price_stop=None if rung is None else rung.price_stop,
                fuel_usd=0.0 if rung is None else rung.fuel_usd,
                depth_usd=0.0 if rung is None else rung.depth_usd,
                fuel_method=report.fuel.method,
                depth_method=report.depth.method,
                depth_source=report.depth.source,
                is_floor=one.is_floor,
                ts_event_ns=inputs.as_of_ns or one.as_of_ns,
                is_simulated=inputs.is_simulated,
            )
        )
    return found
