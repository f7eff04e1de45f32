"""What is told: an alert is one thing that happened, a message is one or several alerts for a person."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from powderkeg.domain.time import format_instant

Why = Literal["alert", "digest", "quiet_hours", "overflow"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    Attributes:
        key: the same for the same thing, however often it is found: what has a known key is not told again.
        rule: which rule found it.
        subject: whom it is about, a coin or a venue's stream.
        at_ns: when, in the time of the events.
        headline: what, in one line.
        detail: the numbers behind it.
        sureness: how sure: coverage, floor, method.
        path: the page of the dashboard to look at.
        strength: the measure the rule compares, in its own unit.
        is_silent: kept and shown, not sent.
        is_simulated: comes from a simulated market.
    """

    key: str
    rule: str
    subject: str
    at_ns: int
    headline: str
    detail: str
    sureness: str
    path: str
    strength: float
    is_silent: bool = False
    is_simulated: bool = False


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: one alert, or several at once.

    Attributes:
        key: for the receiver to tell a repetition, and for the outbox to keep one.
        at_ns: when it was made.
        why: `alert` for a single one; `digest`, `quiet_hours` or `overflow` where they were gathered.
        alerts: oldest first.
        unlisted: further alerts that are only counted; `powderkeg alerts history` has them.
    """

    key: str
    at_ns: int
    why: Why
    alerts: tuple[Alert, ...]
    unlisted: int = 0


def gathered(alerts: Sequence[Alert], at_ns: int, why: Why, unlisted: int = 0) -> Message:
    """Alerts as one message; a single one stays what it is. The same alerts have the same key."""
    if len(alerts) == 1 and not unlisted:
        return Message(key=alerts[0].key, at_ns=at_ns, why="alert", alerts=tuple(alerts))
    named = hashlib.sha256("\n".join(alert.key for alert in alerts).encode()).hexdigest()[:24]
    return Message(key=f"{why}/{named}", at_ns=at_ns, why=why, alerts=tuple(alerts), unlisted=unlisted)


def title(message: Message) -> str:
    """One line."""
    mark = "SIMULATED: " if any(alert.is_simulated for alert in message.alerts) else ""
    if message.why == "alert":
        return mark + message.alerts[0].headline
    count = len(message.alerts) + message.unlisted
    since = format_instant(message.alerts[0].at_ns)[:16].replace("T", " ")
    told = {"digest": "digest", "quiet_hours": "during quiet hours", "overflow": "more than could be sent singly"}
    return f"{mark}{count} alerts since {since} UTC ({told[message.why]})"


def paragraphs(message: Message, base_url: str) -> list[str]:
    """The text below the title: what, how sure, and where to look, for one alert; a line each for several."""
    if message.why == "alert":
        alert = message.alerts[0]
        seen = f"at {format_instant(alert.at_ns)}"
        return [f"{alert.detail} ({seen})", f"How sure: {alert.sureness}", f"Look at: {base_url}{alert.path}"]
    lines = [
        f"{format_instant(alert.at_ns)[11:19]} {alert.headline}. {alert.sureness} {base_url}{alert.path}"
        for alert in message.alerts
    ]
    if message.unlisted:
        lines.append(f"and {message.unlisted} more, see powderkeg alerts history")
    return lines
