"""Messages between processes: a head as JSON, then bytes; both with their length before them."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final, Literal

import msgspec

Form = Literal["json", "csv", "parquet", "arrow"]

MEDIA: Final[dict[Form, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file",
}

LENGTHS: Final = struct.Struct(">IQ")


class Question(msgspec.Struct, frozen=True):
    """What a worker is asked: the question's name, its parameters as JSON, and the form of the answer."""

    name: str
    parameters: bytes
    form: Form = "json"


class Reply(msgspec.Struct, frozen=True):
    """What it answers: an HTTP status, what kind of bytes they are; errors are `{code, message, hint}`.

    `is_simulated`: something of the data directory comes from a simulated market, in whatever form that is told.
    """

    status: int
    media: str
    is_simulated: bool = False


def pack(head: msgspec.Struct, body: bytes = b"") -> bytes:
    """A message as bytes."""
    encoded = msgspec.json.encode(head)
    return LENGTHS.pack(len(encoded), len(body)) + encoded + body


def read_message(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next message's head and body, None at the end."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return stream.read(head), stream.read(body)
