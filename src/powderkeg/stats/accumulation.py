"""Accumulation/distribution: volume weighted by where in its range each bar closed."""

from __future__ import annotations

from powderkeg.domain.errors import InputError


class AccumulationDistribution:
    """The A/D line: the running sum of V·((C − L) − (H − C)) / (H − L).

    Law: a close at the high adds the whole volume, one at the low takes it away, one in the middle changes nothing;
    a bar without range says nothing about either side and adds 0.
    Source: M. Chaikin's A/D line as TA-Lib (`TA_AD`) and Tulip Indicators (`ad`) define it, read 2026-07.
    """

    def __init__(self) -> None:
        self._line = 0.0

    def update(self, *, high: float, low: float, close: float, volume: float) -> None:
        """Take in a bar.

        Args:
            high: highest price of the bar.
            low: lowest price.
            close: last price, within the two.
            volume: traded volume in any unit, >= 0; the line is in the same.

        Raises:
            InputError: the close lies outside the range, or a number is NaN or negative.
        """
        if not (low <= close <= high and volume >= 0.0):
            raise InputError(f"not a bar: high {high:g}, low {low:g}, close {close:g}, volume {volume:g}")
        if high > low:
            self._line += volume * ((close - low) - (high - close)) / (high - low)

    @property
    def value(self) -> float:
        """The line after the bars so far, in units of volume."""
        return self._line
