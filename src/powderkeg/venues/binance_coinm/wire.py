"""Binance COIN-M messages: one wire format with the sister venue, see `venues/_binance/wire.py`."""

from powderkeg.venues._binance.wire import AggTrade, Combined, ForceOrder, MarkPrice, Message

__all__ = ["AggTrade", "Combined", "ForceOrder", "MarkPrice", "Message"]
