"""One HTTP GET over the standard library: bounded in time and size, no redirects, no cookies. Blocking."""

from __future__ import annotations

import http.client
import time
import zlib
from typing import Final
from urllib.parse import urlsplit

import msgspec

from powderkeg.domain.errors import InputError

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""The largest answer used here, Binance's exchange information, has about 1 MB (captured, 2021) and grows."""

TIMEOUT_S: Final = 10.0
_CHUNK_BYTES: Final = 64 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "powderkeg"}


class Answer(msgspec.Struct, frozen=True):
    """What the server said. Header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def get(url: str, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BODY_BYTES) -> Answer:
    """Ask once.

    Args:
        url: http or https.
        timeout_s: for the whole request; a single wait for bytes is no longer either.
        max_bytes: of the body, also once decompressed.

    Raises:
        OSError: no connection, no answer in time, or broken TLS.
        http.client.HTTPException: the answer is no HTTP.
        ValueError: the body is too large, or damaged.
        InputError: the URL is no HTTP URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{url!r} is no http or https URL")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    deadline_s = time.monotonic() + timeout_s
    connection = kind(parts.hostname, parts.port, timeout=timeout_s)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("GET", target, headers=_HEADERS)
        response = connection.getresponse()
        headers = {name.lower(): text for name, text in response.getheaders()}
        body = _read(response, deadline_s, max_bytes)
    finally:
        connection.close()
    if headers.get("content-encoding", "").lower() == "gzip":
        body = _inflated(body, max_bytes)
    return Answer(response.status, headers, body)


def _read(response: http.client.HTTPResponse, deadline_s: float, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    length = 0
    while chunk := response.read1(_CHUNK_BYTES):
        length += len(chunk)
        if length > max_bytes:
            raise ValueError(f"the answer is larger than {max_bytes} bytes")
        if time.monotonic() > deadline_s:
            raise TimeoutError("the answer trickled in too slowly")
        chunks.append(chunk)
    if response.length:  # what the header promised and the connection did not bring
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(chunks)


def _inflated(body: bytes, max_bytes: int) -> bytes:
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = inflate.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"the answer is no readable gzip: {error}") from error
    if len(text) > max_bytes:
        raise ValueError(f"the answer is larger than {max_bytes} bytes once decompressed")
    if not inflate.eof:
        raise ValueError("the gzip answer is cut short")
    return text
