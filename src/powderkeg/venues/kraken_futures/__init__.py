"""Kraken Futures, before 2019 Crypto Facilities, `kraken-futures`. The facts behind it stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.kraken_futures.contracts import SLUG, infer_instrument, parse_instruments
from powderkeg.venues.kraken_futures.parse import parse
from powderkeg.venues.kraken_futures.rest import REST
from powderkeg.venues.kraken_futures.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"answer": {"history": {}}},
    rest=REST,
)

__all__ = ["VENUE"]
