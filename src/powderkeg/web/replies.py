"""Responses of every kind, and errors as `{code, message, hint}`."""

from __future__ import annotations

import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from powderkeg.web.faults import Fault, Refused
from powderkeg.web.files import StaticFile
from powderkeg.web.parameters import MAX_BODY_BYTES

AnyRequest = Request[Any, Any, Any]

CHARSET: Final = "; charset=utf-8"
"""Litestar adds it to every text; said by us too, it would stand there twice."""

LOG: Final = logging.getLogger("powderkeg.web")


def bytes_reply(body: bytes, media: str, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Bytes as they are; never kept by a cache."""
    told = {"cache-control": "no-store", **(headers or {})}
    return Response(body, status_code=status, media_type=media.removesuffix(CHARSET), headers=told)


def json_reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A document."""
    return bytes_reply(msgspec.json.encode(document), "application/json", status, headers)


def file_reply(found: StaticFile | None, request: AnyRequest) -> Response[bytes]:
    """A file, squeezed where the browser takes that; nothing where it has it already.

    Raises:
        Refused: there is none.
    """
    if found is None:
        raise Refused(404, "not_found", "there is no such page; begin at /")
    headers = {"etag": found.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == found.tag:
        return Response(b"", status_code=304, headers=headers)
    content = found.content
    if found.squeezed and "gzip" in request.headers.get("accept-encoding", ""):
        content = found.squeezed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=found.media.removesuffix(CHARSET), headers=headers)


def refused_reply(_request: AnyRequest, refused: Refused) -> Response[bytes]:
    """What was refused on purpose."""
    return json_reply(refused.fault, refused.status, refused.headers)


_KNOWN: Final = {
    404: Fault("not_found", "there is no such address", "/schema lists what there is"),
    405: Fault("bad_method", "this address has no such method", "/schema lists what there is"),
    413: Fault("too_large", f"a body has at most {MAX_BODY_BYTES} bytes", "send less"),
}


def http_error_reply(_request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the router refused."""
    fault = _KNOWN.get(error.status_code, Fault("bad_request", "the request cannot be read", "/schema says how"))
    return json_reply(fault, error.status_code)


def failed_reply(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A bug of ours: the log has where, but nothing that was sent."""
    LOG.error("bug in %s: %s", request.scope["path"], type(error).__name__, exc_info=error)
    return json_reply(Fault("failed", "this is a bug of ours", "the server's log has it; please report it"), 500)
