"""BitMEX perpetuals and futures, `bitmex`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.bitmex.contracts import SLUG, infer_instrument, parse_instruments
from powderkeg.venues.bitmex.parse import parse
from powderkeg.venues.bitmex.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {}},
)

__all__ = ["VENUE"]
