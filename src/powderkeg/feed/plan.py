"""Which sockets a venue needs for what was asked, and what is sent on each. Pure.

A socket holds topics of one path, no more than the venue allows, and the path's canary: a busy channel that proves the
path while liquidations are silent, as they mostly are. The canary costs one of the places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import venue_slug
from powderkeg.venues import VENUES, Subscriptions
from powderkeg.venues.base import Address, Canary, Topic


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One socket to keep open.

    Attributes:
        venue: slug.
        path: name of the endpoint in the venue's `Subscriptions.urls`.
        number: which of the path's sockets this is, from 0.
        url: where to connect.
        subscribe: texts to send once it is open, in order.
        requests_per_s: how fast, None for at once.
        streams: stream classes it carries, in the venue's order.
        canary: proves the path; None where the venue has no busy channel on it, and then any frame does.
        ping: text to send every `ping_interval_s` seconds, None where the protocol's own pings do.
        ping_interval_s: see `ping`.
        max_age_s: the venue closes older sockets, None where it does not.
        frame_channels: stream class -> what the addresses of its frames contain.
    """

    venue: str
    path: str
    number: int
    url: str
    subscribe: tuple[str, ...]
    requests_per_s: float | None
    streams: tuple[str, ...]
    canary: Canary | None
    ping: str | None
    ping_interval_s: float | None
    max_age_s: float | None
    frame_channels: dict[str, str]

    @property
    def key(self) -> str:
        """Names the plan among all plans of a session: `okx/public/0`."""
        return f"{self.venue}/{self.path}/{self.number}"

    @property
    def stream(self) -> str:
        """The stream classes as one label, as journals name what a connection carries: `liquidation+trade`."""
        return "+".join(self.streams)

    @property
    def address(self) -> Callable[[], Address]:
        """Makes the function that tells which channel a frame of one connection belongs to."""
        return VENUES[self.venue].subscriptions.address

    @property
    def reply(self) -> Callable[[bytes], str | None] | None:
        """Answer to a server's ping that is an ordinary message; None where the venue sends none."""
        return VENUES[self.venue].subscriptions.reply


def plans(
    venue: str,
    symbols: Sequence[str],
    streams: Sequence[str],
    *,
    base_urls: Mapping[str, str] | None = None,
    paths: Mapping[str, str] | None = None,
) -> tuple[Plan, ...]:
    """The sockets that bring the asked stream classes of the asked contracts.

    Stream classes that the venue does not push are left out; what is polled instead stands in `feed.pollers`.

    Args:
        venue: slug.
        symbols: the venue's own contract names; liquidations come for all contracts where the venue offers that.
        streams: of `liquidation trade mark_price funding_rate open_interest book`.
        base_urls: other hosts, for simulated venues: path name, or venue slug for all of its paths, -> URL. An entry
            for a path is taken whole; of one for a venue, scheme and host, and the venue's own URL path stays.
        paths: stream class -> path name, where a venue has alternatives (`legacy` of Binance); else its usual ones.

    Raises:
        InputError: there is no such venue or path, or a name cannot be a contract of the venue.
    """
    slug = venue_slug(venue)
    facts = VENUES[slug].subscriptions
    urls = {path: _moved(slug, path, url, base_urls or {}) for path, url in facts.urls.items()}
    found: list[Plan] = []
    for path, (classes, names) in _by_path(slug, symbols, streams, paths or {}).items():
        if path not in urls:
            raise InputError(f"{slug} has no path {path!r}; its paths are {', '.join(urls)}")
        topics = facts.topics(path, classes, names)
        for number, chunk in enumerate(_chunks(topics, facts, path)):
            found.append(_plan(slug, path, number, urls[path], chunk))
    return tuple(found)


def _by_path(
    slug: str, symbols: Sequence[str], streams: Sequence[str], paths: Mapping[str, str]
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Path -> the stream classes and contracts that belong on it."""
    facts = VENUES[slug].subscriptions
    usual = {**facts.paths, **paths}
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for stream in facts.channels:
        if stream not in streams:
            continue
        for name in symbols or ("",):
            path = _path_of(slug, stream, name, paths) if name else usual[stream]
            classes, names = found.setdefault(path, ({}, {}))
            classes[stream] = None
            if name:
                names[name] = None
    return {path: (tuple(classes), tuple(names)) for path, (classes, names) in found.items()}


def _path_of(slug: str, stream: str, name: str, paths: Mapping[str, str]) -> str:
    venue = VENUES[slug]
    try:
        venue.infer_instrument(name)
        if stream in paths or venue.subscriptions.path_of is None:
            return paths.get(stream, venue.subscriptions.paths[stream])
        return venue.subscriptions.path_of(stream, name)
    except ValueError as error:
        raise InputError(f"{name!r} cannot be subscribed to on {slug}: {error}") from error


def _moved(slug: str, path: str, url: str, base_urls: Mapping[str, str]) -> str:
    if path in base_urls:
        return base_urls[path]
    if slug not in base_urls:
        return url
    host, own = urlsplit(base_urls[slug]), urlsplit(url)
    return urlunsplit((host.scheme, host.netloc, host.path.rstrip("/") + own.path, own.query, ""))


def _chunks(topics: tuple[Topic, ...], facts: Subscriptions, path: str) -> Iterator[tuple[Topic, ...]]:
    """What each socket subscribes to: its canary first, unless it is among its topics anyway."""
    limit = facts.max_channels_per_connection
    canary = facts.canaries.get(path)
    room = len(topics) + 1 if limit is None else limit
    signs = [Topic(one.words, ()) for one in (canary, canary.behind if canary else None) if one is not None]
    places = max(room - len(signs), 1)
    for start in range(0, len(topics), places):
        chunk = topics[start : start + places]
        asked = {topic.words for topic in chunk}
        yield (*(sign for sign in signs if sign.words not in asked), *chunk)


def _plan(slug: str, path: str, number: int, url: str, topics: tuple[Topic, ...]) -> Plan:
    facts = VENUES[slug].subscriptions
    streams = _in_order({stream for topic in topics for stream in topic.streams}, facts.channels)
    return Plan(
        venue=slug,
        path=path,
        number=number,
        url=url,
        subscribe=facts.requests(topics),
        requests_per_s=facts.requests_per_s,
        streams=streams,
        canary=facts.canaries.get(path),
        ping=facts.ping,
        ping_interval_s=facts.ping_interval_s,
        max_age_s=facts.max_connection_age_s,
        frame_channels={stream: facts.frame_channels.get(stream, facts.channels[stream]) for stream in streams},
    )


def _in_order(streams: Iterable[str], channels: Mapping[str, str]) -> tuple[str, ...]:
    wanted = frozenset(streams)
    return tuple(stream for stream in channels if stream in wanted)
