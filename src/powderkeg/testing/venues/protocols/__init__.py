"""The venues' sides of the conversation, one module each; pure."""

from __future__ import annotations

from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.testing.venues.protocols.base import Session, VenueProtocol
from powderkeg.testing.venues.protocols.binance import BinanceProtocol
from powderkeg.testing.venues.protocols.bitget import BitgetProtocol
from powderkeg.testing.venues.protocols.bybit import BybitProtocol
from powderkeg.testing.venues.protocols.deribit import DeribitProtocol
from powderkeg.testing.venues.protocols.gate import GateProtocol
from powderkeg.testing.venues.protocols.hyperliquid import HyperliquidProtocol
from powderkeg.testing.venues.protocols.okx import OkxProtocol

_TYPES: tuple[type[VenueProtocol], ...] = (
    BinanceProtocol,
    BitgetProtocol,
    BybitProtocol,
    DeribitProtocol,
    GateProtocol,
    HyperliquidProtocol,
    OkxProtocol,
)

PROTOCOLS: Final[dict[str, type[VenueProtocol]]] = {protocol.slug: protocol for protocol in _TYPES}

__all__ = ["PROTOCOLS", "Session", "VenueProtocol", "protocol_of"]


def protocol_of(venue: str) -> VenueProtocol:
    """The venue's protocol.

    Raises:
        InputError: the venue cannot be simulated over sockets.
    """
    if venue not in PROTOCOLS:
        raise InputError(f"{venue} cannot be simulated over sockets; venues are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[venue]()
