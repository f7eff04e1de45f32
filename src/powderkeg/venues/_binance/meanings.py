"""What each kind of Binance futures message means, one function a kind, and the table that finds it.

`forceOrder` names the side of the *order*: a SELL closed a long. Sources and dates: QUIRKS.md of both venues.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import msgspec

from powderkeg.domain.events import (
    Event,
    FundingRate,
    IndexPrice,
    LongShortRatio,
    MarkPrice,
    OpenInterest,
)
from powderkeg.domain.instruments import VenueInstruments
from powderkeg.domain.time import NS_PER_MS, parse_instant
from powderkeg.domain.units import BUY, LONG, SELL, SHORT, Coverage
from powderkeg.venues import _wire
from powderkeg.venues._binance import wire
from powderkeg.venues._binance.rest import RATIO_KINDS
from powderkeg.venues._binance.wire import AggTrade

THROTTLED_SINCE_NS: Final = parse_instant("2021-04-27")
"""From then on only the latest forced order per symbol and second is pushed. Source: Binance futures change log,
2021-04; the docs of 2026-11 still say so. What the stream promised before is not documented any more."""

_PARTIAL_DEPTH: Final = re.compile(rb'"stream":\s*"[^"]*@depth(?:5|10|20)[@"]')

_depth_snapshot = msgspec.json.Decoder(wire.DepthSnapshot, strict=False).decode
_ratios = msgspec.json.Decoder(list[wire.RatioRow], strict=False).decode
_open_interest = msgspec.json.Decoder(wire.OpenInterest, strict=False).decode


def coverage_at(ts_event_ns: int) -> Coverage:
    """What the stream promised at that time."""
    return "latest_per_second" if ts_event_ns >= THROTTLED_SINCE_NS else "unknown"


def _agg_trade(message: AggTrade, _frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    """An aggregate trade off the short path: counted in contracts, or in a frame spelled unusually."""
    yield _wire.make_trade(
        instruments[message.s],
        SELL if message.m else BUY,
        message.q,
        message.p,
        message.a,
        message.T * NS_PER_MS,
        ts_received_ns,
    )


def _trade(message: wire.Trade, _frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    if message.X != "MARKET":  # INSURANCE_FUND, ADL, NA: assigned by the venue, no taker crossed a spread
        return
    if not message.p or not message.q:
        raise ValueError("a market trade has price or quantity 0")
    yield _wire.make_trade(
        instruments[message.s],
        SELL if message.m else BUY,
        message.q,
        message.p,
        message.t,
        message.T * NS_PER_MS,
        ts_received_ns,
    )


def _force_order(
    message: wire.ForceOrder, _frame: bytes, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """Executed quantity at its average price; the order itself where nothing of it was executed yet."""
    order = message.o
    is_filled = order.z > 0
    if is_filled and not order.ap:
        raise ValueError("a forced order has executed quantity but average price 0")
    qty, price = (order.z, order.ap) if is_filled else (order.q, order.p)
    ts_event_ns = order.T * NS_PER_MS
    yield _wire.make_liquidation(
        instruments[order.s],
        LONG if order.S == "SELL" else SHORT,
        qty,
        price,
        _wire.Prices(
            "fill" if is_filled else "order", order.p, fill=order.ap if is_filled else None, bankruptcy=order.p
        ),
        coverage_at(ts_event_ns),
        None,
        (ts_event_ns, ts_received_ns),
    )


def _mark_price(
    message: wire.MarkPrice, _frame: bytes, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    instrument = instruments[message.s]
    of = (instrument.venue, instrument.symbol)
    at = (message.E * NS_PER_MS, ts_received_ns)
    yield MarkPrice(*of, message.p, *at)
    if index_price := _wire.given(message.i):
        yield IndexPrice(*of, index_price, *at)
    next_funding_ns = _wire.given_ns(message.T)
    funding_rate = _wire.given(message.r)
    if funding_rate is not None and next_funding_ns is not None:
        yield FundingRate(*of, funding_rate, None, next_funding_ns, *at)


def _index_price(
    message: wire.IndexPrice, _frame: bytes, ts_received_ns: int, instruments: VenueInstruments
) -> Iterable[Event]:
    """COIN-M names the index by its pair; it is filed under the pair's perpetual."""
    instrument = instruments[f"{message.i}_PERP"]
    yield IndexPrice(instrument.venue, instrument.symbol, message.p, message.E * NS_PER_MS, ts_received_ns)


def _depth(message: wire.Depth, frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> Iterable[Event]:
    instrument = instruments[message.s]
    bids, asks = _wire.bids(message.b), _wire.asks(message.a)
    if _PARTIAL_DEPTH.search(frame, 0, 96):
        yield _wire.book_snapshot(instrument, bids, asks, message.u, (message.T * NS_PER_MS, ts_received_ns))
        return
    yield _wire.book_delta(
        instrument, bids, asks, (message.U, message.u, message.pu), (message.T * NS_PER_MS, ts_received_ns)
    )


def _nothing(*_: object) -> Iterable[Event]:
    return ()


_Meaning = Callable[[Any, bytes, int, VenueInstruments], Iterable[Event]]
MEANINGS: Final[dict[type, _Meaning]] = {
    AggTrade: _agg_trade,
    wire.Trade: _trade,
    wire.ForceOrder: _force_order,
    wire.MarkPrice: _mark_price,
    wire.IndexPrice: _index_price,
    wire.Depth: _depth,
    wire.BookTicker: _nothing,
}


def _snapshot(payload: bytes, name: str, ts_received_ns: int, instruments: VenueInstruments) -> Event:
    message = _depth_snapshot(payload)
    instrument = instruments[name]
    return _wire.book_snapshot(
        instrument,
        _wire.bids(message.bids),
        _wire.asks(message.asks),
        message.lastUpdateId,
        (_wire.first_given(message.T, ts_received_ns), ts_received_ns),
    )


def _interest(payload: bytes, name: str, ts_received_ns: int, instruments: VenueInstruments) -> Event:
    message = _open_interest(payload)
    instrument = instruments[name]
    in_base = instrument.qty_unit == "base"
    size = instrument.contract_size
    return OpenInterest(
        venue=instrument.venue,
        symbol=instrument.symbol,
        open_interest_base=message.openInterest if in_base else None,
        open_interest_contracts=None if in_base else message.openInterest,
        open_interest_usd=None if in_base or size is None else message.openInterest * size,
        ts_event_ns=_wire.first_given(message.time, ts_received_ns),
        ts_received_ns=ts_received_ns,
    )


def _ratio(kind: str, payload: bytes, name: str, ts_received_ns: int, instruments: VenueInstruments) -> Event:
    """The newest row; one is asked for. The frame names the contract: COIN-M's rows name only the pair."""
    row = _ratios(payload)[-1]
    instrument = instruments[name]
    return LongShortRatio(
        instrument.venue, instrument.symbol, kind, row.longShortRatio, row.timestamp * NS_PER_MS, ts_received_ns
    )


_Polled = Callable[[bytes, str, int, VenueInstruments], Event]
POLLED: Final[dict[str, _Polled]] = {
    "depthSnapshot": _snapshot,
    "openInterest": _interest,
    **{name: partial(_ratio, kind) for name, kind in RATIO_KINDS.items()},
}
