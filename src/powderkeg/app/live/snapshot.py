"""What a terminal or a page shows of a running session: totals with what they rest on, and how every feed stands."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from powderkeg.app.live.counters import Counters, VenueCounts
from powderkeg.app.live.observer import SessionObserver
from powderkeg.app.live.session import LiveSession
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_S, format_duration, format_instant
from powderkeg.feed.pollers import poll_key
from powderkeg.stats.liquidation_table import LiquidationTable, build_table
from powderkeg.stats.liquidations import WINDOWS_NS

ON_TIME_NS: Final = NS_PER_HOUR
SHOWN_GAPS: Final = 20

WORST_FIRST: Final = ("DOWN", "STALE", "CONNECTING", "QUIET", "LIVE")
"""States of a stream, the one that needs attention first: a venue's stream on several sockets shows the worst."""


class VenueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One venue.

    Attributes:
        states: of the stream classes that have sockets.
        polled: stream classes that are asked for from time to time, because the venue has no stream of them.
        trouble: why a socket is missing, empty if none is.
    """

    venue: str
    states: dict[str, str]
    polled: tuple[str, ...]
    frames_per_s: float
    counts: VenueCounts
    trouble: str = ""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A session at one instant.

    Attributes:
        windows: `1h` `4h` `12h` `24h` -> table by coin and venue, with coverage and floor; no estimates, which cost
            too much to be made four times a second (`powderkeg liquidations` has them).
        gaps: the latest recorded holes.
        is_rebuilding: windows do not hold the past yet.
    """

    as_of_ns: int
    is_simulated: bool
    is_rebuilding: bool
    windows: dict[str, LiquidationTable]
    venues: tuple[VenueStatus, ...]
    counters: Counters
    gaps: tuple[FeedGap, ...]
    alerts: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: times as RFC 3339, tables as `powderkeg liquidations --json` prints them."""
        return {
            "as_of": format_instant(self.as_of_ns),
            "simulated": self.is_simulated,
            "rebuilding": self.is_rebuilding,
            "windows": {name: table.to_dict() for name, table in self.windows.items()},
            "venues": self.venues,
            "counters": {
                "frames": self.counters.frames,
                "shed": self.counters.shed,
                "queued": self.counters.queued,
                "durable_records": self.counters.durable_records,
                "paused": self.counters.is_paused,
                "pauses": self.counters.pauses,
            },
            "gaps": [
                {
                    "venue": gap.venue,
                    "stream": gap.stream,
                    "from": format_instant(gap.from_ns),
                    "to": format_instant(gap.to_ns),
                    "reason": gap.reason,
                }
                for gap in self.gaps
            ],
            "alerts": self.alerts,
        }


class Snapshotter:
    """Makes snapshots of one session; rates are over the time between two of them.

    Args:
        session: what is shown.
        observer: knows the states of its feeds.
        is_simulated: `as_of` is then the second behind the last liquidation, because a simulation has its own time;
            where that is the machine's, so that the last one is of the hour before now, `as_of` is now.
    """

    def __init__(self, session: LiveSession, observer: SessionObserver, *, is_simulated: bool) -> None:
        self._observer = observer
        self._session = session
        self._is_simulated = is_simulated
        self._last_frames: dict[str, int] = {}
        self._last_ns = session.started_ns

    def snapshot(self, alerts: tuple[str, ...] = (), windows_ns: tuple[int, ...] = WINDOWS_NS) -> Snapshot:
        """The session as it stands now."""
        session = self._session
        counters = session.counters()
        as_of_ns = self._as_of_ns(counters.as_of_ns)
        lanes = [(lane.venue, lane.stream, lane.opened_ns) for lane in session.lanes.values()]
        observed = session.watched.observed(lanes, counters.as_of_ns)
        gaps = session.watched.gaps
        tables = {
            format_duration(window_ns): build_table(
                session.pipeline.totals.groups(as_of_ns, window_ns),
                by=("coin", "venue"),
                as_of_ns=as_of_ns,
                window_ns=window_ns,
                observed=observed,
                gaps=gaps,
            )
            for window_ns in windows_ns
        }
        return Snapshot(
            as_of_ns=as_of_ns,
            is_simulated=self._is_simulated,
            is_rebuilding=session.is_rebuilding,
            windows=tables,
            venues=self._venues(counters),
            counters=counters,
            gaps=gaps[-SHOWN_GAPS:],
            alerts=alerts,
        )

    def _as_of_ns(self, now_ns: int) -> int:
        last_ns = self._session.pipeline.totals.newest_ns
        if not self._is_simulated or last_ns is None:
            return now_ns
        behind_ns = (last_ns // NS_PER_S + 1) * NS_PER_S
        return now_ns if behind_ns <= now_ns <= behind_ns + ON_TIME_NS else behind_ns

    def _venues(self, counters: Counters) -> tuple[VenueStatus, ...]:
        seconds = max((counters.as_of_ns - self._last_ns) / NS_PER_S, 1e-9)
        statuses = tuple(
            VenueStatus(
                venue=venue.venue,
                states=self._states_of(venue.venue),
                polled=self._polled_of(venue.venue),
                frames_per_s=(venue.frames - self._last_frames.get(venue.venue, 0)) / seconds,
                counts=venue,
                trouble=self._trouble_of(venue.venue),
            )
            for venue in counters.venues
        )
        self._last_frames = {venue.venue: venue.frames for venue in counters.venues}
        self._last_ns = counters.as_of_ns
        return statuses

    def states(self) -> dict[tuple[str, str], str]:
        """(venue, stream) -> state, the worst where several sockets carry it."""
        found: dict[tuple[str, str], str] = {}
        for (venue, _, stream), (state, _) in self._observer.states.items():
            found[venue, stream] = min(found.get((venue, stream), state), state, key=_badness)
        return found

    def _states_of(self, venue: str) -> dict[str, str]:
        return {stream: state for (owner, stream), state in self.states().items() if owner == venue}

    def _polled_of(self, venue: str) -> tuple[str, ...]:
        lane = self._session.lanes.get(poll_key(venue))
        return () if lane is None else tuple(lane.stream.split("+"))

    def _trouble_of(self, venue: str) -> str:
        missing = {
            plan
            for (owner, plan, _), (state, _) in self._observer.states.items()
            if owner == venue and state in _MISSING
        }
        troubles = [self._observer.troubles[plan] for plan in sorted(missing) if plan in self._observer.troubles]
        return max(troubles, key=lambda trouble: trouble.at_ns).reason if troubles else ""


_MISSING: Final = frozenset({"DOWN", "CONNECTING", "STALE"})


def _badness(state: str) -> int:
    return WORST_FIRST.index(state) if state in WORST_FIRST else 0
