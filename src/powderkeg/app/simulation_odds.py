"""Prediction markets' odds about a level, as imported: found by the words of the market, shown in them."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.store.query import Database

NAMES: Final = {"BTC": ("btc", "bitcoin", "xbt"), "ETH": ("eth", "ether", "ethereum"), "SOL": ("sol", "solana")}
_NUMBER: Final = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*([km])?\b", re.IGNORECASE)
_SCALE: Final = {"": 1.0, "k": 1e3, "m": 1e6}
_SAME: Final = 1e-9

_LATEST: Final = """
    SELECT venue, market, outcome, arg_max(probability_ratio, ts_event_ns) AS probability_ratio,
           max(ts_event_ns) AS ts_event_ns
    FROM market_odds WHERE ts_event_ns <= ? GROUP BY ALL ORDER BY ALL
"""


class Odds(msgspec.Struct, frozen=True, kw_only=True):
    """What a prediction market says; its words are another's, and its expiry is in them.

    Attributes:
        level_price: the level its words name.
        venue, market, outcome: the market.
        probability_ratio: as traded.
        ts_event_ns: when.
    """

    level_price: float
    venue: str
    market: str
    outcome: str
    probability_ratio: float
    ts_event_ns: int


def odds_about(database: Database, coin: str, levels: tuple[float, ...], as_of_ns: int) -> tuple[tuple[Odds, ...], str]:
    """The newest odds of every outcome that names the coin and one of the levels, and why there are none.

    Args:
        database: the data directory.
        coin: the coin.
        levels: prices.
        as_of_ns: nothing later counts.
    """
    rows = database.rows(_LATEST, [as_of_ns])
    if not rows:
        return (), "none imported"
    found = [
        Odds(level_price=level, **row)
        for row in rows
        for level in levels
        if _names(f"{row['market']} {row['outcome']}", coin, level)
    ]
    return tuple(found), "" if found else f"{len(rows)} imported, none names {coin} and a level asked for"


def _names(text: str, coin: str, level: float) -> bool:
    words = set(re.findall(r"[a-z]+", text.lower()))
    if not words & set(NAMES.get(coin, (coin.lower(),))):
        return False
    numbers = (float(digits.replace(",", "")) * _SCALE[unit.lower()] for digits, unit in _NUMBER.findall(text))
    return any(abs(number - level) <= _SAME * level for number in numbers)
