"""Holds everything sent on this thread to the rules of `addresses`, and notes how it was answered.

The address is judged at the instant of connecting, on the very address that is connected to (an audit hook on
`socket.connect`, PEP 578): a name that resolves to something else the second time gains nothing. This holds for every
library that connects here, HTTP or mail. HTTP requests follow no redirect, use no proxy or password file of the
environment, and read at most 64 KiB of an answer. Of mail the reply codes are noted, which the mail library keeps to
itself.
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# requests ships no types; its session is a narrow seam here.

from __future__ import annotations

import smtplib
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
    """What happened while sending: answers and reply codes in order, and addresses that were refused."""

    allowed: Allowed
    answers: list[Answer] = msgspec.field(default_factory=list[Answer])
    reply_codes: list[int] = msgspec.field(default_factory=list[int])
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


class _Noted:
    """Mail whose replies are noted."""

    def getreply(self) -> tuple[int, bytes]:
        """The next reply: its code (RFC 5321, 4.2) and text."""
        code, text = super().getreply()  # type: ignore[misc] # of the mail class beside it
        watch: Watch | None = getattr(_here, "watch", None)
        if watch is not None:
            watch.reply_codes.append(code)
        return code, text


class NotedMail(_Noted, smtplib.SMTP):
    """Plain, or encrypted on the way."""


class NotedMailOverTls(_Noted, smtplib.SMTP_SSL):
    """Encrypted from the first byte."""


@contextmanager
def guarded(allowed: Allowed) -> Generator[Watch]:
    """Whatever this thread sends meanwhile is held to the rules; one sender at a time."""
    _hook()
    watch = Watch(allowed)
    with _sending_lock:
        original = sessions.Session, smtplib.SMTP, smtplib.SMTP_SSL
        sessions.Session, smtplib.SMTP, smtplib.SMTP_SSL = GuardedSession, NotedMail, NotedMailOverTls
        _here.watch = watch
        try:
            yield watch
        finally:
            _here.watch = None
            sessions.Session, smtplib.SMTP, smtplib.SMTP_SSL = original


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
