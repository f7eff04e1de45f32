"""Holds everything sent on this thread to the rules of `addresses`, and notes how it was answered.

The address is judged at the instant of connecting, on the very address that is connected to (an audit hook on
`socket.connect`, PEP 578): a name that resolves to something else the second time gains nothing. This holds for every
library that connects here, HTTP or mail. HTTP requests follow no redirect, use no proxy or password file of the
environment, and read at most 64 KiB of an answer.
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# requests ships no types; its session is a narrow seam here.

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import requests
from requests import sessions

from powderkeg.notify.addresses import Allowed, refusal

MAX_ANSWER_BYTES: Final = 65_536

_here = threading.local()
_hook_lock = threading.Lock()
_sending_lock = threading.Lock()
_is_hooked = False


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer: status, Retry-After and location as they came, and the beginning of the body."""

    status: int
    retry_after: str | None
    is_redirect: bool
    body: bytes


class Watch(msgspec.Struct):
    """What happened while sending: answers in order, and addresses that were refused."""

    allowed: Allowed
    answers: list[Answer] = msgspec.field(default_factory=list[Answer])
    refusals: list[str] = msgspec.field(default_factory=list[str])


class GuardedSession(requests.Session):
    """An HTTP session under the rules; see the head of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        """One request, and no second one after a refusal or a redirect."""
        watch: Watch | None = getattr(_here, "watch", None)
        if watch is None:
            raise requests.ConnectionError("sent outside of `guarded`: this is a bug")
        if watch.answers and watch.answers[-1].status >= 300:
            raise requests.ConnectionError("the sink refused; it is asked again later")
        settings |= {"allow_redirects": False, "stream": True}
        answer = super().send(request, **settings)
        body = answer.raw.read(MAX_ANSWER_BYTES, decode_content=True) or b""
        answer.close()
        setattr(answer, "_content", body)  # noqa: B010 - what callers read as `content`, bounded
        retry_after = answer.headers.get("Retry-After")
        watch.answers.append(Answer(answer.status_code, retry_after, answer.is_redirect, body))
        return answer


@contextmanager
def guarded(allowed: Allowed) -> Generator[Watch]:
    """Whatever this thread sends meanwhile is held to the rules; one sender at a time."""
    _hook()
    watch = Watch(allowed)
    with _sending_lock:
        original = sessions.Session
        sessions.Session = GuardedSession
        _here.watch = watch
        try:
            yield watch
        finally:
            _here.watch = None
            sessions.Session = original


def _hook() -> None:
    global _is_hooked  # noqa: PLW0603 - an audit hook can be added, never removed
    with _hook_lock:
        if not _is_hooked:
            sys.addaudithook(_judge)
            _is_hooked = True


def _judge(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto"}:
        return
    watch: Watch | None = getattr(_here, "watch", None)
    if watch is None:
        return
    address: Any = arguments[1]
    host = str(address[0]) if isinstance(address, tuple) and address else "a socket of this machine"
    reason = refusal(host, watch.allowed)
    if reason is not None:
        watch.refusals.append(reason)
        raise PermissionError(reason)
