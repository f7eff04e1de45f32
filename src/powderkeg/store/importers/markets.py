"""Contracts as tables name them: pairs without separators, coins per venue, Binance's two markets."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import SymbolParts, parts_of, split_pair
from powderkeg.domain.time import NS_PER_DAY
from powderkeg.domain.units import Coverage

BINANCE_USDM: Final = "binance-usdm"
BINANCE_COINM: Final = "binance-coinm"
BINANCE_SPOT: Final = "binance-spot"
"""Spot candles are context for the contracts; no feed of this venue is read."""

ALL_VENUES: Final = "all"

_SETTLED_IN = {
    # What each venue's usual perpetual on a coin is quoted and settled in (their instrument lists, read 2026-07).
    "binance-usdm": ("USDT", "USDT"),
    "bybit": ("USDT", "USDT"),
    "okx": ("USDT", "USDT"),
    "bitget": ("USDT", "USDT"),
    "gate": ("USDT", "USDT"),
    "htx": ("USDT", "USDT"),
    "bitfinex": ("USDT", "USDT"),
    "hyperliquid": ("USDC", "USDC"),
    "dydx": ("USDC", "USDC"),
    "lighter": ("USDC", "USDC"),
    "kraken-futures": ("USD", "USD"),
    ALL_VENUES: ("USDT", "USDT"),
}


@lru_cache(maxsize=4096)
def coin_perpetual(venue: str, coin: str) -> str:
    """The unified symbol of a venue's usual perpetual on a coin.

    A sum over all contracts of a coin (venue `all`) is filed under the coin's USDT perpetual, the spelling people look
    it up by; its venue says that it is a sum.

    Raises:
        InputError: not a coin, or a venue without a usual perpetual.
    """
    if not _is_code(coin.removeprefix("k") if venue == "hyperliquid" else coin):  # kPEPE: a thousand of them
        raise InputError(f"{coin[:40]!r} is not a coin")
    if venue not in _SETTLED_IN:
        raise InputError(
            f"{venue} has no one usual perpetual on {coin}: the table does not say which contract is meant"
        )
    quote, settle = _SETTLED_IN[venue]
    return str(SymbolParts(coin, quote, settle))


@lru_cache(maxsize=4096)
def pair_perpetual(pair: str) -> str:
    """The unified symbol of a glued pair such as `BTCUSDT` or `1000BONKUSDC`.

    Raises:
        InputError: it does not end in a quote currency.
    """
    found = split_pair(pair) if _is_code(pair) else None
    if found is None or found[1] == "USD":
        raise InputError(f"{pair[:40]!r} is not a pair such as BTCUSDT")
    return str(SymbolParts(found[0], found[1], found[1]))


@lru_cache(maxsize=4096)
def spot_pair(pair: str) -> str:
    """The unified symbol of a glued spot pair: `BTC/USDT`."""
    return pair_perpetual(pair).partition(":")[0]


_COLLECTOR_QUOTES = ("USDT", "USDC", "BUSD")


@lru_cache(maxsize=4096)
def shortened_pair(name: str) -> str:
    """The unified symbol of a Binance USD-M contract from whose name a collector took the letters USDT.

    `BTC` is BTCUSDT, `BTC_251226` its quarterly future; `1000BONKUSDC` and `ETHBTC` (the one contract quoted in coin)
    are not USDT contracts and stay whole; `4`, `0G` and `币安人生` are coins.

    Raises:
        InputError: not a name a contract can have.
    """
    base, _, expiry = name.partition("_")
    if not _is_code(base) or (expiry and not (expiry.isascii() and expiry.isdigit() and len(expiry) == EXPIRY_DIGITS)):
        raise InputError(f"{name[:40]!r} is not a contract of Binance USD-M")
    if base == "ETHBTC":
        return "ETH/BTC:BTC"
    quote = next((quote for quote in _COLLECTOR_QUOTES if base.endswith(quote) and base != quote), None)
    base, quote = (base.removesuffix(quote), quote) if quote else (base, "USDT")
    return str(SymbolParts(base, quote, quote, expiry or None))


EXPIRY_DIGITS: Final = 6
MAX_CODE_CHARS: Final = 24


def _is_code(text: str) -> bool:
    """Upper-case letters and digits of any alphabet, as currency codes are."""
    return 0 < len(text) <= MAX_CODE_CHARS and text.isalnum() and text == text.upper()


@lru_cache(maxsize=1024)
def binance_contract(symbol: str) -> Instrument:
    """A Binance contract from its unified symbol; COIN-M ones count in contracts of 100 USD (BTC) or 10 USD.

    Source: Binance COIN-M `exchangeInfo`, contractSize, read 2026-07.
    """
    parts = parts_of(symbol)
    inverse = parts.contract == "inverse"
    size = (100.0 if parts.base == "BTC" else 10.0) if inverse else 1.0
    return Instrument(
        venue=BINANCE_COINM if inverse else BINANCE_USDM,
        venue_symbol=symbol,
        symbol=symbol,
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="contracts" if inverse else "base",
        contract_size=size,
    )


_SAMPLED_SINCE_NS: Final = 18_744 * NS_PER_DAY
"""2021-04-27: Binance began to push only the latest liquidation order per symbol and second (its API change log)."""


def binance_coverage(ts_ns: int) -> Coverage:
    """What a Binance liquidation feed promised at an instant; before it was sampled nothing was promised in words."""
    return "latest_per_second" if ts_ns >= _SAMPLED_SINCE_NS else "unknown"
