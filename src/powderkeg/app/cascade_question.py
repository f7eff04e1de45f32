"""The words of a question about a ladder, as the command line and the web take them."""

from __future__ import annotations

from typing import Final, cast, get_args

from powderkeg.app.cascade_ladder import IMPACTS, LadderQuestion
from powderkeg.cascade.quoted import SHRINK_MEDIAN, SHRINK_P90
from powderkeg.domain.errors import InputError
from powderkeg.domain.units import PositionSide

STRESS: Final = {"calm": 1.0, "median": SHRINK_MEDIAN.number, "p90": SHRINK_P90.number}


def question_of(
    *,
    side: str = "short",
    shock_usd: float | None = None,
    to: float | None = None,
    stress: str | float = "calm",
    market_share: float = 1.0,
    impact: str = "sweep",
) -> LadderQuestion:
    """A question from words.

    Args:
        side: `short` or `long`.
        shock_usd: see `LadderQuestion`; this or `to`.
        to: the price to reach.
        stress: `calm`, `median` or `p90` of events, or how many times thinner the book is.
        market_share: share of a liquidation that reaches the book.
        impact: `sweep`, `power` or `sqrt`.

    Raises:
        InputError: a word that means nothing, or neither or both of shock and price.
    """
    if side not in get_args(PositionSide):
        raise InputError(f"side is {side!r}; it is 'short' (price goes up) or 'long' (price goes down)")
    if impact not in IMPACTS:
        raise InputError(f"unknown impact {impact!r}; it is one of {', '.join(IMPACTS)}")
    if (shock_usd is None) == (to is None):
        raise InputError("give a shock (--shock-usd 50e6) or a price to reach (--to 97900), one of them")
    return LadderQuestion(
        position_side=cast("PositionSide", side),
        shock_usd=shock_usd,
        price_target=to,
        market_share=market_share,
        impact=impact,
        shrink=_shrink(stress),
    )


def _shrink(stress: str | float) -> float:
    if isinstance(stress, str) and stress in STRESS:
        return STRESS[stress]
    try:
        return float(stress)
    except ValueError:
        raise InputError(f"stress is {stress!r}; it is {', '.join(STRESS)} or a factor such as 5") from None
