"""What a collector would have recorded of a simulated squeeze: the frames each venue's feeds push, as they push them.

| venue | liquidations pushed |
|---|---|
| binance-usdm | the latest per symbol and second, at the end of the second |
| bybit | all, in batches of 500 ms per symbol |
| okx | all, in batches of 100 ms per contract; the first message repeats the past, as the real one does |
| bitget | the largest long and the largest short per symbol and second |

Trades and mark prices go one by one, open interest every five seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.time import NS_PER_MS, NS_PER_S
from powderkeg.testing.frames import (
    ForcedOrder,
    liquidations_frame,
    mark_price_frame,
    open_interest_frame,
    replay_frame,
    trade_frame,
)
from powderkeg.testing.squeeze import VENUE_SHARE, SimulatedLiquidation, SimulatedTrade, Squeeze, Tick
from powderkeg.venues import VENUES

STREAM: Final = "liquidation+trade+mark_price+open_interest"
OPEN_INTEREST_EVERY_S: Final = 5

_VENUE_SYMBOL: Final = {
    "binance-usdm": "{}USDT",
    "bybit": "{}USDT",
    "okx": "{}-USDT-SWAP",
    "bitget": "{}USDT",
}
_PUSH_EVERY_MS: Final = {"binance-usdm": 1_000, "bybit": 500, "okx": 100, "bitget": 1_000}


class RecordedFrame(msgspec.Struct, frozen=True):
    """One message as a collector would write it down."""

    venue: str
    ts_received_ns: int
    payload: bytes


def record(squeeze: Squeeze, rng: np.random.Generator) -> list[RecordedFrame]:
    """Every frame of every venue, in the order of reception.

    Args:
        squeeze: what happened.
        rng: seeded generator, for latencies.
    """
    found: list[RecordedFrame] = []
    for venue in VENUE_SHARE:
        pushed = sorted(_pushed(venue, squeeze), key=lambda item: item[0])
        latency_ns = np.cumsum(np.zeros(len(pushed))) + rng.lognormal(3.3, 0.4, len(pushed)) * NS_PER_MS
        # A socket delivers in order: a frame cannot overtake the one before it.
        received = np.maximum.accumulate(np.array([at for at, _ in pushed]) + latency_ns.astype(np.int64))
        found += [RecordedFrame(venue, int(at), payload) for at, (_, payload) in zip(received, pushed, strict=True)]
    return sorted(found, key=lambda frame: frame.ts_received_ns)


Pushed = tuple[int, bytes]
"""(when the venue pushes it, ns; the frame)"""


def _pushed(venue: str, squeeze: Squeeze) -> Iterator[Pushed]:
    yield from _liquidations(venue, [event for event in squeeze.liquidations if event.venue == venue])
    for serial, trade in enumerate((trade for trade in squeeze.trades if trade.venue == venue), start=1):
        yield trade.ts_ns, _trade(venue, trade, serial)
    for tick in squeeze.ticks:
        yield from _market(venue, tick)


def _liquidations(venue: str, events: Iterable[SimulatedLiquidation]) -> Iterator[Pushed]:
    if venue == "okx":
        yield _okx_repeats_the_past(events := list(events))
    step_ns = _PUSH_EVERY_MS[venue] * NS_PER_MS
    batches: dict[tuple[int, str], list[ForcedOrder]] = {}
    for event in events:
        batches.setdefault((event.ts_ns // step_ns, event.coin), []).append(_forced(venue, event))
    for (number, _), rows in batches.items():
        pushed_ns = (number + 1) * step_ns
        if venue == "binance-usdm":
            yield pushed_ns, liquidations_frame(venue, rows[-1:])
        elif venue == "bitget":
            for position_side in ("long", "short"):
                alike = [row for row in rows if row.position_side == position_side]
                if alike:
                    yield pushed_ns, liquidations_frame(venue, [max(alike, key=lambda row: row.qty)])
        else:
            yield pushed_ns, liquidations_frame(venue, rows)


def _okx_repeats_the_past(events: list[SimulatedLiquidation]) -> Pushed:
    old = msgspec.structs.replace(events[0], ts_ns=events[0].ts_ns - 3_600 * NS_PER_S)
    return events[0].ts_ns // NS_PER_S * NS_PER_S - 1, replay_frame("okx", [_forced("okx", old)])


def told_price(event: SimulatedLiquidation) -> float:
    """The price its venue tells: the fill on Binance; the others push the bankruptcy price, or one like it."""
    return event.fill_price if event.venue == "binance-usdm" else event.bankruptcy_price


def _forced(venue: str, event: SimulatedLiquidation) -> ForcedOrder:
    instrument = _instrument(venue, event.coin)
    return ForcedOrder(
        venue_symbol=instrument.venue_symbol,
        position_side=event.position_side,
        qty=event.qty_base * event.bankruptcy_price if venue == "bitget" else _feed_qty(instrument, event.qty_base),
        price=told_price(event),
        reference_price=event.bankruptcy_price,
        ts_ms=event.ts_ns // NS_PER_MS,
    )


def _trade(venue: str, trade: SimulatedTrade, serial: int) -> bytes:
    instrument = _instrument(venue, trade.coin)
    return trade_frame(
        venue,
        venue_symbol=instrument.venue_symbol,
        taker_side=trade.taker_side,
        qty=_feed_qty(instrument, trade.qty_base),
        price=trade.price,
        ts_ms=trade.ts_ns // NS_PER_MS,
        serial=serial,
    )


def _market(venue: str, tick: Tick) -> Iterator[Pushed]:
    instrument = _instrument(venue, tick.coin)
    ts_ms = tick.ts_ns // NS_PER_MS
    price = float(f"{tick.price:.8g}")
    yield tick.ts_ns, mark_price_frame(venue, venue_symbol=instrument.venue_symbol, mark_price=price, ts_ms=ts_ms)
    if tick.ts_ns // NS_PER_S % OPEN_INTEREST_EVERY_S == 0:
        base = round(tick.interest_of(venue), 3)
        frame = open_interest_frame(
            venue,
            venue_symbol=instrument.venue_symbol,
            open_interest=_feed_qty(instrument, base),
            mark_price=price,
            ts_ms=ts_ms,
        )
        yield tick.ts_ns, frame


def _instrument(venue: str, coin: str) -> Instrument:
    return VENUES[venue].infer_instrument(_VENUE_SYMBOL[venue].format(coin))


def _feed_qty(instrument: Instrument, qty_base: float) -> float:
    """Base units in the unit the venue's feed counts in, without the dust of binary fractions."""
    return float(f"{qty_base / (instrument.contract_size or 1.0):.12g}")
