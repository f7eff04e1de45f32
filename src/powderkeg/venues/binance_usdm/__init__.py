"""Binance USD-M futures, `binance-usdm`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues._binance.contracts import USDM
from powderkeg.venues.base import Venue
from powderkeg.venues.binance_usdm.contracts import infer_instrument, parse_instruments
from powderkeg.venues.binance_usdm.parse import parse
from powderkeg.venues.binance_usdm.rest import REST
from powderkeg.venues.binance_usdm.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=USDM,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {}},
    rest=REST,
)

__all__ = ["VENUE"]
