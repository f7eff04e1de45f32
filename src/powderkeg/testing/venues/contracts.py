"""What the simulated venues list, in whole lots and ticks, so that every total is exact.

Quantities are whole numbers of lots and prices whole numbers of ticks; notional is then a whole number of
nano-dollars, and two sums over the same liquidations are equal to the last digit, in whatever order they are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

import msgspec

from powderkeg.testing.squeeze import COINS, Coin

NANO_PER_USD: Final = 10**9

FeedUnit = Literal["base", "contracts", "usd"]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual of one venue.

    Attributes:
        venue_symbol: the venue's own name.
        price: where it starts, USD; `share` is its part of the venue's messages.
        price_decimals: a tick is ten to the minus this, quote per base.
        lot_decimals, lot_step: a lot is `lot_step` times ten to the minus `lot_decimals` of the feed's unit.
        unit: in which the venue's feeds count.
        unit_base: base units per feed unit, None where the feed counts US dollars.
    """

    venue: str
    coin: str
    venue_symbol: str
    price: float
    share: float
    price_decimals: int
    lot_decimals: int
    lot_step: int = 1
    unit: FeedUnit = "base"
    unit_base: Decimal | None = Decimal(1)

    def price_of(self, ticks: int) -> float:
        """Quote per base; the nearest double to the decimal, so that it is spelled with no digit too many."""
        return ticks / 10**self.price_decimals

    def ticks_of(self, price: float) -> int:
        """The nearest whole number of ticks, at least one."""
        return max(1, round(price * 10**self.price_decimals))

    def qty_of(self, lots: int) -> float:
        """In the feed's unit."""
        return lots * self.lot_step / 10**self.lot_decimals

    def lots_of(self, notional_usd: float, price: float) -> int:
        """Lots worth about `notional_usd` at `price`, at least one."""
        qty = notional_usd if self.unit_base is None else notional_usd / price / float(self.unit_base)
        return max(1, round(qty * 10**self.lot_decimals / self.lot_step))

    def notional_nusd(self, lots: int, ticks: int) -> int:
        """Executed value in nano-dollars, exactly."""
        exact = Decimal(lots * self.lot_step).scaleb(-self.lot_decimals)
        if self.unit_base is not None:
            exact *= self.unit_base * Decimal(ticks).scaleb(-self.price_decimals)
        nano = exact * NANO_PER_USD
        assert nano == int(nano), "tick and lot of a listed contract are chosen so that nano-dollars are whole"
        return int(nano)


_COIN_SHARE: Final = {"BTC": 0.45, "ETH": 0.30, "SOL": 0.15, "DOGE": 0.10}
"""Of the messages: made up, in the order of real activity."""

_OKX_BASE: Final = {"BTC": "0.01", "ETH": "0.1", "SOL": "1", "DOGE": "1000"}
"""Base per contract (ctVal). Source: OKX `GET /api/v5/public/instruments`, read 2026-11."""

_GATE_BASE: Final = {"BTC": "0.0001", "ETH": "0.01"}
"""Base per contract (quanto_multiplier). Source: Gate `GET /futures/usdt/contracts`, read 2026-11."""


def _in_base(venue: str, name: str, coins: Mapping[str, Coin]) -> list[Listed]:
    return [
        Listed(
            venue=venue,
            coin=coin.name,
            venue_symbol=name.format(coin.name),
            price=coin.price,
            share=_COIN_SHARE[coin.name],
            price_decimals=coin.price_decimals,
            lot_decimals=coin.qty_decimals,
        )
        for coin in coins.values()
    ]


def _in_contracts(venue: str, name: str, sizes: Mapping[str, str], lot_decimals: int) -> list[Listed]:
    listed = {contract.coin: contract for contract in _in_base(venue, name, _COINS)}
    return [
        msgspec.structs.replace(listed[coin], lot_decimals=lot_decimals, unit="contracts", unit_base=Decimal(base))
        for coin, base in sizes.items()
    ]


def _deribit() -> list[Listed]:
    btc, eth, sol, _ = _in_base("deribit", "{}-PERPETUAL", _COINS)
    dollars = {"lot_decimals": 0, "unit": "usd", "unit_base": None}
    return [
        msgspec.structs.replace(btc, lot_step=10, **dollars),
        msgspec.structs.replace(eth, **dollars),
        msgspec.structs.replace(sol, venue_symbol="SOL_USDC-PERPETUAL", lot_decimals=1),
    ]


_COINS: Final = {coin.name: coin for coin in COINS}

LISTED: Final[dict[str, tuple[Listed, ...]]] = {
    "binance-usdm": tuple(_in_base("binance-usdm", "{}USDT", _COINS)),
    "bybit": tuple(_in_base("bybit", "{}USDT", _COINS)),
    "okx": tuple(_in_contracts("okx", "{}-USDT-SWAP", _OKX_BASE, 2)),
    "bitget": tuple(_in_base("bitget", "{}USDT", _COINS)),
    "gate": tuple(_in_contracts("gate", "{}_USDT", _GATE_BASE, 0)),
    "hyperliquid": tuple(_in_base("hyperliquid", "{}", _COINS)),
    "deribit": tuple(_deribit()),
}
"""Contracts by venue. Gate lists two coins only, because a name alone tells the contract size of those."""
