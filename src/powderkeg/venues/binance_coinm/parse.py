"""The meaning of Binance COIN-M messages, shared with the sister venue: the instrument tells the two apart."""

from powderkeg.venues._binance.meanings import coverage_at
from powderkeg.venues._binance.parse import parse

__all__ = ["coverage_at", "parse"]
