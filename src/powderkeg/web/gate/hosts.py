"""The Host header has to name this server: a page that made a foreign name point here (DNS rebinding) is refused."""

from __future__ import annotations

import re
from typing import Final

from powderkeg.web.faults import Refused

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})

_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.\-]*[a-z0-9])?)(?::(\d{1,5}))?")


def check_host(headers: list[tuple[bytes, bytes]], allowed: frozenset[str]) -> str:
    """The authority (host, and port where it is told) the request was sent to.

    Args:
        headers: of the request, names in lower case.
        allowed: host names this server answers to, in lower case, without port.

    Raises:
        Refused: none, several, or another host.
    """
    told = [content for name, content in headers if name == b"host"]
    if len(told) == 1:
        authority = told[0].decode("latin-1").lower()
        match = _AUTHORITY.fullmatch(authority)
        if match and match[1] in allowed:
            return authority
    raise Refused(
        421, "wrong_host", "this server does not go by that name; use its address, or start it with --allow-host"
    )


def allowed_hosts(bound: str, more: tuple[str, ...] = ()) -> frozenset[str]:
    """The names of a server bound to an address; one bound to all addresses has to be told its names."""
    own = f"[{bound}]" if ":" in bound else bound
    everywhere = bound in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
    names = {*LOOPBACK, *(name.lower() for name in more)}
    return frozenset(names if everywhere else names | {own.lower()})
