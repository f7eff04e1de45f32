"""What is traded, in whole numbers: ticks, lots, money units, tier tables.

One tick times one lot must be a whole number of money units (millionths of the quote currency), so that every value
price · quantity is exact.

    >>> from powderkeg.cascade.exchange import Instrument
    >>> from powderkeg.margin import tier_table
    >>> btc = Instrument.of(symbol="BTC/USDT:USDT", tick="0.1", lot="0.001", low_price=50_000, high_price=150_000,
    ...                     tiers=tier_table("binance-usdm", "BTCUSDT"))
    >>> btc.tick_units, btc.ticks(94_640), btc.lots(2.5)
    (100, 946400, 2500)
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec
import numpy as np

from powderkeg.cascade.exchange.integers import MAX_LOTS, MAX_UNITS, RATE_ONE, UNITS_PER_QUOTE, IntArray, at_rate
from powderkeg.domain.errors import InputError
from powderkeg.margin.tiers import TierTable

NEVER: Final = 2**62
"""Floor of a tier that does not exist; no notional reaches it."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A linear perpetual.

    Attributes:
        symbol: as the caller names it.
        tick: smallest price step, quote.
        lot: smallest quantity, base.
        tick_units: money units of one tick on one lot.
        low_tick: lowest price of the book.
        high_tick: the first price above its highest.
        tiers: maintenance by notional.
        max_leverage: highest leverage an account may set.
        maker_fee_rate: of the notional, in billionths.
        taker_fee_rate: the same.
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    tick_units: int
    low_tick: int
    high_tick: int
    tiers: TierTable
    max_leverage: int
    maker_fee_rate: int
    taker_fee_rate: int

    @classmethod
    def of(
        cls,
        *,
        symbol: str,
        tick: str,
        lot: str,
        low_price: float,
        high_price: float,
        tiers: TierTable,
        fee_ratios: tuple[float, float] = (0.0002, 0.0005),
    ) -> Instrument:
        """Build one from decimals.

        Args:
            symbol: name.
            tick: price step as a decimal, quote.
            lot: quantity step as a decimal, base.
            low_price: lowest price the book takes.
            high_price: highest.
            tiers: maintenance by notional, in quote.
            fee_ratios: maker and taker fee, fractions >= 0.

        Raises:
            InputError: tick times lot is not a whole number of money units, or a number is out of range.
        """
        step, unit = Decimal(tick), Decimal(lot)
        worth = step * unit * UNITS_PER_QUOTE
        if step <= 0 or unit <= 0 or worth != int(worth):
            raise InputError(
                f"{symbol}: tick {tick} times lot {lot} is {step * unit} quote; "
                f"it must be a whole multiple of {1 / Decimal(UNITS_PER_QUOTE)}"
            )
        if not all(0.0 <= ratio <= 0.1 for ratio in fee_ratios):
            raise InputError(f"{symbol}: fee_ratios are {fee_ratios}; each is a fraction from 0 to 0.1")
        maker, taker = (round(ratio * RATE_ONE) for ratio in fee_ratios)
        leverage = tiers.tiers[0].max_leverage
        return cls(
            symbol=symbol,
            tick=step,
            lot=unit,
            tick_units=int(worth),
            low_tick=max(1, int(Decimal(str(low_price)) / step)),
            high_tick=int(Decimal(str(high_price)) / step) + 1,
            tiers=tiers,
            max_leverage=int(leverage) if leverage is not None else max(1, int(0.5 / max(tiers.tiers[0].mmr, 0.001))),
            maker_fee_rate=maker,
            taker_fee_rate=taker,
        )

    @property
    def max_lots(self) -> int:
        """Largest position, so that its value fits at any price of the book."""
        return min(MAX_LOTS, MAX_UNITS // (self.high_tick * self.tick_units))

    def ticks(self, price: float) -> int:
        """A price in ticks, to the nearest."""
        return round(Decimal(str(price)) / self.tick)

    def price(self, tick: int) -> float:
        """A price in quote."""
        return float(tick * self.tick)

    def lots(self, qty_base: float) -> int:
        """A quantity in lots, to the nearest."""
        return round(Decimal(str(qty_base)) / self.lot)

    def qty_base(self, lots: int) -> float:
        """A quantity in base units."""
        return float(lots * self.lot)


class TierUnits(NamedTuple):
    """Tier tables of all instruments, side by side in money units.

    Attributes:
        floors: [I, T] lowest notional; `NEVER` where a table is shorter.
        rates: [I, T] maintenance rate, billionths.
        amounts: [I, T] maintenance amount, so that maintenance is continuous to the unit.
    """

    floors: IntArray
    rates: IntArray
    amounts: IntArray


def tier_units(instruments: Sequence[Instrument]) -> TierUnits:
    """Lay tables out for the kernels; rates are rounded to billionths and amounts follow from them."""
    width = max(len(each.tiers.tiers) for each in instruments)
    shape = (len(instruments), width)
    floors, rates, amounts = np.full(shape, NEVER, dtype=np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, each in enumerate(instruments):
        amount = before = 0
        for column, tier in enumerate(each.tiers.tiers):
            floor, rate = round(tier.floor * UNITS_PER_QUOTE), round(tier.mmr * RATE_ONE)
            amount += at_rate(floor, rate - before)
            floors[row, column], rates[row, column], amounts[row, column] = floor, rate, amount
            before = rate
    return TierUnits(floors, rates, amounts)


def maintenance_units(notional: int, instrument: int, tiers: TierUnits) -> int:
    """Maintenance margin of one position, rounded up; the Python twin of the kernel's."""
    tier = tier_of(notional, instrument, tiers)
    rate, amount = int(tiers.rates[instrument, tier]), int(tiers.amounts[instrument, tier])
    return max(0, -(-notional * rate // RATE_ONE) - amount)


def tier_of(notional: int, instrument: int, tiers: TierUnits) -> int:
    """The tier a notional falls in."""
    return int(np.searchsorted(tiers.floors[instrument], notional, side="right")) - 1
