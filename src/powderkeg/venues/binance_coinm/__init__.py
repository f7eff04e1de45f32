"""Binance COIN-M futures, `binance-coinm`. The facts behind this directory stand in QUIRKS.md."""

from powderkeg.venues._binance.contracts import COINM
from powderkeg.venues.base import Venue
from powderkeg.venues.binance_coinm.contracts import infer_instrument, parse_instruments
from powderkeg.venues.binance_coinm.parse import parse
from powderkeg.venues.binance_coinm.rest import REST
from powderkeg.venues.binance_coinm.subscribe import SUBSCRIPTIONS

VENUE = Venue(
    slug=COINM,
    parse=parse,
    infer_instrument=infer_instrument,
    parse_instruments=parse_instruments,
    subscriptions=SUBSCRIPTIONS,
    entries={"data": {}},
    rest=REST,
)

__all__ = ["VENUE"]
