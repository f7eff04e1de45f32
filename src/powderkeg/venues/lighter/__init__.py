"""Lighter perpetuals, `lighter`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.lighter.contracts import SLUG, infer_instrument, parse_instruments
from powderkeg.venues.lighter.parse import parse
from powderkeg.venues.lighter.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"trades": {}, "liquidation_trades": {}},
)

__all__ = ["VENUE"]
