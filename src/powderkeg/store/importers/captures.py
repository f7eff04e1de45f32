"""Raw captures, one message a line behind its receive time: two line formats.

The first, of feed handlers, has a URL line per connection and marks direction:

    wss://host/path <-> 1626992740.179554            connected
    wss://host/path <- 1626992741.01: {...}          sent by us
    1626992741.06217: {...}                          received
    https://host/path -> 1626992740.17: {...}        reply to a REST request
    configuration: {...}                             what was subscribed

The second, of backtesters, is `<local ns> {...}` and says neither venue nor direction: the venue is told by its
messages. What was sent and what was asked over REST is kept in the journal and is no market event.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import msgspec

from powderkeg.domain.errors import InputError, VenueProtocolError
from powderkeg.domain.time import NS_PER_S, epoch_to_ns
from powderkeg.store.importers.formats import Context, Format, Frame, Refused, Sample
from powderkeg.store.importers.lines import Line
from powderkeg.store.importers.venue_hints import venue_of_messages, venue_of_url
from powderkeg.venues.guard import MAX_FRAME_BYTES, guard

LINE: Final = re.compile(rb"(?:(\w+://\S+) (<->|<-|->) )?(\d{10}(?:\.\d{1,9})?)(?:: (.*))?", re.DOTALL)
NS_LINE: Final = re.compile(rb"(\d{19}) (.*)", re.DOTALL)

NO_TIME: Final = "the line does not begin with its receive time"
NO_VENUE: Final = "the line stands under the URL of no venue known here"
NOT_JSON: Final = "the message is not one JSON text: cut off, or glued to something else"
TOO_LONG: Final = "the message is larger or nested deeper than any venue sends"

KEPT: Final = "kept"
"""Stream of what is no message of a socket: kept in the journal, decoded to nothing."""

_SILENT = frozenset({b"ping", b"pong"})


def message_problem(venue: str, payload: bytes) -> str | None:
    """Why a payload cannot be a message, or None; decodes nothing."""
    try:
        guard(venue, payload)
        msgspec.json.decode(payload, type=msgspec.Raw)
    except VenueProtocolError:
        return TOO_LONG
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NOT_JSON
    return None


def feed_handler_frames(lines: Iterable[Line], context: Context) -> Iterator[Frame | Refused]:
    """Frames of the first line format. Context: `venue`, for what stands before the first URL."""
    venue: str | None = context.get("venue") or None
    stream, connections = "socket-0", 0
    for line in lines:
        text = line.text.strip()
        if not text or text in _SILENT or text.startswith(b"configuration: "):
            continue
        match = LINE.fullmatch(text)
        if match is None or line.cut:
            yield Refused(line.number, TOO_LONG if line.cut else NO_TIME, line.text)
            continue
        url, direction, stamp, payload = match.groups()
        if direction == b"<->":
            connections += 1
            venue, stream = venue_of_url(url.decode("utf-8", "replace")), f"socket-{connections}"
        elif direction is not None:
            yield from _kept(line, url, int(stamp[:10]) * NS_PER_S, payload)
        elif payload not in _SILENT:
            yield _frame(line, venue, stream, seconds_to_ns(stamp), payload)


def _kept(line: Line, url: bytes, ts_ns: int, payload: bytes | None) -> Iterator[Frame | Refused]:
    venue = venue_of_url(url.decode("utf-8", "replace"))
    if venue is None or not payload:
        yield Refused(line.number, NO_VENUE if venue is None else NOT_JSON, line.text)
    else:
        yield Frame(venue, KEPT, ts_ns, line.text, line.number)


def _frame(line: Line, venue: str | None, stream: str, ts_ns: int | None, payload: bytes | None) -> Frame | Refused:
    if ts_ns is None or payload is None:
        return Refused(line.number, NO_TIME, line.text)
    if venue is None:
        return Refused(line.number, NO_VENUE, line.text)
    problem = message_problem(venue, payload)
    return Refused(line.number, problem, line.text) if problem else Frame(venue, stream, ts_ns, payload, line.number)


def seconds_to_ns(stamp: bytes) -> int | None:
    """Epoch seconds with decimals as ns, exactly; None where they lie outside 2011 to 2100."""
    whole, _, fraction = stamp.partition(b".")
    try:
        return epoch_to_ns(int(whole)) + int(fraction.ljust(9, b"0"))
    except InputError:
        return None


def backtester_frames(lines: Iterable[Line], context: Context) -> Iterator[Frame | Refused]:
    """Frames of the second line format.

    Context: `venue`, and `pair` where all messages are of one: a book asked for over REST stands among them without
    its contract's name, and is put under its name the way the venue's parser expects it.
    """
    venue = context["venue"]
    named = f'{{"stream":"{context["pair"]}@depthSnapshot","data":'.encode() if "pair" in context else None
    for line in lines:
        text = line.text.rstrip()
        if not text:
            continue
        match = NS_LINE.fullmatch(text)
        if match is None or line.cut:
            yield Refused(line.number, TOO_LONG if line.cut else NO_TIME, line.text)
            continue
        frame = _frame(line, venue, "socket-1", _nanoseconds(match[1]), match[2])
        if named is not None and isinstance(frame, Frame) and frame.payload.startswith(_BOOK_REPLY):
            frame = frame._replace(payload=named + frame.payload + b"}")
        yield frame


_BOOK_REPLY: Final = b'{"lastUpdateId"'
"""How Binance's REST `depth` reply begins (its docs, "Order Book", read 2026-07)."""


def _nanoseconds(stamp: bytes) -> int | None:
    try:
        return epoch_to_ns(int(stamp))
    except InputError:
        return None


def _like_feed_handler(sample: Sample) -> bool:
    shaped = [match for line in sample.lines if (match := LINE.fullmatch(line.strip().encode()))]
    told = [match for match in shaped if match[1] or (match[4] or b"").lstrip()[:1] in (b"{", b"[")]
    if told:
        return len(sample.lines) <= 2 * len(told)
    # One REST reply can be longer than the sample: its first line is cut off, and is all there is.
    return re.match(rb"\w+://\S+ (<->|<-|->) \d{10}\.\d+: ", sample.head) is not None


def _feed_handler_context(sample: Sample, symbol: str | None) -> Context:
    del symbol
    venue = venue_of_messages(_decoded(sample, LINE, 4))
    return {"venue": venue} if venue else {}


def _like_backtester(sample: Sample) -> bool:
    shaped = [match for line in sample.lines if (match := NS_LINE.fullmatch(line.encode()))]
    return 0 < len(sample.lines) <= 2 * sum(match[2][:1] in b"{[" for match in shaped)


def _backtester_context(sample: Sample, symbol: str | None) -> Context:
    del symbol
    venue = venue_of_messages(_decoded(sample, NS_LINE, 2))
    if venue is None:
        raise InputError(f"{sample.path.name}: no venue known here sends messages like these")
    pairs = {pair for message in _decoded(sample, NS_LINE, 2) if (pair := _pair(message)) is not None}
    return {"venue": venue, "pair": pairs.pop()} if len(pairs) == 1 else {"venue": venue}


def _pair(message: object) -> str | None:
    """The contract a combined stream of Binance is named for."""
    stream = cast("dict[str, Any]", message).get("stream") if isinstance(message, dict) else None
    return stream.partition("@")[0] if isinstance(stream, str) and re.fullmatch(r"[a-z0-9_]+@\S+", stream) else None


def _decoded(sample: Sample, pattern: re.Pattern[bytes], group: int) -> Iterator[object]:
    for line in sample.lines:
        match = pattern.fullmatch(line.strip().encode())
        payload = match[group] if match else None
        if payload and message_problem("", payload) is None:
            yield msgspec.json.decode(payload)


FEED_HANDLER_FORMAT = Format(
    name="capture-feed-handler",
    title="Raw capture with URL lines: <unix time>: <message>",
    kind="frames",
    looks_like=_like_feed_handler,
    context=_feed_handler_context,
    frames=feed_handler_frames,
    max_line_bytes=2 * MAX_FRAME_BYTES,
)
BACKTESTER_FORMAT = Format(
    name="capture-backtester",
    title="Raw capture: <local time in ns> <message>",
    kind="frames",
    looks_like=_like_backtester,
    context=_backtester_context,
    frames=backtester_frames,
    max_line_bytes=2 * MAX_FRAME_BYTES,
)
