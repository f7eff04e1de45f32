"""Contracts of every venue with what their feeds count in, written down from the venues' documentation.

This is the independent road of the conformance suite: nothing here is read from `powderkeg.venues`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import Event
from powderkeg.testing.frames import FRAMES, ForcedOrder, MarketState, PublicTrade
from powderkeg.venues import VENUES, parse_frame

TS_MS = 1_790_000_000_123  # 2026-09-21, after every switch of a feed's promise
RECEIVED_NS = 1_790_000_000_500_000_000
PRICE = 1234.5
QTY = 678.0


@dataclass(frozen=True)
class Sample:
    """A contract: `unit` of its liquidation feed, `trade_unit` and `interest_unit` of others where they differ.

    `contract_size` is in base (linear) or US dollars (inverse); `is_quanto` contracts have no knowable notional.
    Trades count `sides_counted` sides: HTX adds the buyer's quantity to the seller's.
    """

    venue: str
    venue_symbol: str
    symbol: str
    unit: str
    contract_size: str | None = None
    is_inverse: bool = False
    is_quanto: bool = False
    trade_unit: str | None = None
    interest_unit: str | None = None
    sides_counted: int = 1

    def sized(self, unit: str, qty: Decimal, price: Decimal) -> tuple[Decimal | None, Decimal | None]:
        """Base quantity and US dollar notional, in decimal arithmetic."""
        if self.is_quanto:
            return None, None
        if unit == "base":
            return qty, qty * price
        if unit in ("usd", "quote"):
            return qty / price, qty
        assert self.contract_size is not None
        face = qty * Decimal(self.contract_size)
        return (face / price, face) if self.is_inverse else (face, face * price)


SAMPLES = (
    Sample("binance-usdm", "BTCUSDT", "BTC/USDT:USDT", "base"),
    Sample("binance-usdm", "1000PEPEUSDC", "1000PEPE/USDC:USDC", "base"),
    Sample("binance-usdm", "ETHUSDT_261225", "ETH/USDT:USDT-261225", "base"),
    Sample("binance-coinm", "BTCUSD_PERP", "BTC/USD:BTC", "contracts", "100", is_inverse=True),
    Sample("binance-coinm", "ETHUSD_261225", "ETH/USD:ETH-261225", "contracts", "10", is_inverse=True),
    Sample("bybit", "BTCUSDT", "BTC/USDT:USDT", "base"),
    Sample("bybit", "BTCPERP", "BTC/USDC:USDC", "base"),
    Sample("bybit", "BTCUSD", "BTC/USD:BTC", "usd", is_inverse=True),
    Sample("okx", "BTC-USDT-SWAP", "BTC/USDT:USDT", "contracts", "0.01"),
    Sample("okx", "ETH-USDT-SWAP", "ETH/USDT:USDT", "contracts", "0.1"),
    Sample("okx", "BTC-USD-SWAP", "BTC/USD:BTC", "contracts", "100", is_inverse=True),
    Sample("bitget", "BTCUSDT", "BTC/USDT:USDT", "quote", trade_unit="base"),
    Sample("gate", "BTC_USDT", "BTC/USDT:USDT", "contracts", "0.0001"),
    Sample("gate", "ETH_USDT", "ETH/USDT:USDT", "contracts", "0.01"),
    Sample("gate", "BTC_USD", "BTC/USD:BTC", "contracts", "1", is_inverse=True),
    Sample("hyperliquid", "BTC", "BTC/USDC:USDC", "base"),
    Sample("deribit", "BTC-PERPETUAL", "BTC/USD:BTC", "usd", is_inverse=True),
    Sample("deribit", "ETH_USDC-PERPETUAL", "ETH/USDC:USDC", "base"),
    Sample("bitmex", "XBTUSD", "BTC/USD:BTC", "contracts", "1", is_inverse=True),
    Sample("bitmex", "XBTUSDT", "BTC/USDT:USDT", "contracts", "0.000001"),
    Sample("bitmex", "ETHUSD", "ETH/USD:BTC", "contracts", is_quanto=True),
    Sample("kraken-futures", "PI_XBTUSD", "BTC/USD:BTC", "usd", is_inverse=True),
    Sample("kraken-futures", "FI_ETHUSD_261225", "ETH/USD:ETH-261225", "usd", is_inverse=True),
    Sample("kraken-futures", "PF_XBTUSD", "BTC/USD:USD", "base"),
    Sample("dydx", "BTC-USD", "BTC/USDC:USDC", "base"),
    Sample("htx", "BTC-USDT", "BTC/USDT:USDT", "contracts", "0.001", sides_counted=2),
    Sample("htx", "BTC-USD", "BTC/USD:BTC", "contracts", "100", is_inverse=True, sides_counted=2),
    Sample("bitfinex", "tBTCF0:USTF0", "BTC/USDT:USDT", "base"),
    Sample("lighter", "1", "BTC/USDC:USDC", "base", interest_unit="usd"),
)

HERE = tuple(sample for sample in SAMPLES if sample.venue in VENUES)
FIRST_OF_VENUE = tuple({sample.venue: sample for sample in reversed(HERE)}.values())


def name_of(sample: Sample) -> str:
    """The id of a parametrized test."""
    return f"{sample.venue}-{sample.venue_symbol}"


def forced(sample: Sample, **facts: object) -> ForcedOrder:
    """A liquidation of the sample's contract."""
    usual = {"position_side": "long", "qty": QTY, "price": PRICE, "ts_ms": TS_MS}
    return ForcedOrder(venue_symbol=sample.venue_symbol, **{**usual, **facts})


def traded(sample: Sample, **facts: object) -> PublicTrade:
    """A trade of the sample's contract."""
    usual = {"taker_side": "buy", "qty": QTY, "price": PRICE, "ts_ms": TS_MS}
    return PublicTrade(venue_symbol=sample.venue_symbol, **{**usual, **facts})


def frames_of_every_kind(sample: Sample) -> dict[str, bytes]:
    """One frame of each kind the venue sends about a contract, by name."""
    builders = FRAMES[sample.venue]
    state = MarketState(
        venue_symbol=sample.venue_symbol,
        ts_ms=TS_MS,
        mark_price=PRICE,
        index_price=PRICE - 1,
        open_interest=QTY,
        funding_rate=0.000125,
        next_funding_ms=1_790_006_400_000,
    )
    frames = {
        "liquidation": builders.liquidations([forced(sample)]),
        "trade": builders.trades([traded(sample)]),
        **{fact: build(state) for fact, build in builders.market.items()},
    }
    if builders.replay is not None:
        frames["replay"] = builders.replay([forced(sample)])
    return frames


def assert_sane(event: Event) -> None:
    """An event that can be stored and summed: finite, positive where it must be, at a time that can be."""
    for field in msgspec.structs.fields(event):
        content = getattr(event, field.name)
        for part in _numbers(content):
            assert math.isfinite(part), f"{field.name} of {event}"
        if field.name.startswith("ts_") and field.name.endswith("_ns"):
            assert type(content) is int
            assert 1_293_840_000 <= content // 1_000_000_000 < 4_102_444_800
        if field.name in POSITIVE and content is not None:
            assert type(content) is float
            assert content > 0, f"{field.name} of {event}"
        if field.name.startswith("open_interest") and content is not None:
            assert content >= 0
    for levels in (getattr(event, "bids", ()), getattr(event, "asks", ())):
        assert all(level.price > 0 and level.qty >= 0 for level in levels)
    # The words (long, fill, base ...) are checked by decoding the event as its own type.
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def _numbers(content: object) -> list[float]:
    if isinstance(content, bool | str | None):
        return []
    if isinstance(content, int | float):
        return [content]
    if isinstance(content, msgspec.Struct):
        return [part for each in msgspec.structs.astuple(content) for part in _numbers(each)]
    return [part for each in content for part in _numbers(each)]


POSITIVE = frozenset(
    {
        "price",
        "qty",
        "qty_base",
        "notional_usd",
        "order_price",
        "fill_price",
        "bankruptcy_price",
        "mark_price",
        "index_price",
    }
)


BAD_NUMBERS = (
    "NaN",
    "-Infinity",
    "Infinity",
    "1e308",
    "1e999",
    '"NaN"',
    '"inf"',
    '"1e308"',
    '"twelve"',
    "[]",
    "{}",
    "true",
)
BAD_LEAVES = (*BAD_NUMBERS, "null", '""', "-1", '"-1"', "0", '"0"', "-0.0", "1e-320", str(2**63), str(10**30), '"x"')


def survivors(venue: str, frame: bytes) -> tuple[Event, ...] | None:
    """The events of a frame, every one of them sane; None where it was refused in the one way allowed."""
    try:
        events = parse_frame(venue, frame, RECEIVED_NS)
    except VenueProtocolError:
        return None
    assert isinstance(events, tuple)
    for event in events:
        assert_sane(event)
    return events
