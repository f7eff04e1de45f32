"""Names and contract sizes of Binance COIN-M, see `venues/_binance/contracts.py`."""

from powderkeg.venues._binance import contracts

infer_instrument = contracts.infer_coinm
parse_instruments = contracts.parse_coinm_listing
