"""What a market teaches at a cut: hours with known liquidations, of a map that is walked over its own short bars.

Calibration reads hours however short the bars are: what a map can learn of a day hardly grows when the day is cut into
minutes, and what is fitted and kept grows with the hours alone, as in `screen`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

import numpy as np

from powderkeg.domain.time import NS_PER_HOUR
from powderkeg.liqmap.bars import Bars, FloatArray
from powderkeg.liqmap.coarse import Coarse, coarsen, estimate_within
from powderkeg.liqmap.estimate import Estimate, MapSettings
from powderkeg.liqmap.panel import WARM_UP_HOURS

MARK_BYTES: Final = 16


class Lesson(NamedTuple):
    """Bars of one market that ended by a cut.

    Attributes:
        bars: as short as they were read.
        hours: the same, put into hours (longer bars as they are).
        mark: tells these bars from any others.
    """

    bars: Bars
    hours: Coarse
    mark: str

    @property
    def symbol(self) -> str:
        """The market."""
        return self.bars.symbol

    @property
    def known(self) -> int:
        """Hours with known liquidations that can be trained on."""
        return int(np.isfinite(self._liquidated[:, 0]).sum())

    @property
    def struck(self) -> int:
        """Hours of these in which something was liquidated: what there is to learn from."""
        return int((np.nan_to_num(self._liquidated).sum(axis=1) > 0).sum())

    @property
    def _liquidated(self) -> FloatArray:
        return self.hours.bars.liquidated_base[self.hours.bars.bars_in(WARM_UP_HOURS) :]

    def walk(self, settings: MapSettings) -> Estimate:
        """The map walked over the short bars, with what each hour crossed of it."""
        return estimate_within(self.bars, self.hours, settings)


class Teacher:
    """Gives the lessons of one market, cut after cut; hours and marks are made once for all of them.

    Law: the lesson at a cut, a whole hour, does not depend on any bar that ended later.

    Args:
        bars: of one market, of any length.
    """

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._hours = coarsen(bars, NS_PER_HOUR)
        self._ends = np.append(self._hours.starts[1:], len(bars))
        head = f"{bars.symbol} {bars.interval_ns} {float(bars.open_interest_base[0])!r}"
        self._hashed = {0: blake2b(head.encode(), digest_size=MARK_BYTES)}

    def lesson(self, cut_ns: int) -> Lesson | None:
        """What ended by a cut; None where that is no whole hour, or no open interest is known by then."""
        count = int(np.searchsorted(self._bars.open_ns + self._bars.interval_ns, cut_ns, side="right"))
        hours = int(np.searchsorted(self._ends, count, side="right"))
        count = int(self._ends[hours - 1]) if hours else 0
        if not hours or not np.isfinite(self._bars.open_interest_base[: count + 1]).any():
            return None
        held = Coarse(self._hours.bars.until(hours), self._hours.starts[:hours])
        return Lesson(self._bars.until(count), held, self._mark(count))

    def _mark(self, count: int) -> str:
        """Row after row, so that a later cut goes on where an earlier one stopped."""
        known = max(held for held in self._hashed if held <= count)
        if known < count:
            part, bars = slice(known, count), self._bars
            rows = np.column_stack(
                [
                    bars.open_ns[part].view(np.float64),
                    bars.prices[part],
                    bars.volume_base[part],
                    bars.open_interest_base[known + 1 : count + 1],
                    bars.liquidated_base[part],
                ]
            )
            hashed = self._hashed[known].copy()
            hashed.update(rows.tobytes())
            self._hashed[count] = hashed
        return self._hashed[count].hexdigest()
