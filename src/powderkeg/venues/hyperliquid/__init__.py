"""Hyperliquid perpetuals, `hyperliquid`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.hyperliquid.contracts import SLUG, infer_instrument
from powderkeg.venues.hyperliquid.parse import parse
from powderkeg.venues.hyperliquid.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer_instrument,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {"fills": {}}},
    liquidation_feed="none",
)

__all__ = ["VENUE"]
