"""How to ask Binance USD-M over HTTP."""

from __future__ import annotations

from powderkeg.venues._binance.rest import rest

REST = rest("https://fapi.binance.com", "fapi", "symbol")
