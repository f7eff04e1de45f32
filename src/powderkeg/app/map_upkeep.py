"""What keeps maps quick and judged without anyone asking: calibrating ahead of questions, and a score once a day."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import msgspec

from powderkeg.app.library import Library
from powderkeg.app.map_score_history import market_of
from powderkeg.app.map_scores import score_library
from powderkeg.app.selection import base_coin
from powderkeg.domain.errors import InputError, StoreBusyError
from powderkeg.domain.time import NS_PER_DAY
from powderkeg.store.scorecards import read_scores

WINDOWS: Final = ("24h", "7d")
"""Of the heatmaps people open; their columns need the calibrations of every day in them."""

SOURCE: Final = "archive"
REHEARSED_PATHS: Final = 64


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """What the daily score came to.

    Attributes:
        written: new records; None where nothing was scored.
        reason: why not.
    """

    written: int | None = None
    reason: str = ""


def coins_to_map(library: Library) -> list[str]:
    """Coins that can have a map, those with most markets first."""
    markets: dict[str, int] = {}
    for bars in library.maps.bars():
        coin = base_coin(market_of(bars.symbol)[1])
        markets[coin] = markets.get(coin, 0) + 1
    return sorted(markets, key=lambda coin: (-markets[coin], coin))


def calibrate_ahead(library: Library, coin: str) -> None:
    """Make and keep what maps and heatmaps of a coin stand on; nothing where it has no map."""
    with suppress(InputError):
        library.liquidation_map(coin)
        for window in WINDOWS:
            library.heatmap(coin, window=window)


def rehearse(library: Library, coin: str) -> None:
    """Ask a small ladder and a small simulation, so that what they run is compiled and kept before anyone waits."""
    from powderkeg.app.simulation import question_from  # noqa: PLC0415 - numba only where it is used

    with suppress(InputError):
        library.ladder(coin, shock_usd=0.0)
        library.simulation_market(coin).ask(question_from({"paths": REHEARSED_PATHS, "horizon": "10m"}))


def score_daily(library: Library, now_ns: int) -> Upkeep:
    """Score the maps of a data directory unless that was done on this day (UTC).

    Args:
        library: the data directory.
        now_ns: the time it is.
    """
    today = now_ns // NS_PER_DAY
    stored = read_scores(library.data_dir).records
    if any(one.source == SOURCE and one.scored_at_ns // NS_PER_DAY >= today for one in stored):
        return Upkeep(reason="scored today already")
    try:
        found = score_library(
            library.maps, library.data_dir, None, None, is_simulated=library.is_simulated, now_ns=now_ns
        )
    except (InputError, StoreBusyError) as error:
        return Upkeep(reason=str(error))
    return Upkeep(written=found.written)
