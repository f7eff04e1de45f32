"""What the messages of Binance futures mean. Pure: the frame, its receive time and the instruments decide everything.

Trades are by far the most frequent message, so their path is written out in `parse`; everything else goes through
the table in `meanings.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from powderkeg.domain.events import Event, Trade
from powderkeg.domain.instruments import VenueInstruments
from powderkeg.domain.units import BUY, SELL
from powderkeg.venues._binance import wire
from powderkeg.venues._binance.meanings import MEANINGS, POLLED
from powderkeg.venues._binance.wire import AggTrade

_S: Final = ord("s")  # third byte of {"stream": ...}; no message of its own begins with this letter

_Messages = wire.Message | list[wire.Message]
_bare: Callable[[bytes], _Messages] = msgspec.json.Decoder(_Messages, strict=False).decode
_combined = msgspec.json.Decoder(wire.Combined, strict=False).decode
_outer = msgspec.json.Decoder(wire.Outer, strict=False).decode
_tags: Callable[[bytes], wire.Tag | list[wire.Tag]] = msgspec.json.Decoder(wire.Tag | list[wire.Tag]).decode


def parse(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """Events of one frame of either Binance venue; see `venues.base.Parse` for what it raises."""
    try:
        message = _combined(frame).data if frame[2] == _S else _bare(frame)
    except (msgspec.ValidationError, IndexError):
        return _rare(frame, ts_received_ns, instruments)
    if type(message) is AggTrade:
        instrument = instruments[message.s]
        if instrument.is_plain:
            return (
                Trade(
                    instrument.venue,
                    instrument.symbol,
                    message.p,
                    message.q,
                    message.p * message.q,
                    SELL if message.m else BUY,
                    message.a,
                    message.T * 1_000_000,
                    ts_received_ns,
                ),
            )
    return _events(message, frame, ts_received_ns, instruments)


def _events(message: _Messages, frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    messages = message if isinstance(message, list) else [message]
    if not messages:
        raise ValueError("an empty list of messages")
    return tuple(event for each in messages for event in MEANINGS[type(each)](each, frame, ts_received_ns, instruments))


def _rare(frame: bytes, ts_received_ns: int, instruments: VenueInstruments) -> tuple[Event, ...]:
    """What the main decoders do not know: replies, channels without a use here, REST answers, unusual spelling."""
    if frame[:1] == b"[":
        return () if _is_ignored(frame) else _events(_bare(frame), frame, ts_received_ns, instruments)
    outer = _outer(frame)
    if outer.lastUpdateId is not None:  # without a symbol it is a book of nobody knows what
        return (POLLED["depthSnapshot"](frame, outer.symbol, ts_received_ns, instruments),) if outer.symbol else ()
    name, _, channel = outer.stream.partition("@")
    if channel in POLLED:
        return (POLLED[channel](bytes(outer.data), name.upper(), ts_received_ns, instruments),)
    if _is_reply(outer) or _is_ignored(bytes(outer.data) if outer.stream else frame):
        return ()
    message = _combined(frame).data if outer.stream else _bare(frame)
    return _events(message, frame, ts_received_ns, instruments)


def _is_reply(outer: wire.Outer) -> bool:
    """An answer to a request: acknowledged, refused, or not understood."""
    says = (outer.result, outer.error, outer.msg) != (msgspec.UNSET, msgspec.UNSET, None)
    return says and not outer.e and not outer.stream and (outer.id is not msgspec.UNSET or outer.code is not None)


def _is_ignored(payload: bytes) -> bool:
    tags = _tags(payload)
    names = {tag.e for tag in tags} if isinstance(tags, list) else {tags.e}
    return bool(names) and names <= wire.IGNORED_EVENTS
