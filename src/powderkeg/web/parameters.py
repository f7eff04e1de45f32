"""From query strings and bodies to the structs of `asks.py`; what cannot be read is answered with 400 and a hint."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any, Final, TypeVar, cast, get_origin
from urllib.parse import parse_qsl

import msgspec

from powderkeg.web.asks import Ask
from powderkeg.web.faults import Refused
from powderkeg.web.frames import Form

MAX_QUERY_BYTES: Final = 4_096
MAX_FIELDS: Final = 100
MAX_BODY_BYTES: Final = 65_536
MAX_DEPTH: Final = 16
"""Brackets in a body; the decoder recurses, and nothing asked here nests deeper than three."""

FORMS: Final[dict[str, Form]] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow",
}

Asked = TypeVar("Asked", bound=Ask)


def read_query(query: bytes, kind: type[Asked]) -> tuple[Asked, str | None]:
    """The question a query string asks, and its `format` where it names one.

    Raises:
        Refused: unknown or repeated parameter, wrong type, or beyond a limit.
    """
    given: dict[str, list[str]] = {}
    for name, text in _pairs(query):
        given.setdefault(name, []).append(text)
    form = given.pop("format", [None])[-1]
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    plain: dict[str, Any] = {}
    for name, texts in given.items():
        if name not in fields:
            raise _unknown(name, fields)
        if _is_list(fields[name].type):
            plain[name] = [part.strip() for text in texts for part in text.split(",") if part.strip()]
        elif len(texts) > 1:
            raise Refused(400, "repeated_parameter", f"{name} is given {len(texts)} times; give it once")
        else:
            plain[name] = texts[0]
    return _convert(plain, kind, strict=False), form


def read_body(body: bytes, kind: type[Asked]) -> Asked:
    """The question a JSON body asks.

    Raises:
        Refused: too large, too deep, no JSON object, unknown member, wrong type, or beyond a limit.
    """
    if len(body) > MAX_BODY_BYTES:
        raise Refused(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes; this one has {len(body)}")
    if depth_of(body) > MAX_DEPTH:
        raise Refused(400, "too_deep", f"the body nests deeper than {MAX_DEPTH} brackets; send a flat object")
    try:
        plain: Any = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "bad_json", f"the body is not JSON: {error}; send an object") from None
    if not isinstance(plain, dict):
        raise Refused(400, "bad_json", "the body is not an object; send {...}")
    members = cast("dict[str, Any]", plain)
    fields = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name in members:
        if name not in fields:
            raise _unknown(name, fields)
    return _convert(members, kind, strict=True)


def form_of(named: str | None, accept: str) -> Form:
    """The form of an answer: `format` where it is named, else what the Accept header asks for.

    Raises:
        Refused: no such format.
    """
    if named is not None:
        for form in FORMS.values():
            if named == form:
                return form
        raise Refused(400, "bad_format", f"there is no format {named[:40]!r}; known are json, csv, parquet, arrow")
    for part in accept.lower().split(","):
        form = FORMS.get(part.partition(";")[0].strip())
        if form is not None:
            return form
    return "json"


def depth_of(body: bytes) -> int:
    """How deep brackets nest, those within strings counted too: never less than the truth for valid JSON."""
    depth = deepest = 0
    for byte in body:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def check_query(query: bytes) -> str:
    """A query string of bounded length, in ASCII.

    Raises:
        Refused: it is not.
    """
    if len(query) > MAX_QUERY_BYTES:
        raise Refused(414, "too_long", f"a query has at most {MAX_QUERY_BYTES} bytes; ask for fewer names")
    if not query.isascii():
        raise Refused(400, "bad_query", "the query is not ASCII; escape what is not")
    return query.decode("ascii")


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(check_query(query), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:  # also what cannot be decoded
        raise Refused(400, "bad_query", f"the query cannot be read: {error}; write name=value&name=value") from None


def _convert(plain: dict[str, Any], kind: type[Asked], *, strict: bool) -> Asked:
    try:
        return msgspec.convert(plain, kind, strict=strict)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`").partition("[")[0]
        raise Refused(400, "bad_parameter", f"{name or 'parameter'}: {said}; see /schema") from None


def _is_list(kind: Any) -> bool:
    return get_origin(getattr(kind, "__origin__", kind)) is tuple or get_origin(kind) is tuple


def _unknown(name: str, known: Collection[str]) -> Refused:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(known)) or 'none'}"
    return Refused(400, "unknown_parameter", f"there is no parameter {name[:64]!r}; {hint}")
