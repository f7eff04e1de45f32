"""What differs from venue to venue: one module per venue, and the list of them.

>>> from powderkeg.margin.rules import rules_of
>>> rules_of("bybit", "2025-06-01").maintenance_on, rules_of("bybit", "2026-06-01").maintenance_on
('entry', 'mark')
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import venue_slug
from powderkeg.margin.rules import binance, bitmex, bybit, deribit, dydx, gate, hyperliquid, okx
from powderkeg.margin.rules.base import MarginRules
from powderkeg.margin.tiers import checked_date

_RULES: Final[dict[str, tuple[tuple[str, MarginRules], ...]]] = {
    # venue -> (day from which they hold, rules), in order; an empty day is the beginning.
    "binance-usdm": (("", binance.USDM),),
    "binance-coinm": (("", binance.COINM),),
    "bybit": (("", bybit.RULES_ON_ENTRY), (bybit.ON_MARK_SINCE, bybit.RULES_ON_MARK)),
    "okx": (("", okx.RULES),),
    "gate": (("", gate.RULES),),
    "hyperliquid": (("", hyperliquid.RULES),),
    "dydx": (("", dydx.RULES),),
    "bitmex": (("", bitmex.RULES),),
    "deribit": (("", deribit.RULES),),
}

KNOWN_RULES: Final = frozenset(_RULES)
"""Slugs of the venues whose rules are here."""


def rules_of(venue: str, date: str | dt.date | None = None) -> MarginRules:
    """The rules of a venue on a day, by default the newest known.

    Args:
        venue: a venue's slug or a name other tools use for it.
        date: ISO day or date.

    Raises:
        InputError: no such venue, or its rules are not known; the message lists those that are.
    """
    slug = venue_slug(venue)
    if slug not in _RULES:
        raise InputError(f"the margin rules of {slug} are not known; known are {', '.join(_RULES)}")
    versions = _RULES[slug]
    if date is None:
        return versions[-1][1]
    day = checked_date("date", date)
    return [rules for since, rules in versions if since <= day][-1]


__all__ = ["KNOWN_RULES", "MarginRules", "rules_of"]
