"""The meaning of Binance USD-M messages, shared with the sister venue: the instrument tells the two apart."""

from powderkeg.venues._binance.parse import coverage_at, parse

__all__ = ["coverage_at", "parse"]
