"""A feed has a gap.

What it detects: a venue's stream was not observed for `min_s`, or is not being observed now.

Why it matters: every other number and alert about that venue is blind for that long; silence is not calm.

Inputs and units: `FeedGap`, seconds; one that still lasts ends now, and is told once, however long it grows.

Known false alarms: maintenance a venue announced; a stream that is quiet and has no canary; a collector stopped on
purpose and started again.

Reference: docs/architecture.md, "A live session".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import Observation
from powderkeg.alerts.rules.base import Forgetful, Signal, Words
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_S, format_instant


class FeedGapParams(msgspec.Struct, frozen=True, kw_only=True):
    """See the head of the file."""

    min_s: float = 60.0
    cooldown_ns: int = 10 * NS_PER_MINUTE


class FeedGapRule(Forgetful):
    """See the head of the file."""

    name: ClassVar[str] = "feed_gap"

    def __init__(self, params: FeedGapParams | None = None) -> None:
        self.params = params or FeedGapParams()

    @property
    def thresholds(self) -> Thresholds:
        """Of the length, s."""
        return Thresholds(on=self.params.min_s, off=self.params.min_s, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`."""
        if not isinstance(observation, FeedGap):
            return ()
        return [
            Signal(
                subject=f"{observation.venue} {observation.stream}",
                at_ns=observation.to_ns,
                level=(observation.to_ns - observation.from_ns) / NS_PER_S,
                words=lambda: _words(observation),
                pulse=str(observation.from_ns),
            )
        ]


def _words(gap: FeedGap) -> Words:
    seconds = (gap.to_ns - gap.from_ns) / NS_PER_S
    return Words(
        headline=f"{gap.venue}: {gap.stream} not observed for {seconds:,.0f} s",
        detail=f"from {format_instant(gap.from_ns)} to {format_instant(gap.to_ns)}: {gap.reason}",
        sureness="measured here; what happened at the venue meanwhile is unknown, not zero.",
        path="/health",
    )
