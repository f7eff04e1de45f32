"""Which symbols and venues a question is about, from whatever spelling a person uses."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of, resolve, split_pair, venue_slug


class Selection(NamedTuple):
    """Symbols and venues, None where all are meant."""

    symbols: tuple[str, ...] | None
    venues: tuple[str, ...] | None


def select(coins: Sequence[str], venues: Sequence[str], known: Collection[str]) -> Selection:
    """Resolve filters against the symbols at hand.

    Args:
        coins: coins (`BTC`, `pepe`, `1000PEPE`) or any spelling of a symbol; none means all.
        venues: venues by any name; none means all.
        known: unified symbols of the data.

    Raises:
        InputError: an unknown venue, or a spelling that is neither a coin nor a symbol.
    """
    slugs = tuple(venue_slug(venue) for venue in venues) or None
    if not coins:
        return Selection(None, slugs)
    chosen: set[str] = set()
    for coin in coins:
        chosen |= _symbols_of(coin, known)
    return Selection(tuple(sorted(chosen)), slugs)


def _symbols_of(text: str, known: Collection[str]) -> set[str]:
    of_coin = {symbol for symbol in known if coin_of(symbol) == coin_of(text.strip())}
    if of_coin:
        return of_coin
    try:
        return {resolve(text, known=known).symbol}
    except InputError:
        if not text.strip().replace(".", "").isalnum():
            raise
    coins = sorted({coin_of(symbol) for symbol in known})
    close = difflib.get_close_matches(text.upper(), coins, n=3)
    if close:
        raise InputError(f"no data for {text!r}; did you mean {', '.join(close)}?")
    return set()


def base_coin(text: str) -> str:
    """The coin of a pair as tables and people spell it: BTC of `btc`, `BTCUSDT` and `BTC/USDT:USDT`."""
    glued = split_pair(text.strip().upper())
    return coin_of(text.strip() if glued is None or "/" in text else glued[0])
