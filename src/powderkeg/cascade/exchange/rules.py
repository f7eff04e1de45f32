"""Venue rule sets: how a position below maintenance is closed, who ranks first in ADL, what the mark is.

They are *like* the venues: what the documents state is followed, what they leave open is a field with its own value
here and listed in `assumptions`.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_S


class Steps(enum.StrEnum):
    """How a part below maintenance is closed."""

    IMMEDIATE = "immediate"
    """One immediate-or-cancel order limited at the bankruptcy price; what stays deficient is taken over."""

    TIERS = "tiers"
    """Fill-or-kill orders down to the next lower tier; what stays deficient is taken over, then sold."""

    MARKET = "market"
    """Market orders, large positions first in part; far below maintenance the vault takes over with the margin."""


class Ranking(enum.StrEnum):
    """Who is deleveraged first; see `powderkeg.margin.adl`."""

    BINANCE = "binance"
    BYBIT = "bybit"
    HYPERLIQUID = "hyperliquid"


class MarkRule(enum.StrEnum):
    """What margin is measured at; see `mark`."""

    AVERAGE_BASIS = "average_basis"
    SMOOTHED_BASIS = "smoothed_basis"
    LAST = "last"


class VenueRules(msgspec.Struct, frozen=True, kw_only=True):
    """One rule set.

    Attributes:
        name: what it is like.
        steps: how positions are closed.
        ranking: who is deleveraged first.
        adl_at_previous_mark: deleveraged at the mark before this one, not at the bankruptcy price.
        mark: the mark price rule.
        clearance_fee_rate: of what is liquidated by order, to the fund, never more than is left; billionths.
        first_step_above_quote: positions above this notional go out in a first step; None for none.
        first_step_rate: its share, billionths.
        cooldown_ns: after a first step orders are for the whole position for so long.
        backstop: (numerator, denominator) of maintenance below which the vault takes over; None for none.
        fund_leverage: the fund takes no position over that would bring its gross notional above so many times its
            equity; None for no such limit.
        unwind_rate: share of its position the fund offers per mark update, at least a lot; billionths, 0 for none.
        band_rate: how far from mark a market order of the engine may trade, billionths.
        funding_interval_ns: between payments.
        source: documents followed.
        assumptions: what they do not state.
    """

    name: str
    steps: Steps
    ranking: Ranking
    adl_at_previous_mark: bool = False
    mark: MarkRule = MarkRule.AVERAGE_BASIS
    clearance_fee_rate: int = 0
    first_step_above_quote: int | None = None
    first_step_rate: int = 1_000_000_000
    cooldown_ns: int = 0
    backstop: tuple[int, int] | None = None
    fund_leverage: int | None = 10
    unwind_rate: int = 200_000_000
    band_rate: int = 50_000_000
    funding_interval_ns: int = 8 * NS_PER_HOUR
    source: str
    assumptions: tuple[str, ...]


_SHARED: Final = (
    "the fund sells what it took over in a fifth per mark update, within 5 % of mark",
    "a loss that fund and ADL leave is shared by all accounts in proportion to their cross equity",
    "nobody is deleveraged below zero equity; who has less room than his turn takes part of it",
)

BINANCE_LIKE: Final = VenueRules(
    name="binance-like",
    steps=Steps.IMMEDIATE,
    ranking=Ranking.BINANCE,
    clearance_fee_rate=12_500_000,
    source="Binance support FAQ 360033525271 (liquidation), 360033525471 (ADL), fff6ec1b (mark price), read 2026-07",
    assumptions=(
        *_SHARED,
        "the fund takes nothing over beyond 10 times its equity",
        "a clearance fee of 1.25 %",
        "cross accounts are closed position by position, the largest first",
    ),
)

BYBIT_LIKE: Final = VenueRules(
    name="bybit-like",
    steps=Steps.TIERS,
    ranking=Ranking.BYBIT,
    source="Bybit help center, Liquidation Process (USDT Contract) 900000167723, read 2026-11; Auto-Deleveraging (ADL) "
    "Mechanism, read 2026-07",
    assumptions=(
        *_SHARED,
        "the fund takes nothing over beyond 10 times its equity",
        "the mark price follows the average basis",
        "the pool is one for all instruments; a drawdown of 100 % means that it is empty",
    ),
)

HYPERLIQUID_LIKE: Final = VenueRules(
    name="hyperliquid-like",
    steps=Steps.MARKET,
    ranking=Ranking.HYPERLIQUID,
    adl_at_previous_mark=True,
    mark=MarkRule.SMOOTHED_BASIS,
    first_step_above_quote=100_000,
    first_step_rate=200_000_000,
    cooldown_ns=30 * NS_PER_S,
    backstop=(2, 3),
    fund_leverage=None,
    funding_interval_ns=NS_PER_HOUR,
    source='Hyperliquid docs, "Liquidations", "Auto-deleveraging", "Robust price indices", read 2026-07',
    assumptions=(
        *_SHARED,
        "the vault is the fund; it takes whatever has equity left",
        "no marks of other venues: the mark is the median of smoothed oracle, book and smoothed book",
    ),
)

RULES: Final = {rules.name: rules for rules in (BINANCE_LIKE, BYBIT_LIKE, HYPERLIQUID_LIKE)}
