"""From where a coin is looked at, said once for every way of loading it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from powderkeg.app.cascade_depth import DepthChoice
from powderkeg.app.instants import Instant


class Standpoint(TypedDict, total=False):
    """Keyword arguments of `Library.ladder_inputs` and `Library.simulation_market`; each may be left out.

    Attributes:
        as_of: nothing later is read; None for the newest.
        venue: a venue or several; None for all.
        price: where to start, quote per base; None for the map's mark price.
        depth: where depth comes from; None for the best that is known.
    """

    as_of: Instant
    venue: str | Sequence[str] | None
    price: float | None
    depth: DepthChoice | None
