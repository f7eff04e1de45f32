"""Bitget USDT, USDC and coin futures, `bitget`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues.base import Venue
from powderkeg.venues.bitget.contracts import infer_instrument
from powderkeg.venues.bitget.parse import parse
from powderkeg.venues.bitget.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug="bitget",
    parse=parse,
    infer_instrument=infer_instrument,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {}},
)

__all__ = ["VENUE"]
