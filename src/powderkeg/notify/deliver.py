"""One attempt: a message to a sink, under guard, and what came of it."""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# apprise's plugins are typed in part; they pass through here only.

from __future__ import annotations

import datetime as dt
import email.utils
import math
from typing import Any, Final

import msgspec

from powderkeg.alerts.delivery import Outcome
from powderkeg.alerts.message import Message, paragraphs, title
from powderkeg.domain.errors import ConfigError
from powderkeg.notify.addresses import Allowed, check_host
from powderkeg.notify.guard import Answer, Watch, guarded
from powderkeg.notify.markup import clean, composed
from powderkeg.notify.sinks import MARKUPS, Sink, host_of, plugin_of

OFF_STATUSES: Final = {401, 403, 404, 410}
"""The sink does not know us: trying again cannot help. Telegram and Discord answer so for a revoked token."""

OFF_REPLIES: Final = {530, 534, 535, 538}
"""Of mail: no login, too weak a one, a wrong one, or one that needs encryption (RFC 4954, section 6)."""


def check(sink: Sink, allowed: Allowed) -> None:
    """Refuse a sink that messages must not be sent to, before anything is.

    Raises:
        ConfigError: the address cannot be read, or leads to a refused place.
    """
    check_host(host_of(sink, plugin_of(sink)), allowed)


def deliver(sink: Sink, message: Message, *, base_url: str, allowed: Allowed, now_s: float) -> Outcome:
    """Try once.

    Args:
        sink: where to.
        message: what.
        base_url: of the dashboard, for links.
        allowed: addresses beyond public ones.
        now_s: epoch time, for a Retry-After that is a date.
    """
    try:
        plugin = plugin_of(sink)
        reachable = check_host(host_of(sink, plugin), allowed)
    except ConfigError as error:
        return Outcome("blocked", str(error))
    with guarded(reachable) as watch:
        try:
            is_sent = _send(sink, plugin, message, base_url)
        except Exception as error:  # noqa: BLE001 - a plugin that fails is a sink that failed; its text may hold secrets
            return Outcome("retry", f"the {sink.kind} plugin failed: {type(error).__name__}")
    return outcome_of(watch, is_sent=is_sent, now_s=now_s)


def outcome_of(watch: Watch, *, is_sent: bool, now_s: float) -> Outcome:
    """What the answers mean."""
    if watch.refusals:
        return Outcome("blocked", f"messages must not go there: {watch.refusals[-1]}")
    if is_sent:
        return Outcome("sent")
    if watch.reply_codes:
        return _mail_refused(watch.reply_codes)
    if not watch.answers:
        return Outcome("retry", "no answer: is it down, or unreachable from here?")
    return _refused(watch.answers[-1], now_s)


def _refused(answer: Answer, now_s: float) -> Outcome:
    if answer.is_redirect or 300 <= answer.status < 400:
        return Outcome("blocked", f"it answers {answer.status}, a redirect, which is never followed")
    if answer.status in OFF_STATUSES:
        return Outcome("unauthorized", f"it answers {answer.status}: is the token or address still right?")
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return Outcome("retry", f"it answers {answer.status}", retry_after_s(answer, now_s))
    return Outcome("refused", f"it refuses this message with {answer.status}")


def _mail_refused(reply_codes: list[int]) -> Outcome:
    """The last refusal among a mail server's replies decides: 4yz is temporary, 5yz permanent (RFC 5321, 4.2.1).

    Replies below 400 may follow it (to RSET and QUIT) and take nothing back.
    """
    code = next((code for code in reversed(reply_codes) if code >= 400), None)
    if code is None:
        return Outcome(
            "retry", "it answers and does not take the mail: does it offer the login and encryption asked for?"
        )
    if code in OFF_REPLIES:
        return Outcome("unauthorized", f"it answers {code}: are user and password still right?")
    if code < 500:
        return Outcome("retry", f"it answers {code}")
    return Outcome("refused", f"it refuses this message with {code}: may this user send from and to these addresses?")


def retry_after_s(answer: Answer, now_s: float) -> float | None:
    """When to come again: the header (RFC 9110, 10.2.3), or what Telegram and Discord write into the body."""
    found: list[float] = []
    if answer.retry_after:
        try:
            found.append(float(answer.retry_after))
        except ValueError:
            try:
                asked = email.utils.parsedate_to_datetime(answer.retry_after)
                asked = asked if asked.tzinfo else asked.replace(tzinfo=dt.UTC)
                found.append(asked.timestamp() - now_s)
            except ValueError:
                pass
    try:
        told: Any = msgspec.json.decode(answer.body)
        places = (told, told.get("parameters")) if isinstance(told, dict) else ()
        asked = [place.get("retry_after") for place in places if isinstance(place, dict)]
        found += [float(seconds) for seconds in asked if isinstance(seconds, int | float)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    usable = [seconds for seconds in found if math.isfinite(seconds) and seconds >= 0]
    return max(usable) if usable else None


def _send(sink: Sink, plugin: Any, message: Message, base_url: str) -> bool:
    from apprise import NotifyFormat  # noqa: PLC0415 - see `plugin_of`

    markup = MARKUPS[sink.kind]
    heading = title(message)
    lines = paragraphs(message, base_url)
    if markup == "text":
        if sink.kind == "webhook":
            plugin.payload_extras = {**plugin.payload_extras, "key": message.key, "alerts": _plain(message)}
        body = composed(lines[0], lines[1:], "text")
        return bool(plugin.notify(body=body, title=clean(heading, 300), body_format=NotifyFormat.TEXT))
    body_format = {"html": NotifyFormat.HTML, "markdown": NotifyFormat.MARKDOWN, "slack": NotifyFormat.MARKDOWN}[markup]
    return bool(plugin.notify(body=composed(heading, lines, markup), title="", body_format=body_format))


def _plain(message: Message) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(alert) for alert in message.alerts]
