"""Can the venues be reached from here, and is our clock right? Asked only on demand; never fails, never hangs."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from powderkeg.app.doctor import OK, WARN, Finding
from powderkeg.venues import VENUES

TIMEOUT_S: Final = 3.0
PATIENCE_S: Final = 10.0
WORST_SKEW_S: Final = 2.0
"""The Date header has whole seconds (RFC 9110, 6.6.1), so half a second of it is rounding; windows of an hour do not
feel two, while event times that seem to come from the future do."""

MAX_HEAD_BYTES: Final = 16_384


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What a host answered: how long until it was connected, and its clock less ours; None where it does not say."""

    connect_ms: float
    skew_s: float | None


def network_findings(venues: Iterable[str] = tuple(VENUES)) -> list[Finding]:
    """One finding per venue, in their order; all are asked at once.

    The system's look-up of names knows no timeout, so the threads are not waited for longer than `PATIENCE_S`.
    """
    found: dict[str, Finding] = {}
    names = list(venues)
    threads = [threading.Thread(target=_note, args=(found, name), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [found.get(name) or _unreached(name, f"no answer within {PATIENCE_S:g} s") for name in names]


def _note(found: dict[str, Finding], venue: str) -> None:
    found[venue] = _finding(venue)


def _unreached(venue: str, why: str) -> Finding:
    return Finding(
        name=f"network: {venue}",
        status=WARN,
        detail=f"{_address(venue)[0]} cannot be reached: {why}",
        fix="check the connection; some venues refuse some countries, then leave them out with --venue",
    )


def _address(venue: str) -> tuple[str, int]:
    address = urlsplit(next(iter(VENUES[venue].subscriptions.urls.values())))
    return str(address.hostname), address.port or 443


def _finding(venue: str) -> Finding:
    host, port = _address(venue)
    try:
        reached = reach(host, port, context=ssl.create_default_context())
    except (OSError, ValueError) as error:
        return _unreached(venue, str(error) or type(error).__name__)
    return judged(venue, host, reached)


def judged(venue: str, host: str, reached: Reached) -> Finding:
    """What it means."""
    is_off = reached.skew_s is not None and abs(reached.skew_s) > WORST_SKEW_S
    skew = "its clock not told" if reached.skew_s is None else f"its clock {reached.skew_s:+.1f} s from ours"
    return Finding(
        name=f"network: {venue}",
        status=WARN if is_off else OK,
        detail=f"{host} connected in {reached.connect_ms:.0f} ms, {skew}",
        fix="set this machine's clock (timedatectl set-ntp true)" if is_off else "",
    )


def reach(host: str, port: int, *, context: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> Reached:
    """Connect, with TLS where a context is given, and ask for the time.

    Raises:
        OSError: it cannot be reached in time.
    """
    begun = time.perf_counter()
    deadline = begun + 2 * timeout_s
    with socket.create_connection((host, port), timeout=timeout_s) as plain:
        talking = plain if context is None else context.wrap_socket(plain, server_hostname=host)
        connect_ms = 1e3 * (time.perf_counter() - begun)
        talking.sendall(
            f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: powderkeg\r\n\r\n".encode()
        )
        asked_s = time.time()
        head = b"".join(_head(talking, deadline))
        skew_s = _date_skew(head, (asked_s + time.time()) / 2)
        if talking is not plain:
            talking.close()
    return Reached(connect_ms=connect_ms, skew_s=skew_s)


def _head(talking: socket.socket, deadline: float) -> Iterator[bytes]:
    """The answer's head, as far as it comes before the deadline; a host that says nothing was reached all the same."""
    size, tail = 0, b""
    while size < MAX_HEAD_BYTES and b"\r\n\r\n" not in tail:
        left_s = deadline - time.perf_counter()
        if left_s <= 0:
            return
        talking.settimeout(left_s)
        try:
            part = talking.recv(4_096)
        except OSError:
            return
        if not part:
            return
        size += len(part)
        tail = tail[-3:] + part
        yield part


def _date_skew(head: bytes, now_s: float) -> float | None:
    for line in head.split(b"\r\n"):
        name, _, told = line.partition(b":")
        if name.strip().lower() == b"date":
            try:
                return parsedate_to_datetime(told.decode("latin-1").strip()).timestamp() + 0.5 - now_s
            except (ValueError, TypeError):
                return None
    return None
