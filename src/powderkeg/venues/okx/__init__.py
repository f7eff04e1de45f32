"""OKX swaps and futures, `okx`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.okx.contracts import infer_instrument, parse_instruments
from powderkeg.venues.okx.parse import channel_of, parse
from powderkeg.venues.okx.rest import REST
from powderkeg.venues.okx.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug="okx",
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {"details": {}}, "answer": {"data": {"details": {}}}},
    rest=REST,
    channel_of=channel_of,
)

__all__ = ["VENUE"]
