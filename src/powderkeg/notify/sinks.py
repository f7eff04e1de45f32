"""Where messages go: an address of a person, made into an apprise plugin of one of five kinds.

The address holds secrets (tokens, passwords): it is never shown, logged or stored; `fingerprint` stands for it.
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# apprise's plugins are typed in part; they pass through here only.

from __future__ import annotations

import hashlib
import logging
import warnings
from typing import Any, Final, Literal, get_args

import msgspec

from powderkeg.domain.errors import ConfigError
from powderkeg.notify.markup import Markup

SinkKind = Literal["telegram", "discord", "slack", "mail", "webhook"]
SINK_KINDS: Final[tuple[SinkKind, ...]] = get_args(SinkKind)

_SCHEMES: Final[dict[SinkKind, tuple[str, ...]]] = {
    "telegram": ("tgram",),
    "discord": ("discord",),
    "slack": ("slack",),
    "mail": ("mailto", "mailtos"),
    "webhook": ("json", "jsons"),
}
_EXAMPLES: Final[dict[SinkKind, str]] = {
    "telegram": "tgram://BOT_TOKEN/CHAT_ID",
    "discord": "https://discord.com/api/webhooks/ID/TOKEN",
    "slack": "https://hooks.slack.com/services/A/B/C",
    "mail": "mailtos://USER:PASSWORD@HOST?to=NAME@HOST",
    "webhook": "https://HOST/PATH",
}
MARKUPS: Final[dict[SinkKind, Markup]] = {
    "telegram": "html",
    "discord": "markdown",
    "slack": "slack",
    "mail": "text",
    "webhook": "text",
}
_HOSTS: Final[dict[str, str]] = {"telegram": "api.telegram.org", "discord": "discord.com", "slack": "hooks.slack.com"}


class Sink(msgspec.Struct, frozen=True):
    """One place messages go to. `secret_url` is the person's address; it stays out of every text."""

    kind: SinkKind
    secret_url: str

    def __repr__(self) -> str:
        return f"Sink({self.kind})"

    @property
    def fingerprint(self) -> str:
        """Tells whether the setting changed, without telling it."""
        return hashlib.sha256(f"powderkeg alerts {self.secret_url}".encode()).hexdigest()[:16]


def plugin_of(sink: Sink) -> Any:
    """The apprise plugin of a sink; made anew for every message, so that none remembers another.

    Raises:
        ConfigError: the address is not of this kind.
    """
    for library in ("apprise", "urllib3", "requests"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # their lines carry addresses, tokens and all
    url = _apprise_url(sink)
    schemes = _SCHEMES[sink.kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # all of its plugins are loaded, some use old modules
        import apprise  # noqa: PLC0415 - half a second, only where something is sent

        plugin: Any = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    scheme = url.partition("://")[0].lower()
    is_native = sink.kind in ("discord", "slack") and scheme == "https"
    if plugin is None or not (scheme in schemes or is_native) or not _is_of(plugin, schemes):
        raise ConfigError(f"alerts.{sink.kind}_url cannot be used; write it as {_EXAMPLES[sink.kind]}")
    if sink.kind == "telegram" and not plugin.targets:
        raise ConfigError(f"alerts.telegram_url names no chat; write it as {_EXAMPLES['telegram']}")
    plugin.throttle = _no_wait  # waiting is the outbox's business
    plugin.redirects = False
    return plugin


def host_of(sink: Sink, plugin: Any) -> str:
    """The host a message will be sent to."""
    known = _HOSTS.get(sink.kind)
    if known is not None:
        return known
    return str(getattr(plugin, "smtp_host", "") or plugin.host)


def _apprise_url(sink: Sink) -> str:
    url = sink.secret_url.strip()
    if sink.kind == "webhook":
        for plain, scheme in (("https://", "jsons://"), ("http://", "json://")):
            if url.lower().startswith(plain):
                return scheme + url[len(plain) :]
    if sink.kind == "telegram" and "detect=" not in url:
        return f"{url}{'&' if '?' in url else '?'}detect=no"  # else it would ask who wrote to the bot last
    return url


def _is_of(plugin: Any, schemes: tuple[str, ...]) -> bool:
    told = (plugin.protocol, plugin.secure_protocol)  # each one name, several, or none
    own = {name for names in told for name in ((names,) if isinstance(names, str) else names or ())}
    return not own.isdisjoint(schemes)


def _no_wait(*_arguments: Any, **_named: Any) -> None:
    """In place of apprise's own pauses."""
