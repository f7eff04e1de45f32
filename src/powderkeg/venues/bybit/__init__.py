"""Bybit linear and inverse contracts, `bybit`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.bybit.contracts import infer_instrument, parse_instruments
from powderkeg.venues.bybit.parse import parse
from powderkeg.venues.bybit.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug="bybit",
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {}},
)

__all__ = ["VENUE"]
