"""A cascade started.

What it detects: the liquidations of one coin and side within five minutes reach `multiple` times the median five
minutes of the last day, and at least `min_usd`.

Why it matters: forced orders push the price into the next positions; the first minutes are when it can be acted on.

Inputs and units: `Liquidation.notional_usd`, USD, by `ts_event_ns`. The level is the five minutes' sum over what is
needed (1 alerts, half ends the episode). Orders of unknown notional are left out.

Known false alarms: a quiet day makes the median 0, and `min_usd` alone decides; one large position closed in pieces; a
venue that joins makes more of the same visible; history that is sent again after a gap. Missed alarms: sampled feeds
show a part only.

Reference: the rule of events in liquidation totals (docs/alerts.md); five minutes, as cascades of 2025-10-10 lasted
twelve (ConejoCapital, HyperReplay data set, read 2026-07).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import Observation, Tick
from powderkeg.alerts.rules.base import Signal, Words, usd
from powderkeg.domain.events import Liquidation
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_MINUTE

STEP_NS: Final = NS_PER_MINUTE
STEPS: Final = 5
KEPT_WINDOWS: Final = 288
LEAST_WINDOWS: Final = 12
MAX_SUBJECTS: Final = 2_000


class CascadeParams(msgspec.Struct, frozen=True, kw_only=True):
    """See the head of the file."""

    min_usd: float = 5e6
    multiple: float = 8.0
    cooldown_ns: int = 30 * NS_PER_MINUTE


class Flow(msgspec.Struct):
    """Liquidations of one coin and side: by minute, newest five; by five minutes, a day of those that had any."""

    first_ns: int
    minutes: dict[int, dict[str, float]]
    windows: dict[int, float]
    sampled: list[str]


class CascadeStarted:
    """See the head of the file."""

    name: ClassVar[str] = "cascade_started"

    def __init__(self, params: CascadeParams | None = None) -> None:
        self.params = params or CascadeParams()
        self._flows: dict[str, Flow] = {}

    @property
    def thresholds(self) -> Thresholds:
        """Of the sum over what is needed."""
        return Thresholds(on=1.0, off=0.5, cooldown_ns=self.params.cooldown_ns)

    def read(self, observation: Observation) -> Iterable[Signal]:
        """See `Rule`."""
        if isinstance(observation, Tick):
            return [self._signal(subject, observation.ts_event_ns) for subject in self._flows]
        if not isinstance(observation, Liquidation) or observation.notional_usd is None:
            return ()
        subject = f"{coin_of(observation.symbol)} {observation.position_side}s"
        self._take(subject, observation, observation.notional_usd)
        return [self._signal(subject, observation.ts_event_ns)] if subject in self._flows else ()

    def memory(self) -> Any:
        """The flows."""
        return msgspec.to_builtins(self._flows, str_keys=True)

    def remember(self, memory: Any) -> None:
        """Take the flows."""
        self._flows = msgspec.convert(memory, dict[str, Flow], strict=False)

    def _take(self, subject: str, event: Liquidation, notional_usd: float) -> None:
        flow = self._flows.get(subject)
        if flow is None:
            if len(self._flows) >= MAX_SUBJECTS:
                return
            flow = self._flows[subject] = Flow(event.ts_event_ns, {}, {}, [])
        minute, window = event.ts_event_ns // STEP_NS, event.ts_event_ns // (STEPS * STEP_NS)
        by_venue = flow.minutes.setdefault(minute, {})
        by_venue[event.venue] = by_venue.get(event.venue, 0.0) + notional_usd
        flow.windows[window] = flow.windows.get(window, 0.0) + notional_usd
        if event.coverage != "all" and event.venue not in flow.sampled:
            flow.sampled.append(event.venue)
        newest = max(flow.minutes)
        flow.minutes = {at: sums for at, sums in flow.minutes.items() if at > newest - STEPS}
        if len(flow.windows) > KEPT_WINDOWS:
            oldest = max(flow.windows) - KEPT_WINDOWS
            flow.windows = {at: total for at, total in flow.windows.items() if at > oldest}

    def _signal(self, subject: str, at_ns: int) -> Signal:
        flow = self._flows[subject]
        minute = at_ns // STEP_NS
        by_venue: dict[str, float] = {}
        for at, sums in flow.minutes.items():
            if minute - STEPS < at <= minute:
                for venue, total in sums.items():
                    by_venue[venue] = by_venue.get(venue, 0.0) + total
        total_usd, median_usd = sum(by_venue.values()), self._median(flow, at_ns)
        needed_usd = max(self.params.min_usd, self.params.multiple * (median_usd or 0.0))
        return Signal(
            subject=subject,
            at_ns=at_ns,
            level=total_usd / needed_usd,
            words=lambda: self._words(subject, by_venue, median_usd, flow.sampled),
        )

    @staticmethod
    def _median(flow: Flow, at_ns: int) -> float | None:
        """Of the whole windows before the last two, those without liquidations too; None where they are too few."""
        newest = at_ns // (STEPS * STEP_NS) - 2
        oldest = max(newest - KEPT_WINDOWS, flow.first_ns // (STEPS * STEP_NS))
        count = newest - oldest
        if count < LEAST_WINDOWS:
            return None
        sums = [total for at, total in flow.windows.items() if oldest < at <= newest]
        return statistics.median([*sums, *[0.0] * (count - len(sums))])

    @staticmethod
    def _words(subject: str, by_venue: dict[str, float], median_usd: float | None, sampled: list[str]) -> Words:
        coin, _, side = subject.partition(" ")
        total_usd = sum(by_venue.values())
        return Words(
            headline=f"{coin}: a cascade started, {usd(total_usd)} of {side} liquidated in 5 minutes",
            detail="; ".join(_details(by_venue, median_usd)),
            sureness=sampling(by_venue, sampled),
            path=f"/map?coin={coin}",
        )


def _details(by_venue: dict[str, float], median_usd: float | None) -> Iterator[str]:
    largest = sorted(by_venue.items(), key=lambda item: (-item[1], item[0]))[:4]
    yield ", ".join(f"{venue} {usd(total)}" for venue, total in largest)
    if median_usd is None:
        yield "too little history to say what is usual"
    else:
        yield f"the usual five minutes of the last day had {usd(median_usd)}"


def sampling(venues: Iterable[str], sampled: Iterable[str]) -> str:
    """How sure sums of these venues' feeds are."""
    floors = sorted({*venues} & {*sampled})
    if not floors:
        return "measured; these feeds tell every liquidation."
    return f"measured, and a floor: {', '.join(floors)} tell{'s' if len(floors) == 1 else ''} only a part."
