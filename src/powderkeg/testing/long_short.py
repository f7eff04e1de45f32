"""Long/short ratios of the one simulated venue that is asked for them: a slow wave, so that past and present meet."""

from __future__ import annotations

import math
from typing import Any, Final
from zlib import crc32

RATIO_VENUE: Final = "binance-usdm"
RATIO_STREAM: Final = "long_short_ratio"
RATIO_EVERY_MS: Final = 300_000

_MIDDLE: Final = 0.58
_SWING: Final = 0.05
_PERIOD_MS: Final = 11 * 3_600_000


def long_short_row(name: str, venue_symbol: str, at_ms: int) -> dict[str, Any]:
    """A row of Binance's answer, of the five minutes that ended last; the numbers are made up.

    Source: Binance USD-M REST docs, "Long/Short Ratio" and its siblings, read 2026-11.

    Args:
        name: of the endpoint: `globalLongShortAccountRatio` or a sibling.
        venue_symbol: the contract.
        at_ms: when it is asked.
    """
    told_ms = at_ms // RATIO_EVERY_MS * RATIO_EVERY_MS
    phase = crc32(f"{name} {venue_symbol}".encode()) / 2**32 * 2.0 * math.pi
    long_share = round(_MIDDLE + _SWING * math.sin(2.0 * math.pi * told_ms / _PERIOD_MS + phase), 4)
    return {
        "symbol": venue_symbol,
        "longShortRatio": f"{long_share / (1.0 - long_share):.4f}",
        "longAccount": f"{long_share:.4f}",
        "shortAccount": f"{1.0 - long_share:.4f}",
        "timestamp": told_ms,
    }
