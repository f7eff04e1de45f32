"""Everything a session counts, as plain structs: for the terminal, for status lines, and ready for `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from powderkeg.app.live.lag import DelayHistogram
from powderkeg.domain.events import EVENT_NAMES


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """Quantiles of the last minutes, ms; None without data.

    Attributes:
        lag_p50_ms, lag_p99_ms: from the venue's event time to our receipt, clocks as they are; of what happened after
            the connection was opened (venues repeat the past to a new one), without rates and ratios that are polled.
        delay_p50_ms, delay_p99_ms: from receipt to the updated total.
    """

    lag_p50_ms: float | None = None
    lag_p99_ms: float | None = None
    delay_p50_ms: float | None = None
    delay_p99_ms: float | None = None


class VenueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of one venue since the session began.

    Attributes:
        frames, raw_bytes: taken, journaled and decoded.
        events: what they said, and `by_stream` of which kind (event type, as the archive names it); `rejects` could not
            be read, `repeated` were seen by another connection before.
        shed: frames offered and not taken, by stream class.
        oversize: frames above the size limit, which the socket refused.
        opened, closed: connections; `reconnects` are closings nobody asked for.
        gaps, gap_ns: recorded holes, and their length.
        failures: frames our own code failed on; a bug, contained.
    """

    venue: str
    frames: int
    raw_bytes: int
    events: int
    by_stream: dict[str, int]
    rejects: int
    repeated: int
    shed: dict[str, int]
    oversize: int
    opened: int
    closed: int
    reconnects: int
    gaps: int
    gap_ns: int
    failures: int
    last_received_ns: int | None
    delays: Delays


class VenueTally:
    """The mutable side of `VenueCounts`."""

    __slots__ = (
        "by_kind",
        "closed",
        "delay",
        "events",
        "failures",
        "frames",
        "gap_ns",
        "gaps",
        "lag",
        "last_received_ns",
        "opened",
        "oversize",
        "raw_bytes",
        "reconnects",
        "rejects",
        "repeated",
        "shed",
        "venue",
    )

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.frames = self.raw_bytes = self.events = self.rejects = self.repeated = 0
        self.shed: dict[str, int] = {}
        self.by_kind: dict[type, int] = {}
        self.oversize = self.opened = self.closed = self.reconnects = self.gaps = self.gap_ns = self.failures = 0
        self.last_received_ns: int | None = None
        self.lag = DelayHistogram()
        self.delay = DelayHistogram()

    def counts(self) -> VenueCounts:
        """As it stands now."""
        return VenueCounts(
            venue=self.venue,
            frames=self.frames,
            raw_bytes=self.raw_bytes,
            events=self.events,
            by_stream={EVENT_NAMES[kind]: count for kind, count in self.by_kind.items()},
            rejects=self.rejects,
            repeated=self.repeated,
            shed=dict(self.shed),
            oversize=self.oversize,
            opened=self.opened,
            closed=self.closed,
            reconnects=self.reconnects,
            gaps=self.gaps,
            gap_ns=self.gap_ns,
            failures=self.failures,
            last_received_ns=self.last_received_ns,
            delays=Delays(
                lag_p50_ms=self.lag.quantile_ms(0.5),
                lag_p99_ms=self.lag.quantile_ms(0.99),
                delay_p50_ms=self.delay.quantile_ms(0.5),
                delay_p99_ms=self.delay.quantile_ms(0.99),
            ),
        )


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of a whole session.

    Attributes:
        started_ns, as_of_ns: wall clock.
        queued: frames journaled and not decoded yet.
        unsaved_ratio: bytes not durable yet over their bound.
        durable_records: written and synced by this run.
        pauses: times the disk refused; `is_paused` while it does.
    """

    started_ns: int
    as_of_ns: int
    venues: tuple[VenueCounts, ...]
    queued: int
    unsaved_ratio: float
    durable_records: int
    commits: int
    slowest_commit_ms: float
    pauses: int
    is_paused: bool

    @property
    def frames(self) -> int:
        """Frames taken from all venues."""
        return sum(venue.frames for venue in self.venues)

    @property
    def shed(self) -> int:
        """Frames offered and not taken, of all venues."""
        return sum(sum(venue.shed.values()) for venue in self.venues)


HELP: Final = {
    "powderkeg_stream_events_total": "events by kind; of a frame that tells several, all count for its first",
    "powderkeg_gap_seconds_total": "length of recorded intervals without observation",
    "powderkeg_shed_total": "frames offered and not taken",
    "powderkeg_lag_p50_ms": "median from the venue's event time to our receipt, last minutes",
    "powderkeg_lag_p99_ms": "99th percentile of the same",
    "powderkeg_delay_p50_ms": "median from our receipt to the updated total, last minutes",
    "powderkeg_delay_p99_ms": "99th percentile of the same",
    "powderkeg_queued_frames": "journaled and not decoded yet",
    "powderkeg_unsaved_ratio": "bytes not durable yet over their bound",
    "powderkeg_durable_records_total": "frames written and synced by this run",
    "powderkeg_commits_total": "commits of the journal",
    "powderkeg_pauses_total": "times the disk refused",
    "powderkeg_is_paused": "1 while the disk refuses and nothing is collected",
    "powderkeg_stream_state": "1 for the state a stream is in: CONNECTING LIVE QUIET STALE DOWN",
}
"""What each metric of `samples` and `state_samples` is; those counted per venue stand in `_PER_VENUE`."""

Sample = tuple[str, dict[str, str], float]
"""Metric name, labels, number."""

_PER_VENUE: Final = (
    ("frames", "frames taken, journaled and decoded"),
    ("raw_bytes", "bytes of them"),
    ("events", "events they told"),
    ("rejects", "frames and rows that could not be read"),
    ("repeated", "rows another connection had seen before"),
    ("oversize", "frames above the size limit"),
    ("opened", "connections opened"),
    ("reconnects", "connections lost"),
    ("gaps", "recorded intervals without observation"),
    ("failures", "frames our own code failed on"),
)


_HELP_OF_ALL: Final = {f"powderkeg_{name}_total": text for name, text in _PER_VENUE} | HELP


def help_of(metric: str) -> str:
    """One line about a metric, for the page that lists it."""
    return _HELP_OF_ALL[metric]


def state_samples(states: Mapping[tuple[str, str], str]) -> Iterator[Sample]:
    """State of each (venue, stream)."""
    for (venue, stream), state in sorted(states.items()):
        yield "powderkeg_stream_state", {"venue": venue, "stream": stream, "state": state}, 1.0


def samples(counters: Counters) -> Iterator[Sample]:
    """Everything counted, as a metrics page lists it."""
    for venue in counters.venues:
        labels = {"venue": venue.venue}
        for name, _ in _PER_VENUE:
            yield f"powderkeg_{name}_total", labels, float(getattr(venue, name))
        for stream, events in sorted(venue.by_stream.items()):
            yield "powderkeg_stream_events_total", {**labels, "stream": stream}, float(events)
        yield "powderkeg_gap_seconds_total", labels, venue.gap_ns / 1e9
        for stream, frames in sorted(venue.shed.items()):
            yield "powderkeg_shed_total", {**labels, "stream": stream or "untold"}, float(frames)
        for name in ("lag_p50_ms", "lag_p99_ms", "delay_p50_ms", "delay_p99_ms"):
            delay_ms: float | None = getattr(venue.delays, name)
            if delay_ms is not None:
                yield f"powderkeg_{name}", labels, delay_ms
    yield "powderkeg_queued_frames", {}, float(counters.queued)
    yield "powderkeg_unsaved_ratio", {}, counters.unsaved_ratio
    yield "powderkeg_durable_records_total", {}, float(counters.durable_records)
    yield "powderkeg_commits_total", {}, float(counters.commits)
    yield "powderkeg_pauses_total", {}, float(counters.pauses)
    yield "powderkeg_is_paused", {}, float(counters.is_paused)
