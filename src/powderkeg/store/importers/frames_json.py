"""Captured messages as JSON: a document per venue, a single message, or one wrapped message per line.

Understood are `{"groups": [{"messages": [...]}]}`, an array of messages, one message, a Hyperliquid REST reply, and
lines of `{"venue": ..., "raw": <message>}` (with `ts_received_ns` where it is known). Such samples kept no receive
time: a message's own time stands for it, or the one of the message before (or, at the start, after) it.

Payloads are cut out of the document as they stand, not printed anew, so that numbers keep their digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import venue_slug
from powderkeg.store.importers.captures import KEPT, NOT_JSON, TOO_LONG, message_problem
from powderkeg.store.importers.formats import MAX_DOCUMENT_BYTES, Context, Format, Frame, Refused, Sample
from powderkeg.store.importers.lines import Line
from powderkeg.store.importers.message_times import message_time_ns
from powderkeg.store.importers.venue_hints import venue_of_message, venue_of_messages
from powderkeg.venues.guard import MAX_FRAME_BYTES

MESSAGES: Final = "messages"
"""Stream of single messages: not the life of a socket, so none of them repeats the past on subscribing."""

NO_TIME: Final = "neither the message nor its neighbors say a time"
NO_VENUE: Final = "no venue known here sends messages like this"


class _Group(msgspec.Struct):
    messages: list[msgspec.Raw]


class _Groups(msgspec.Struct):
    groups: list[_Group]


class _DecodedGroup(msgspec.Struct):
    messages: list[Any]


class _DecodedGroups(msgspec.Struct):
    groups: list[_DecodedGroup]


class _Wrapped(msgspec.Struct):
    venue: str
    raw: msgspec.Raw
    ts_received_ns: int | None = None


def document_frames(lines: Iterable[Line], context: Context) -> Iterator[Frame | Refused]:
    """Frames of one JSON document. Context: `venue`, `shape` (groups, array, message, recent-trades or reply)."""
    venue, shape = context["venue"], context["shape"]
    numbered = list(lines)
    text = b"\n".join(line.text for line in numbered)
    payloads = [payload for payload in _payloads(text, shape) if payload is not None]
    times = _filled([message_time_ns(_decode(payload)) for payload in payloads])
    position, number = 0, 1
    for payload, ts_ns in zip(payloads, times, strict=True):
        found = max(text.find(payload, position), position)
        number += text.count(b"\n", position, found)
        position = found
        problem = message_problem(venue, payload)
        if problem or ts_ns is None:
            yield Refused(number, problem or NO_TIME, payload)
        elif shape == "reply":
            yield Frame(venue, KEPT, ts_ns, payload, number)
        else:
            body = b'{"channel":"trades","data":' + payload + b"}" if shape == "recent-trades" else payload
            yield Frame(venue, MESSAGES, ts_ns, body, number)


def _payloads(text: bytes, shape: str) -> list[bytes | None]:
    try:
        if shape == "groups":
            return [bytes(raw) for group in msgspec.json.decode(text, type=_Groups).groups for raw in group.messages]
        if shape == "array":
            return [bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except msgspec.DecodeError as error:
        raise InputError(f"the document is damaged: {error}") from error
    return [text.strip()]


def _decode(payload: bytes) -> object:
    return msgspec.json.decode(payload) if message_problem("", payload) is None else None


def _filled(times: list[int | None]) -> list[int | None]:
    """Each unknown time replaced by the one before it, and those at the start by the first known one."""
    last = next((found for found in times if found is not None), None)
    filled: list[int | None] = []
    for found in times:
        last = found if found is not None else last
        filled.append(last)
    return filled


def line_frames(lines: Iterable[Line], context: Context) -> Iterator[Frame | Refused]:
    """Frames of wrapped messages, one a line."""
    del context
    last_ns: int | None = None
    for line in lines:
        if not line.text.strip():
            continue
        if (problem := TOO_LONG if line.cut else message_problem("", line.text)) is not None:
            yield Refused(line.number, problem, line.text)
            continue
        try:
            wrapped = msgspec.json.decode(line.text, type=_Wrapped)
        except msgspec.DecodeError:
            yield Refused(line.number, NOT_JSON, line.text)
            continue
        payload = bytes(wrapped.raw)
        message = msgspec.json.decode(payload)
        venue = _venue(wrapped.venue, message)
        last_ns = wrapped.ts_received_ns or message_time_ns(message) or last_ns
        if venue is None or last_ns is None:
            yield Refused(line.number, NO_VENUE if venue is None else NO_TIME, line.text)
        else:
            yield Frame(venue, MESSAGES, last_ns, payload, line.number)


def _venue(said: str, message: object) -> str | None:
    """The venue a line names, or, where its name is not one known here, the one its message shows."""
    try:
        return venue_slug(said)
    except InputError:
        return venue_of_message(message)


def _shape(document: object) -> tuple[str, list[Any]] | None:
    """How a document holds its messages, and the messages; None where it is no document of messages."""
    if isinstance(document, list):
        items = cast("list[Any]", document)
        if items and all(_is_recent_trade(item) for item in items):
            return "recent-trades", items
        return ("array", items) if venue_of_message(items) is None else ("message", [items])
    if not isinstance(document, dict):
        return None
    fields = cast("dict[str, Any]", document)
    try:
        return "groups", [item for group in msgspec.convert(fields, _DecodedGroups).groups for item in group.messages]
    except msgspec.ValidationError:
        is_reply = "assetPositions" in fields and "withdrawable" in fields
        return ("reply" if is_reply else "message"), [fields]


def _is_recent_trade(item: object) -> bool:
    return isinstance(item, dict) and {"coin", "side", "px", "sz", "time", "hash", "tid"} <= item.keys()


def _document_context(sample: Sample, symbol: str | None = None) -> Context:
    del symbol
    found = _shape(sample.document)
    if found is not None:
        shape, messages = found
        venue = "hyperliquid" if shape in ("recent-trades", "reply") else venue_of_messages(messages)
        if venue is not None:
            return {"venue": venue, "shape": shape}
    raise InputError(f"{sample.path.name} is not a JSON document of messages of a venue known here")


def _like_document(sample: Sample) -> bool:
    try:
        return bool(_document_context(sample))
    except InputError:
        return False


def _like_lines(sample: Sample) -> bool:
    shaped = 0
    for line in sample.lines:
        try:
            msgspec.json.decode(line, type=_Wrapped)
            shaped += 1
        except (msgspec.DecodeError, RecursionError):
            continue
    return 0 < len(sample.lines) <= 2 * shaped


DOCUMENT_FORMAT = Format(
    name="messages-json",
    title="Captured messages of one venue as a JSON document",
    kind="frames",
    looks_like=_like_document,
    context=_document_context,
    frames=document_frames,
    max_line_bytes=MAX_DOCUMENT_BYTES,
)
LINES_FORMAT = Format(
    name="messages-jsonl",
    title='Captured messages, one a line: {"venue": ..., "raw": <message>}',
    kind="frames",
    looks_like=_like_lines,
    context=lambda _sample, _symbol: {},
    frames=line_frames,
    max_line_bytes=2 * MAX_FRAME_BYTES,
)
