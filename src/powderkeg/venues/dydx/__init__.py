"""dYdX v4 perpetuals, `dydx`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.dydx.contracts import SLUG, infer_instrument
from powderkeg.venues.dydx.parse import parse
from powderkeg.venues.dydx.rest import REST
from powderkeg.venues.dydx.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    subscriptions=SUBSCRIPTIONS,
    entries={"contents": {"trades": {}}, "answer": {"trades": {}}},
    rest=REST,
)

__all__ = ["VENUE"]
