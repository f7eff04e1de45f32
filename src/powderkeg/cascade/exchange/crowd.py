"""Leveraged accounts with liquidation prices where a scenario wants them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from powderkeg.cascade.exchange.engine import Exchange
from powderkeg.cascade.exchange.instruments import Instrument
from powderkeg.cascade.exchange.integers import UNITS_PER_QUOTE
from powderkeg.cascade.exchange.scenario import CoinScenario, Crowd


class Member(NamedTuple):
    """One isolated position to be opened: signed lots at a tick with a leverage."""

    lots: int
    tick: int
    leverage: int


def members(crowd: Crowd, coin: CoinScenario, one: Instrument, rng: np.random.Generator) -> Iterator[Member]:
    """Draw positions until their notional is the crowd's.

    Entry follows from liquidation price and leverage: a short is liquidated at EP·(1 + 1/L)/(1 + mmr), a long at
    EP·(1 − 1/L)/(1 − mmr), mmr that of its tier (the maintenance amount is left out, so large ones sit a little
    further).

    Args:
        crowd: whom.
        coin: its scenario.
        one: its instrument.
        rng: seeded generator.
    """
    sign = 1 if crowd.position_side == "long" else -1
    left = crowd.notional_usd
    while left > 0.0:
        usd = min(crowd.most_usd, left, float(rng.lognormal(math.log(crowd.median_usd), 1.5)))
        left -= max(usd, 1.0)
        trigger = coin.price * (1.0 - sign * (crowd.nearest_ratio + float(rng.exponential(crowd.spread_ratio))))
        allowed = [leverage for leverage in crowd.leverages if leverage <= one.max_leverage] or [1]
        leverage = allowed[int(rng.integers(len(allowed)))]
        mmr = one.tiers.tier_of(usd).mmr
        entry = trigger * (1.0 - sign * mmr) / (1.0 - sign / leverage)
        tick = min(max(one.ticks(round(entry, 9)), one.low_tick), one.high_tick - 1)
        lots = int(usd / (entry * float(one.lot)))
        if lots:
            yield Member(sign * lots, tick, leverage)


def open_members(
    exchange: Exchange, instrument: int, found: list[Member], *, first_account: int, counterparty: int
) -> None:
    """Give every member an account, just its margin, and a position against the counterparty.

    Args:
        exchange: before anything was traded.
        instrument: index.
        found: whom.
        first_account: theirs are numbered from here.
        counterparty: account on the other side of all of them.
    """
    unit = exchange.instruments[instrument].tick_units
    for account, member in enumerate(found, first_account):
        value = abs(member.lots) * member.tick * unit
        exchange.deposit(account, (value // member.leverage + UNITS_PER_QUOTE) / UNITS_PER_QUOTE)
        exchange.set_mode(account, instrument, leverage=member.leverage, isolated=True)
        buyer, seller = (account, counterparty) if member.lots > 0 else (counterparty, account)
        exchange.block(buyer, seller, instrument, abs(member.lots), member.tick)
