"""What the map is made of: bars of one market, with open interest, volume and, for calibration, liquidations."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, format_instant

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

SIDES: Final = ("long", "short")
"""The order of every axis of length 2: whose positions are closed."""


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of equal length of one market, oldest first; NaN is unknown.

    Attributes:
        symbol: the market, as the source spells it.
        interval_ns: length of a bar.
        open_ns: [N] start of each bar, strictly increasing; a missing bar is a hole, not a row.
        prices: [N, 4] open, high, low, close, quote per base; always known.
        volume_base: [N] traded volume, base units.
        open_interest_base: [N + 1] open interest before the first bar and at the close of each, base units.
        liquidated_base: [N, 2] reported liquidations of longs and shorts, base units; read by calibration only.
    """

    symbol: str
    interval_ns: int
    open_ns: IntArray
    prices: FloatArray
    volume_base: FloatArray
    open_interest_base: FloatArray
    liquidated_base: FloatArray

    def __len__(self) -> int:
        return len(self.open_ns)

    def __post_init__(self) -> None:
        """Refuse what cannot be bars of a market.

        Raises:
            InputError: shapes differ, times do not increase, or a price is missing or contradicts its bar.
        """
        n = len(self.open_ns)
        shapes = [
            (self.prices.shape, (n, 4), "prices"),
            (self.volume_base.shape, (n,), "volume_base"),
            (self.open_interest_base.shape, (n + 1,), "open_interest_base"),
            (self.liquidated_base.shape, (n, 2), "liquidated_base"),
        ]
        for got, wanted, name in shapes:
            if got != wanted:
                raise InputError(f"{self.symbol}: {name} has shape {got}, expected {wanted} for {n} bars")
        if n == 0:
            raise InputError(f"{self.symbol}: no bars; a map needs at least one")
        if (np.diff(self.open_ns) <= 0).any():
            raise InputError(f"{self.symbol}: bars are not in increasing order of time, sort them and drop repeats")
        self._check_prices()
        for array, name in (
            (self.volume_base, "volume_base"),
            (self.open_interest_base, "open_interest_base"),
            (self.liquidated_base, "liquidated_base"),
        ):
            wrong = (array < 0) | np.isinf(array)
            if wrong.any():
                row = max(int(np.argwhere(wrong)[0][0]) - (len(array) - n), 0)
                at = format_instant(int(self.open_ns[row]))
                raise InputError(f"{self.symbol}: {name} of the bar of {at} is negative or infinite; unknown is NaN")
        if np.isnan(self.open_interest_base).all():
            raise InputError(f"{self.symbol}: no open interest is known; a market without it has no map")

    def _check_prices(self) -> None:
        opened, high, low, closed = self.prices.T
        wrong = ~(np.isfinite(self.prices).all(axis=1) & (low > 0))
        wrong |= (low > np.minimum(opened, closed)) | (high < np.maximum(opened, closed))
        if wrong.any():
            at = format_instant(int(self.open_ns[int(np.argmax(wrong))]))
            raise InputError(
                f"{self.symbol}: the bar of {at} has no price path (open, high, low, close > 0, low <= high)"
            )

    @property
    def interval_hours(self) -> float:
        """Length of a bar in hours."""
        return self.interval_ns / NS_PER_HOUR

    def bars_in(self, hours: float) -> int:
        """How many bars make that many hours, at least one."""
        return max(round(hours / self.interval_hours), 1)

    def until(self, count: int) -> Bars:
        """The first `count` bars: what was known then."""
        return Bars(
            symbol=self.symbol,
            interval_ns=self.interval_ns,
            open_ns=self.open_ns[:count],
            prices=self.prices[:count],
            volume_base=self.volume_base[:count],
            open_interest_base=self.open_interest_base[: count + 1],
            liquidated_base=self.liquidated_base[:count],
        )
