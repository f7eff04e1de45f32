"""What every venue's builders share: the facts to be told, and how numbers and times are spelled.

Builders know the wire formats from the venues' documentation and from recorded messages, never from the parsers, so
that one can be checked against the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from powderkeg.domain.units import PositionSide, TakerSide

Json = Any
"""A JSON document under construction; `encode` is its only way out."""

MarketFact = Literal["mark_price", "open_interest", "funding_rate"]


class ForcedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One liquidation a venue is to report.

    Attributes:
        venue_symbol: the venue's own name of the contract, as it spells it in its feed.
        position_side: whose position is closed.
        qty: in the unit of the venue's liquidation feed (see the venue's builder).
        price: the main price of the venue's message: average fill, fill, bankruptcy or order price.
        ts_ms: the venue's time, ms UTC.
        reference_price: the second price some venues send: Binance's limit price, Bitfinex's entry price.
            None repeats `price`.
        serial: number from which the venue's ids are made, where it gives ids.
    """

    venue_symbol: str
    position_side: PositionSide
    qty: float
    price: float
    ts_ms: int
    reference_price: float | None = None
    serial: int = 1

    @property
    def is_long(self) -> bool:
        """A long is closed, so the forced order sells."""
        return self.position_side == "long"

    @property
    def second_price(self) -> float:
        """`reference_price`, or `price` where it was not told."""
        return self.price if self.reference_price is None else self.reference_price


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One ordinary trade a venue is to report; `qty` in the unit of the venue's trade feed."""

    venue_symbol: str
    taker_side: TakerSide
    qty: float
    price: float
    ts_ms: int
    serial: int = 1

    @property
    def is_buy(self) -> bool:
        """The taker bought."""
        return self.taker_side == "buy"


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue is to say about one contract; None is left out of the message.

    `open_interest` in the unit of the venue's feed; `funding_rate` as a fraction per funding interval.
    """

    venue_symbol: str
    ts_ms: int
    mark_price: float | None = None
    index_price: float | None = None
    open_interest: float | None = None
    funding_rate: float | None = None
    next_funding_ms: int | None = None


class BookChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue is to say about one order book: changed levels, or the best ones whole.

    Attributes:
        bids, asks: (price, quantity) in the unit of the venue's feed; 0 takes a level away.
        first_id, last_id, previous_id: numbers of the first and last change told and of the one told before, for
            venues that chain their updates.
        is_snapshot: the levels stand for all that is there.
    """

    venue_symbol: str
    ts_ms: int
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    first_id: int
    last_id: int
    previous_id: int
    is_snapshot: bool = False


class VenueFrames(msgspec.Struct, frozen=True, kw_only=True):
    """The builders of one venue; None or missing where the venue sends no such message.

    Attributes:
        liquidations: rows of one contract -> one frame.
        trades: rows of one contract -> one frame.
        market: fact -> builder of the message in which the venue sends it.
        replay: rows -> the frame sent on subscribing, which repeats the past.
        is_single: a frame tells exactly one liquidation; `liquidations` then takes one row.
        book: one change of an order book, or a whole one -> one frame.
    """

    liquidations: Callable[[Sequence[ForcedOrder]], bytes]
    trades: Callable[[Sequence[PublicTrade]], bytes]
    market: Mapping[MarketFact, Callable[[MarketState], bytes]] = {}
    replay: Callable[[Sequence[ForcedOrder]], bytes] | None = None
    is_single: bool = False
    book: Callable[[BookChange], bytes] | None = None


def levels(rows: Sequence[tuple[float, float]], *more: str) -> list[list[str]]:
    """Levels as `["price", "quantity", ...]`, the usual spelling."""
    return [[text(price), text(qty), *more] for price, qty in rows]


def encode(document: Json) -> bytes:
    """The document as compact JSON; same document, same bytes."""
    return msgspec.json.encode(document)


def text(number: float) -> str:
    """A number as the venues write it in strings: no exponent, no trailing `.0`."""
    spelled = repr(float(number))
    if "e" in spelled:
        spelled = format(Decimal(spelled), "f")
    return spelled.removesuffix(".0")


def number(amount: float) -> int | float:
    """A number as the venues write it unquoted: whole ones without a decimal point."""
    return int(amount) if float(amount).is_integer() else float(amount)


def maybe_text(amount: float | None) -> str | None:
    """`text`, or None to be left out."""
    return None if amount is None else text(amount)


def maybe_number(amount: float | None) -> int | float | None:
    """`number`, or None to be left out."""
    return None if amount is None else number(amount)


def given(fields: Mapping[str, Json]) -> dict[str, Json]:
    """The fields that are not None, in order."""
    return {name: content for name, content in fields.items() if content is not None}


def iso(ts_ms: int) -> str:
    """Milliseconds as `2026-01-14T20:00:00.000Z`."""
    moment = dt.datetime.fromtimestamp(ts_ms // MS_PER_S, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ts_ms % MS_PER_S:03d}Z"


def uuid_like(serial: int) -> str:
    """A made-up id in the form of a UUID, from a number."""
    return f"00000000-0000-4000-8000-{serial:012x}"


MS_PER_S: Final = 1_000
PUSH_DELAY_MS: Final = 2
"""Between the venue's event and its push, where a message carries both times. Made up; recorded ones show 1 to 6."""
