r"""A file as numbered lines: plain, gzip or a zip of one member, told by its first bytes, never by its name.

Only `\n` ends a line and a `\r` before it belongs to the end; a byte order mark at the start is dropped. Lines are
bytes here, because a recording can hold bytes that are no text: what to do with them is the format's business.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from powderkeg.domain.errors import InputError

MAX_RATIO: Final = 300
"""A compressed text of a market is 5 to 60 times smaller than the text; deflate can be 1,032 times smaller (zlib,
"Maximum Expansion Factor", read 2026-11), and a file near that is a bomb."""

FREE_BYTES: Final = 64 * 1024 * 1024
"""Unpacked bytes before the ratio is looked at: a short file of equal rows may compress very well."""

HEAD_BYTES: Final = 256 * 1024
"""How much of a file is looked at to tell what it is."""

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_BOM = b"\xef\xbb\xbf"
_READ_BYTES = 1024 * 1024


class Line(NamedTuple):
    """One line of a file; `cut` says that it was longer than allowed and only its beginning is here."""

    number: int
    text: bytes
    cut: bool


def content_name(path: Path) -> str:
    """The name of what is inside: the file's name without `.gz` or `.zip`."""
    return path.stem if path.suffix.lower() in (".gz", ".zip") else path.name


@contextmanager
def open_content(path: Path) -> Generator[IO[bytes]]:
    """The file's content, unpacked where it is packed.

    Raises:
        InputError: not a readable file, a zip of several members, a damaged or absurdly compressed archive.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file; give the path of one recorded file")
    try:
        with path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic.startswith(_GZIP):
                with gzip.open(raw) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            elif magic == _ZIP:
                with zipfile.ZipFile(raw) as archive, archive.open(_only_member(archive, path)) as member:
                    yield member
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError) as error:
        raise InputError(f"{path} is damaged: {error}; get the file again") from error
    except RuntimeError as error:  # zipfile's word for an encrypted member
        raise InputError(f"{path} cannot be unpacked: {error}; unpack it first") from error


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        raise InputError(f"{path} holds {len(members)} files; unpack it and import them one by one")
    return members[0]


def read_head(path: Path, limit: int = HEAD_BYTES) -> bytes:
    """The first bytes of the content, without a byte order mark."""
    with open_content(path) as content:
        return content.read(limit).removeprefix(_BOM)


def read_chunks(path: Path, on_read: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """The content in pieces, watching for compression bombs.

    Args:
        path: the file.
        on_read: told the number of unpacked bytes so far.
    """
    packed = max(path.stat().st_size, 1) if path.is_file() else 1
    total = 0
    with open_content(path) as content:
        while chunk := content.read(_READ_BYTES):
            total += len(chunk)
            if total > FREE_BYTES and total > MAX_RATIO * packed:
                raise InputError(f"{path} unpacks to over {MAX_RATIO} times its size; unpack it yourself to import it")
            if on_read is not None:
                on_read(total)
            yield chunk


def read_lines(path: Path, max_line_bytes: int, on_read: Callable[[int], None] | None = None) -> Iterator[Line]:
    """Every line of the content with its 1-based number, without line ends.

    Args:
        path: plain, gzip or zip of one member.
        max_line_bytes: of a longer line only that much is kept, and the rest is skipped without being held.
        on_read: told the number of unpacked bytes so far, now and then.

    Raises:
        InputError: see `open_content`.
    """
    return split_lines(read_chunks(path, on_read), max_line_bytes)


def split_lines(chunks: Iterator[bytes], max_line_bytes: int) -> Iterator[Line]:
    """The lines of a text that comes in pieces."""
    number = 1
    rest = b""
    cut = False
    for chunk in chunks:
        pieces = chunk.split(b"\n")
        pieces[0] = rest + pieces[0]
        for piece in pieces[:-1]:
            yield _line(number, piece, max_line_bytes, cut=cut)
            cut = False
            number += 1
        rest = pieces[-1]
        if len(rest) > max_line_bytes + len(_BOM):
            rest, cut = rest[: max_line_bytes + len(_BOM)], True
    if rest:
        yield _line(number, rest, max_line_bytes, cut=cut)


def _line(number: int, text: bytes, max_line_bytes: int, *, cut: bool) -> Line:
    if number == 1:
        text = text.removeprefix(_BOM)
    text = text.removesuffix(b"\r")
    if len(text) > max_line_bytes:
        return Line(number, text[:max_line_bytes], cut=True)
    return Line(number, text, cut)


def lines_of(content: bytes, max_line_bytes: int) -> list[Line]:
    """The lines of bytes at hand."""
    return list(split_lines(iter(io.BytesIO(content).readlines(_READ_BYTES)), max_line_bytes))
