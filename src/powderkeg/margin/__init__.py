"""Exact margin arithmetic: what a position needs, and the price at which it has no more than that.

    >>> from powderkeg.margin import liquidation_price, tier_table
    >>> tiers = tier_table("binance-usdm", "BTCUSDT")
    >>> round(liquidation_price(side="short", qty=1, entry_price=94_000, margin=94_000 / 25, tiers=tiers), 2)
    97323.38

Pure: tables come as data with a date and a source, marks and times as arguments. `powderkeg.margin.rules` holds what
differs from venue to venue.
"""

from powderkeg.margin.account import Accounts, AccountState, build_accounts, check, state
from powderkeg.margin.hedge import HedgedPrices, Leg, hedged_liquidation_prices
from powderkeg.margin.prices import (
    bankruptcy_price,
    initial_margin,
    liquidation_price,
    maintenance_margin,
    notional_of,
)
from powderkeg.margin.tables import known_tables, load_tier_table, tier_table
from powderkeg.margin.tiers import Tier, TierTable, maintenance_amount

__all__ = [
    "AccountState",
    "Accounts",
    "HedgedPrices",
    "Leg",
    "Tier",
    "TierTable",
    "bankruptcy_price",
    "build_accounts",
    "check",
    "hedged_liquidation_prices",
    "initial_margin",
    "known_tables",
    "liquidation_price",
    "load_tier_table",
    "maintenance_amount",
    "maintenance_margin",
    "notional_of",
    "state",
    "tier_table",
]
