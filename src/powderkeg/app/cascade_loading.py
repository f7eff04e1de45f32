"""Loading the inputs of ladders: a map or a table of fuel, depth, and the day's volume and volatility."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Unpack

import numpy as np

from powderkeg.app.cascade_depth import DepthChoice, depth_for
from powderkeg.app.cascade_fuel import fuel_of_map, fuel_of_table
from powderkeg.app.cascade_inputs import LadderInputs
from powderkeg.app.instants import FAR_FUTURE_NS, instant_ns
from powderkeg.app.liquidation_maps import Maps, base_coin
from powderkeg.app.standpoint import Standpoint
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, format_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.store.query import Database

VOLUME_DAYS: Final = 30
"""Days of bars that a day's usual volume and volatility are taken from."""


def inputs_of_maps(
    maps: Maps, coin: str, *, database: Database | None = None, **where: Unpack[Standpoint]
) -> LadderInputs:
    """Everything a ladder of a coin needs, from a liquidation map.

    Args:
        maps: where the map comes from.
        coin: a coin or any spelling of its symbol.
        database: the data directory, where there is one.
        where: as_of, venue, price, depth: see `Standpoint`.

    Raises:
        InputError: nothing to make a map of, or no depth.
    """
    as_of, venue, price = where.get("as_of"), where.get("venue"), where.get("price")
    one = maps.liquidation_map(coin, as_of=as_of, venue=venue)
    start = one.mark_price if price is None else _positive(price)
    wanted = base_coin(coin)
    chosen = maps.choose(coin, FAR_FUTURE_NS if as_of is None else instant_ns(as_of), venue)
    sigma, volume, window = _daily([chosen.model.markets[name] for name in chosen.names])
    return LadderInputs(
        coin=wanted,
        price=start,
        price_source=f"last price of {', '.join(one.sources)}" if price is None else "given",
        as_of_ns=one.as_of_ns,
        fuel=fuel_of_map(one, start),
        depth=depth_for(wanted, start, one.as_of_ns, where.get("depth") or DepthChoice(), database),
        open_interest_usd=one.open_interest_usd,
        daily_sigma=sigma,
        daily_volume_usd=volume,
        volume_window=window,
        is_simulated=one.is_simulated,
    )


def inputs_of_table(coin: str, path: Path, price: float | None, depth: DepthChoice | None = None) -> LadderInputs:
    """Everything a ladder needs, from a table of fuel (`price, long_usd, short_usd`).

    Raises:
        InputError: the table cannot be read, no price was given, or no depth is known.
    """
    if price is None:
        raise InputError("a table of fuel does not say where price is; give --price")
    start, wanted = _positive(price), base_coin(coin)
    return LadderInputs(
        coin=wanted,
        price=start,
        price_source="given",
        as_of_ns=None,
        fuel=fuel_of_table(path, start),
        depth=depth_for(wanted, start, None, depth or DepthChoice(), None),
    )


def _positive(price: float) -> float:
    if not (math.isfinite(price) and price > 0.0):
        raise InputError(f"price is {price}; it must be positive and finite")
    return price


def _daily(markets: list[Bars]) -> tuple[float | None, float | None, str]:
    """Standard deviation of daily log returns of the largest market, volume of a day of all, and the window."""
    sigmas: list[float] = []
    volumes: list[float] = []
    latest = max(markets, key=lambda bars: int(bars.open_ns[-1]))
    first_ns = int(latest.open_ns[-1]) - VOLUME_DAYS * NS_PER_DAY
    for bars in markets:
        kept = bars.open_ns >= first_ns
        closes, per_day = bars.prices[kept, 3], NS_PER_DAY / bars.interval_ns
        traded = bars.volume_base[kept] * closes
        if kept.sum() < 2 * per_day:
            continue
        sigmas.append(float(np.diff(np.log(closes)).std() * math.sqrt(per_day)))
        volumes.append(float(np.nanmean(traded) * per_day) if np.isfinite(traded).any() else 0.0)
    if not sigmas:
        return None, None, ""
    window = f"{format_instant(max(first_ns, int(latest.open_ns[0])))} to {format_instant(int(latest.open_ns[-1]))}"
    biggest = int(np.argmax(volumes))
    return sigmas[biggest] or None, sum(volumes) or None, window
