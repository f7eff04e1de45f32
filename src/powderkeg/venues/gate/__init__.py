"""Gate futures, `gate`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.gate.contracts import infer_instrument, parse_instruments
from powderkeg.venues.gate.parse import parse
from powderkeg.venues.gate.rest import REST
from powderkeg.venues.gate.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug="gate",
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"result": {}, "answer": {}},
    rest=REST,
)

__all__ = ["VENUE"]
