"""What a ladder is made of, loaded once: fuel and depth in both directions from one price, with where they come from.

Loading reads files and calibrates maps; computing a ladder from what was loaded takes well under a millisecond, so
that a person can drag a shock.
"""

from __future__ import annotations

from typing import Final

import msgspec

from powderkeg.cascade.depth import DepthProfile
from powderkeg.cascade.profiles import FloatArray, Grid, grid_of
from powderkeg.domain.units import LONG, SHORT, PositionSide

BIN_BPS: Final = 1.0
BINS: Final = 2_500
"""How far a ladder looks: a quarter of log price, up 28 % and down 22 %."""

SIDES: Final[tuple[PositionSide, ...]] = (LONG, SHORT)


class FuelProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Notional that would be liquidated in one direction.

    Attributes:
        fuel_usd: [bins] USD per bin.
        lower_usd, upper_usd: [bins] the map's 80 % band; None where it has none.
        method: `measured`, `modelled`, or `given` for a table of one's own.
        sources: markets or files that entered.
        as_of_ns: end of what entered; None where no time is known.
        assumptions: what a reader must know to judge it.
    """

    fuel_usd: FloatArray
    lower_usd: FloatArray | None
    upper_usd: FloatArray | None
    method: str
    sources: tuple[str, ...]
    as_of_ns: int | None
    assumptions: dict[str, str]


class LadderInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a ladder of a coin needs.

    Attributes:
        coin: as asked.
        price: mark price the ladder starts from, quote per base.
        price_source: where it comes from.
        as_of_ns: the time it is about; None where nothing tells one.
        fuel: per position side.
        depth: per position side: asks for shorts, bids for longs.
        open_interest_usd: of the markets of the map.
        daily_sigma: standard deviation of daily log returns, for the square-root law; None where unknown.
        daily_volume_usd: traded in a day in the markets of the map; None where unknown.
        volume_window: what the last two were taken from.
        is_simulated: whether any of it comes from a simulated market.
    """

    coin: str
    price: float
    price_source: str
    as_of_ns: int | None
    fuel: dict[PositionSide, FuelProfile]
    depth: dict[PositionSide, DepthProfile]
    open_interest_usd: float | None = None
    daily_sigma: float | None = None
    daily_volume_usd: float | None = None
    volume_window: str = ""
    is_simulated: bool = False

    def grid(self, position_side: PositionSide) -> Grid:
        """The bins of a direction."""
        return grid_of(self.price, BIN_BPS, BINS, position_side)
