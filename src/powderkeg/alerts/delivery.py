"""Delivery as a state machine without clock, disk or socket: what becomes of a message at one sink.

    pending ─ sent
       ├──── retry: later, doubling up to a quarter of an hour, or when the sink asks for; then pending again
       ├──── unauthorized, blocked: the sink is off until its setting changes; the message stays pending
       └──── refused: this message cannot be sent to this sink; given up, and said so

Nothing is dropped silently: more pending messages than `GATHER_ABOVE` become one that lists or counts them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from powderkeg.alerts.message import Alert, Message, gathered
from powderkeg.domain.time import NS_PER_S

OutcomeKind = Literal["sent", "retry", "unauthorized", "blocked", "refused"]
DeliveryState = Literal["pending", "sent", "given_up", "gathered"]

FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 900.0
LONGEST_ASKED_S: Final = 6 * 3_600.0
"""A sink that asks to wait longer is asked again after this."""

GATHER_ABOVE: Final = 10
LISTED: Final = 20
"""Alerts listed in a gathered message, the newest; a message has a length limit everywhere."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of one attempt: `retry_after_s` where the sink said when to come again."""

    kind: OutcomeKind
    reason: str = ""
    retry_after_s: float | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message at one sink.

    Attributes:
        attempts: made so far.
        due_ns: not before.
        reason: of the last failure.
    """

    message_key: str
    sink: str
    attempts: int = 0
    due_ns: int = 0
    state: DeliveryState = "pending"
    reason: str = ""


class SinkState(msgspec.Struct, frozen=True, kw_only=True):
    """A sink: off with a reason, or waiting.

    Attributes:
        fingerprint: of its setting; a changed setting turns it on again.
        off_reason: why nothing is sent, empty where it is on.
        not_before_ns: it asked for, or is down.
    """

    name: str
    fingerprint: str = ""
    off_reason: str = ""
    not_before_ns: int = 0


def after(delivery: Delivery, sink: SinkState, outcome: Outcome, now_ns: int) -> tuple[Delivery, SinkState]:
    """What both are after an attempt."""
    tried = msgspec.structs.replace(delivery, attempts=delivery.attempts + 1, reason=outcome.reason)
    match outcome.kind:
        case "sent":
            return msgspec.structs.replace(tried, state="sent"), msgspec.structs.replace(sink, not_before_ns=0)
        case "refused":
            return msgspec.structs.replace(tried, state="given_up"), sink
        case "unauthorized" | "blocked":
            return tried, msgspec.structs.replace(sink, off_reason=outcome.reason or outcome.kind)
        case "retry":
            due_ns = now_ns + int(wait_s(tried.attempts, outcome.retry_after_s) * NS_PER_S)
            return msgspec.structs.replace(tried, due_ns=due_ns), msgspec.structs.replace(sink, not_before_ns=due_ns)


def wait_s(attempts: int, asked_s: float | None) -> float:
    """Seconds until the next attempt: 5, 10, 20 ... 900, and never less than the sink asked for."""
    doubled = min(FIRST_WAIT_S * 2.0 ** min(max(attempts - 1, 0), 20), LONGEST_WAIT_S)
    return max(doubled, min(asked_s or 0.0, LONGEST_ASKED_S))


def configured(sink: SinkState | None, name: str, fingerprint: str) -> SinkState:
    """A sink at a start: as it was, or anew where its setting changed."""
    if sink is None or sink.fingerprint != fingerprint:
        return SinkState(name=name, fingerprint=fingerprint)
    return sink


def overflow(pending: Sequence[Message], now_ns: int) -> Message | None:
    """The one message for more than can be sent singly, None where there are not so many."""
    if len(pending) <= GATHER_ABOVE:
        return None
    alerts: list[Alert] = [alert for message in pending for alert in message.alerts]
    unlisted = sum(message.unlisted for message in pending)
    shown = sorted(alerts, key=lambda alert: alert.at_ns)[-LISTED:]
    return gathered(shown, now_ns, "overflow", unlisted + len(alerts) - len(shown))
