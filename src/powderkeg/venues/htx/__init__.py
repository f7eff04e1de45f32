"""HTX futures and swaps, `htx`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.htx.contracts import SLUG, infer_instrument, parse_instruments
from powderkeg.venues.htx.parse import parse
from powderkeg.venues.htx.rest import REST
from powderkeg.venues.htx.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {}, "tick": {"data": {}}, "answer": {"data": {}}},
    rest=REST,
)

__all__ = ["VENUE"]
