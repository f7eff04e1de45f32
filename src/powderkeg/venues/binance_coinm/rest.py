"""How to ask Binance COIN-M over HTTP."""

from __future__ import annotations

from powderkeg.venues._binance.rest import rest

REST = rest("https://dapi.binance.com", "dapi", "pair")
