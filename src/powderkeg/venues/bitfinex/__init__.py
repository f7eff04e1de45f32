"""Bitfinex derivatives, `bitfinex`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.bitfinex.contracts import SLUG, infer_instrument
from powderkeg.venues.bitfinex.numbers import ChannelNumbers
from powderkeg.venues.bitfinex.parse import parse
from powderkeg.venues.bitfinex.rest import REST
from powderkeg.venues.bitfinex.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    subscriptions=SUBSCRIPTIONS,
    entries={1: {}, "answer": {}},
    rest=REST,
    naming=ChannelNumbers,
)

__all__ = ["VENUE"]
