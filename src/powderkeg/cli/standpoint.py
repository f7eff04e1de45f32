"""From where `ladder` and `simulate` look at a coin, as their options say it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from powderkeg.domain.errors import InputError

if TYPE_CHECKING:
    from powderkeg.app.standpoint import Standpoint


def standpoint_of(
    *,
    as_of: str | None,
    venue: list[str] | None,
    price: float | None,
    depth: Path | None,
    depth_usd: float | None,
    shape: float | None = None,
) -> Standpoint:
    """The options as keyword arguments of what loads a coin.

    Raises:
        InputError: two of them contradict each other.
    """
    from powderkeg.app.cascade_depth import DepthChoice
    from powderkeg.cascade.depth import SHAPE_EXPONENT

    if depth is not None and depth_usd is not None:
        raise InputError("--depth and --depth-usd both say how deep the book is; give one of them")
    exponent = SHAPE_EXPONENT if shape is None else shape
    choice = DepthChoice(path=depth, within_usd=depth_usd, exponent=exponent)
    return {"as_of": as_of, "venue": venue or None, "price": price, "depth": choice}


def check_fuel(fuel: Path | None, bars: Path | None, as_of: str | None, venue: list[str] | None) -> None:
    """Refuse a table of fuel beside what chooses a map.

    Raises:
        InputError: both are given.
    """
    if fuel is not None and (bars is not None or as_of is not None or venue):
        raise InputError("--fuel stands instead of a map; --bars, --as-of and --venue choose one: give either")
