"""Wire types and small steps that several venues' formats share.

Numbers arrive as JSON strings; the decoders here run with `strict=False`, so these types read them, and their bounds
refuse NaN, infinities, signs and magnitudes that no market prints while decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple, Protocol

import msgspec

from powderkeg.domain.events import BookDelta, BookLevel, BookSnapshot, Liquidation, Trade
from powderkeg.domain.instruments import Instrument
from powderkeg.domain.time import ms_to_ns
from powderkeg.domain.units import (
    BUY,
    LONG,
    SELL,
    SHORT,
    Coverage,
    FiniteFloat,
    NonNegativeFloat,
    PositionSide,
    PositiveFloat,
    PriceKind,
    TakerSide,
)

Millis = Annotated[int, msgspec.Meta(ge=1_293_840_000_000, lt=4_102_444_800_000)]
"""Milliseconds between 2011 and 2100, the range of `domain.time.ms_to_ns`; seconds fail here, while decoding."""

# One of the ways venues write "none": absent, null, an empty string; `given` reads them.
MaybeNonNegative = NonNegativeFloat | Literal[""] | None
MaybeFinite = FiniteFloat | Literal[""] | None
MaybeMillis = int | Literal[""] | None

OrderSide = Literal["buy", "sell"]
OrderSideTitle = Literal["Buy", "Sell"]

TAKERS: Final[dict[str, TakerSide]] = {"Buy": BUY, "Sell": SELL, "buy": BUY, "sell": SELL}
"""The side of a trade's taker, as several venues spell it."""

POSITIONS: Final[dict[str, PositionSide]] = {"Buy": LONG, "Sell": SHORT, "buy": LONG, "sell": SHORT}
"""The side of a *position* spelled as a side of an order: only for venues that document it so (Bybit, Bitget)."""


class Level(msgspec.Struct, array_like=True, gc=False):
    """A book level as `[price, quantity, ...]`; what follows them is not used."""

    price: PositiveFloat
    qty: NonNegativeFloat


class Priced(Protocol):
    """A book level of any shape."""

    price: float
    qty: float


def bids(rows: Sequence[Priced]) -> tuple[BookLevel, ...]:
    """Levels to buy, highest price first."""
    return _levels(rows, descending=True)


def asks(rows: Sequence[Priced]) -> tuple[BookLevel, ...]:
    """Levels to sell, lowest price first."""
    return _levels(rows, descending=False)


def _levels(rows: Sequence[Priced], *, descending: bool) -> tuple[BookLevel, ...]:
    ordered = sorted(rows, key=_price, reverse=descending)
    return tuple([BookLevel(row.price, row.qty) for row in ordered])


def _price(row: Priced) -> float:
    return row.price


Levels = tuple[BookLevel, ...]
UpdateIds = tuple[int | None, int | None, int | None]
"""First and last update of a change, and the last one before it, as far as the venue numbers them."""

Moments = tuple[int, int]
"""Event time and received time, ns."""


def book_snapshot(
    instrument: Instrument, bids: Levels, asks: Levels, last_update_id: int | None, at: Moments
) -> BookSnapshot:
    """A book in the instrument's usual unit."""
    return BookSnapshot(
        instrument.venue, instrument.symbol, bids, asks, instrument.qty_unit, last_update_id, at[0], at[1]
    )


def book_delta(instrument: Instrument, bids: Levels, asks: Levels, update_ids: UpdateIds, at: Moments) -> BookDelta:
    """Changed levels of a book in the instrument's usual unit."""
    return BookDelta(instrument.venue, instrument.symbol, bids, asks, instrument.qty_unit, *update_ids, *at)


def given(number: float | str | None) -> float | None:
    """The number, or None where the venue wrote nothing."""
    return None if number is None or isinstance(number, str) else number


def given_ns(millis: int | str | None) -> int | None:
    """Milliseconds as nanoseconds, or None where the venue wrote nothing or 0.

    Raises:
        InputError: a number that is no time in milliseconds.
    """
    return None if not millis or isinstance(millis, str) else ms_to_ns(millis)


def first_given(millis: int | str | None, ts_ns: int) -> int:
    """The venue's time in nanoseconds where it gave one, else `ts_ns`."""
    return given_ns(millis) or ts_ns


def make_trade(
    instrument: Instrument,
    taker_side: TakerSide,
    qty: float,
    price: float,
    trade_id: str | int | None,
    ts_event_ns: int,
    ts_received_ns: int,
) -> Trade:
    """A trade of `qty` in the instrument's usual unit."""
    qty_base, notional_usd = instrument.sized(qty, price)
    return Trade(
        venue=instrument.venue,
        symbol=instrument.symbol,
        price=price,
        qty_base=qty_base,
        notional_usd=notional_usd,
        taker_side=taker_side,
        trade_id=trade_id,
        ts_event_ns=ts_event_ns,
        ts_received_ns=ts_received_ns,
    )


class Prices(NamedTuple):
    """What a venue says of a liquidation's price: of which kind `price` is, and the ones that it names."""

    kind: PriceKind
    order: float | None = None
    fill: float | None = None
    bankruptcy: float | None = None


def make_liquidation(
    instrument: Instrument,
    position_side: PositionSide,
    qty: float,
    price: float,
    prices: Prices,
    coverage: Coverage,
    event_id: str | None,
    at: Moments,
) -> Liquidation:
    """A liquidation of `qty` in the instrument's usual unit, at a time the venue gives."""
    kind, order_price, fill_price, bankruptcy_price = prices
    qty_base, notional_usd = instrument.sized(qty, price)
    return Liquidation(  # by place: seventeen names take four times as long
        instrument.venue,
        instrument.symbol,
        position_side,
        qty,
        instrument.qty_unit,
        qty_base,
        notional_usd,
        price,
        kind,
        order_price,
        fill_price,
        bankruptcy_price,
        coverage,
        event_id,
        *at,
        ts_is_received=False,
    )


def bankruptcy_liquidation(
    instrument: Instrument, position_side: PositionSide, qty: float, price: float, coverage: Coverage, at: Moments
) -> Liquidation:
    """A liquidation at the bankruptcy price; the venue gives no id."""
    prices = Prices("bankruptcy", None, None, price)
    return make_liquidation(instrument, position_side, qty, price, prices, coverage, None, at)


def fill_liquidation(
    instrument: Instrument,
    position_side: PositionSide,
    qty: float,
    price: float,
    event_id: str | None,
    at: Moments,
    *,
    is_deleveraged: bool = False,
) -> Liquidation:
    """A forced fill with the venue's id, of a feed that tells all; a deleveraged one is matched at bankruptcy."""
    prices = Prices("bankruptcy", None, price, price) if is_deleveraged else Prices("fill", None, price)
    return make_liquidation(instrument, position_side, qty, price, prices, "all", event_id, at)
