"""Deribit futures, perpetuals and options, `deribit`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.deribit.contracts import SLUG, infer_instrument, parse_instruments
from powderkeg.venues.deribit.parse import parse
from powderkeg.venues.deribit.rest import REST
from powderkeg.venues.deribit.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"params": {"data": {}}, "answer": {"result": {"trades": {}}}},
    rest=REST,
)

__all__ = ["VENUE"]
