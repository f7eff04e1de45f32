"""What both Binance venues answer over HTTP only: open interest and long/short ratios. There is no liquidation history.

Source: Binance developer docs, "Open Interest" (weight 1), "Long/Short Ratio" and its siblings (1,000 requests per 5
minutes and address, a new row each 5 minutes), "General Info" (2,400 weight a minute), read 2026-11.
"""

from __future__ import annotations

from typing import Final

from powderkeg.venues.rest import Poll, Rest

RATIO_KINDS: Final = {
    "globalLongShortAccountRatio": "accounts",
    "topLongShortAccountRatio": "top_accounts",
    "topLongShortPositionRatio": "top_positions",
}
"""Name of the endpoint -> `LongShortRatio.ratio_kind`."""

OPEN_INTEREST_EVERY_S: Final = 10.0
RATIO_EVERY_S: Final = 300.0
RATIO_WEIGHT: Final = 6.0
"""1,000 requests in 5 minutes are 200 a minute: of 1,200 weight a minute, 6 each keep to that."""


def rest(url: str, api: str, by: str) -> Rest:
    """Polls of one Binance venue.

    Args:
        url: scheme and host.
        api: `fapi` or `dapi`.
        by: parameter by which ratios are asked: `symbol`, or `pair` on COIN-M.
    """
    interest = Poll(
        "open_interest", "openInterest", f"/{api}/v1/openInterest?symbol={{symbol}}", 1.0, OPEN_INTEREST_EVERY_S
    )
    about = "{symbol}" if by == "symbol" else "{pair}"
    ratios = tuple(
        Poll(
            "long_short_ratio",
            name,
            f"/futures/data/{name}?{by}={about}&period=5m&limit=1",
            RATIO_WEIGHT,
            RATIO_EVERY_S,
        )
        for name in RATIO_KINDS
    )
    return Rest(url=url, weight_per_minute=1_200.0, polls=(interest, *ratios))
