"""What USD-M and COIN-M futures of Binance share: one wire format, one meaning; the instrument tells them apart."""
