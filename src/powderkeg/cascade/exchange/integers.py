"""Whole numbers: shares and rates of money without a float, and where the remainder of a division stays.

Everything is floor division, in plain Python as in compiled kernels; the caller says who keeps the remainder.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FlagArray = NDArray[np.int8]

RATE_ONE: Final = 1_000_000_000
"""Rates are whole billionths: 0.05 % is 500,000."""

UNITS_PER_QUOTE: Final = 1_000_000
"""Money is counted in millionths of the quote currency."""

MAX_LOTS: Final = 2**31 - 1
"""Lots of one order or position; a product of two fits in 62 bits."""

MAX_UNITS: Final = 2**58
"""Money of one position or deposit (288 billion quote); the sum of all fits in 62 bits, see `Exchange`."""


def share_of(units: Any, part: Any, whole: Any) -> Any:
    """Floor of units · part / whole without overflow, for 0 <= part <= whole <= `MAX_LOTS`."""
    return units // whole * part + units % whole * part // whole


def at_rate(units: Any, rate: Any) -> Any:
    """Floor of units · rate / `RATE_ONE` without overflow, for 0 <= rate <= `RATE_ONE`."""
    return units // 1_000_000_000 * rate + units % 1_000_000_000 * rate // 1_000_000_000


def at_rate_up(units: Any, rate: Any) -> Any:
    """The same, rounded up: what an account must hold or pay."""
    return -at_rate(-units, rate)
