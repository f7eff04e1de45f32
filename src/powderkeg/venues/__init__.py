"""What each exchange says, as domain events.

    >>> from powderkeg.venues import VENUES, parse_frame
    >>> frame = (
    ...     b'{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,'
    ...     b'"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}'
    ... )
    >>> event, = parse_frame("bybit", frame, ts_received_ns=1739502303300000000)
    >>> event.position_side, round(event.notional_usd, 2), event.price_kind
    ('short', 899.8, 'bankruptcy')

A venue is a directory with fixed file names: `wire.py` (message structs), `parse.py` (their meaning), `contracts.py`
(its names and contract sizes), `subscribe.py` (URLs, channels, canary, limits) and `QUIRKS.md` (facts, sources, dates).
Adding a venue adds a directory and one line in `registry.py`.
"""

from powderkeg.venues.base import Subscriptions, Venue
from powderkeg.venues.connection import Connection
from powderkeg.venues.registry import VENUES, default_instruments, parse_frame

__all__ = ["VENUES", "Connection", "Subscriptions", "Venue", "default_instruments", "parse_frame"]
