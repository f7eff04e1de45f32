"""What a file format is: its name, how it is recognized by content, and what turns it into events or frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import resolve
from powderkeg.store.importers.lines import HEAD_BYTES, Line, content_name, lines_of, open_content, read_head
from powderkeg.store.rows import RowsParser

SAMPLE_LINES: Final = 60
"""Lines looked at to recognize a table: enough to see its shape through a few lines of junk."""

MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
"""Largest JSON document read whole; recordings that grow come as one message per line instead."""

MAX_ROW_BYTES: Final = 16 * 1024
"""Longest table line that is read; the widest table here has 20 columns and lines of 300 bytes."""

_SAMPLE_LINE_BYTES = 64 * 1024


class Sample:
    """The beginning of a file, as the recognizers see it.

    Args:
        path: where the file is; the names of its last folders count as little as its own: only where content cannot
            tell.
        head: the first bytes of its content.
        whole: the content is no longer than the head.
        load: reads the content whole, for JSON documents.
    """

    def __init__(self, path: Path, head: bytes, *, whole: bool, load: Callable[[], bytes] | None = None) -> None:
        self.path = path
        self.name = content_name(path)
        self.head = head
        self._load = load if load is not None else lambda: head
        lines = lines_of(head, _SAMPLE_LINE_BYTES)
        if not whole and len(lines) > 1:
            lines.pop()  # most likely cut off in its middle
        texts = (line.text.decode("utf-8", "replace") for line in lines)
        self.lines = [text for text in texts if text.strip()][:SAMPLE_LINES]

    @classmethod
    def of(cls, path: Path) -> Sample:
        """The sample of a file.

        Raises:
            InputError: the file cannot be read or unpacked.
        """
        head = read_head(path)
        return cls(path, head, whole=len(head) < HEAD_BYTES - 3, load=lambda: _read_document(path))

    @cached_property
    def document(self) -> object:
        """The content as one JSON document, decoded; None where it is not one (or is too large to be one)."""
        if self.head.lstrip()[:1] not in (b"{", b"["):
            return None
        try:
            return msgspec.json.decode(self._load())
        except (msgspec.DecodeError, InputError, RecursionError):
            return None


def _read_document(path: Path) -> bytes:
    with open_content(path) as content:
        found = content.read(MAX_DOCUMENT_BYTES + 1)
    if len(found) > MAX_DOCUMENT_BYTES:
        raise InputError(f"{path} is a JSON document over {MAX_DOCUMENT_BYTES} bytes; split it into one message a line")
    return found.removeprefix(b"\xef\xbb\xbf")


class Frame(NamedTuple):
    """One raw message of a recording."""

    venue: str
    stream: str
    ts_received_ns: int
    payload: bytes
    line: int


class Refused(NamedTuple):
    """A line of a recording that is no message; the reasons are few and constant, so that they can be counted."""

    line: int
    reason: str
    payload: bytes


Context = dict[str, str]
FrameReader = Callable[[Iterable[Line], Context], Iterator[Frame | Refused]]
"""Numbered lines -> their frames and the lines refused, in order. Pure: same lines, same frames."""

Doubled = Callable[[Iterable[Line], Context], frozenset[int]]
"""Numbered lines -> the numbers of those the publisher is known to have written twice."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file.

    Attributes:
        name: what `--format` takes.
        title: one line for a list.
        kind: rows (a table) or frames (raw messages of venues).
        looks_like: whether a sample is of this kind.
        context: what the parser must know beside the lines; raises InputError where neither the content nor the name
            says it. `symbol` in the result is in unified form.
        could_be: content fits but the name must tell it from a twin with the same columns; None where content tells.
        rows: the parser of a table.
        frames: the reader of a recording.
        max_line_bytes: a longer line is cut, and refused.
        doubled: finds rows written twice, for the one source known to do so.
    """

    name: str
    title: str
    kind: Literal["rows", "frames"]
    looks_like: Callable[[Sample], bool]
    context: Callable[[Sample, str | None], Context]
    could_be: Callable[[Sample], bool] | None = None
    rows: RowsParser | None = None
    frames: FrameReader | None = None
    max_line_bytes: int = MAX_ROW_BYTES
    doubled: Doubled | None = None


def said_by_name(sample: Sample, words: tuple[str, ...]) -> str | None:
    """The one of some words that a file's name holds, or else the nearest folder that holds exactly one of them."""
    for part in (sample.name, *reversed(sample.path.parts[:-1])):
        said = [word for word in words if re.search(rf"(?<![a-z]){word}(?![a-z])", part.lower())]
        if len(said) == 1:
            return said[0]
    return None


def no_context(sample: Sample, symbol: str | None) -> Context:
    """For formats whose lines say everything."""
    del sample, symbol
    return {}


def unified(symbol: str | None, sample: Sample, pattern: re.Pattern[str], venue: str | None = None) -> str:
    """The unified symbol a file is about: as told, or read from its name.

    Args:
        symbol: what the user said, any spelling; None to read the name.
        sample: the file.
        pattern: finds the symbol as group 1 in the file's name.
        venue: whose spelling it is.

    Raises:
        InputError: nobody says the symbol, or it cannot be read.
    """
    if symbol is None:
        match = pattern.match(sample.name)
        if match is None:
            raise InputError(
                f"{sample.path.name} does not say its symbol and neither do its rows; "
                "name the file like its publisher does (BTCUSDT-...) or pass --symbol BTCUSDT"
            )
        return resolve(match[1], venue=venue).symbol
    return resolve(symbol, venue=venue).symbol
