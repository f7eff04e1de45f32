"""Which contract of a venue stands for a coin: its main perpetual, by the venue's own name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of, venue_slug
from powderkeg.venues import VENUES
from powderkeg.venues.lighter.contracts import COINS as LIGHTER_COINS

MAIN_PERPETUAL: Final[dict[str, str]] = {
    "binance-coinm": "{}USD_PERP",
    "binance-usdm": "{}USDT",
    "bitfinex": "t{}F0:USTF0",
    "bitget": "{}USDT",
    "bitmex": "{}USDT",
    "bybit": "{}USDT",
    "deribit": "{}_USDC-PERPETUAL",
    "dydx": "{}-USD",
    "gate": "{}_USDT",
    "htx": "{}-USDT",
    "hyperliquid": "{}",
    "kraken-futures": "PF_{}USD",
    "okx": "{}-USDT-SWAP",
}
"""How each venue names the perpetual of a coin in which most is traded there. Source: the venues' own naming rules,
`venues/<venue>/contracts.py`."""

ELSEWISE: Final[dict[tuple[str, str], str]] = {
    ("bitmex", "BTC"): "XBTUSD",
    ("deribit", "BTC"): "BTC-PERPETUAL",
    ("deribit", "ETH"): "ETH-PERPETUAL",
    ("kraken-futures", "BTC"): "PF_XBTUSD",
}

_THOUSANDS: Final = frozenset({"PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "XEC"})
"""Coins that Binance and Bybit trade by the thousand, `1000PEPEUSDT`; others by one. Source: the venues' listings,
read 2026-11."""
_BY_THE_THOUSAND: Final = frozenset({"binance-usdm", "bybit"})

DEFAULT_VENUES: Final = tuple(sorted(slug for slug in MAIN_PERPETUAL if VENUES[slug].liquidation_feed == "public"))
"""Every venue that publishes its liquidations and names contracts by coin."""


def symbols_of(coins: Sequence[str], venues: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The contracts to collect: venue slug -> its own names.

    Args:
        coins: `BTC`, `eth`, `1000PEPE`; at least one.
        venues: by any name; none means `DEFAULT_VENUES`.

    Raises:
        InputError: no coin, a coin that cannot be one, or an unknown venue.
    """
    if not coins:
        raise InputError("name at least one coin, such as BTC")
    slugs = [venue_slug(venue) for venue in venues] or list(DEFAULT_VENUES)
    chosen: dict[str, tuple[str, ...]] = {}
    for slug in slugs:
        if slug not in VENUES:
            raise InputError(f"{slug!r} is not a venue; there are {', '.join(VENUES)}")
        names = dict.fromkeys(main_perpetual(slug, coin) for coin in coins)
        chosen[slug] = tuple(name for name in names if name is not None)
    return chosen


def main_perpetual(venue: str, coin: str) -> str | None:
    """The venue's name for the coin's main perpetual, None where its number would have to be known and is not.

    Raises:
        InputError: the coin cannot be one.
    """
    base = coin_of(coin.strip().upper())
    if not base.isalnum() or not base.isascii():
        raise InputError(f"{coin!r} is not a coin; write for example BTC")
    if venue == "lighter":
        return _LIGHTER_NUMBER.get(base)
    traded = f"1000{base}" if base in _THOUSANDS and venue in _BY_THE_THOUSAND else base
    name = ELSEWISE.get((venue, base)) or MAIN_PERPETUAL[venue].format(traded)
    try:
        VENUES[venue].infer_instrument(name)
    except ValueError as error:
        raise InputError(f"{coin!r} is not a coin {venue} could trade: {error}") from error
    return name


_LIGHTER_NUMBER: Final = {
    coin_of(coin): number for number, _, coin in (entry.strip().partition(" ") for entry in LIGHTER_COINS.split(","))
}
