"""Names and contract sizes of Binance USD-M, see `venues/_binance/contracts.py`."""

from powderkeg.venues._binance import contracts

infer_instrument = contracts.infer_usdm
parse_instruments = contracts.parse_usdm_listing
