"""The exact exchange."""

from powderkeg.cascade.exchange.book import Fill, OrderBook, Placed

__all__ = ["Fill", "OrderBook", "Placed"]
