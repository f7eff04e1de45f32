"""Errors as every client gets them: `{code, message, hint}`, and how an error in flight becomes one."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """What was wrong, and what to do about it; `code` is for programs and never changes its meaning."""

    code: str
    message: str
    hint: str = ""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A request that is answered with an error.

    Args:
        status: of HTTP.
        code: see `Fault`.
        message: what was wrong; what to do about it may stand behind the first semicolon.
        headers: to send with it.
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.fault = fault_of(code, message)
        self.headers = headers or {}


def fault_of(code: str, message: str) -> Fault:
    """A fault from one sentence: our messages say what was wrong, then, behind a semicolon, what to do."""
    said, _, hint = message.partition("; ")
    return Fault(code, said, hint)


def fault_bytes(fault: Fault) -> bytes:
    """As it is sent."""
    return msgspec.json.encode(fault)
