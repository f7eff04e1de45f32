"""What would have been told: recorded data through the rules, in the time of the events; nothing is sent or kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from powderkeg.alerts.engine import Engine, Output
from powderkeg.alerts.message import Alert, Message
from powderkeg.alerts.observations import Observation, observed_at
from powderkeg.app.alerts.mapped import largest_coins, readings
from powderkeg.app.alerts.plan import AlertPlan
from powderkeg.app.alerts.recorded import happened, newest_ns
from powderkeg.app.asked_span import asked_span
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_MS, format_instant

MAX_ALERTS: Final = 2_000
TURN_NS: Final = NS_PER_MINUTE


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been told in [from, to).

    Attributes:
        alerts: in order of time, at most `MAX_ALERTS`; `alert_count` is how many there were.
        messages: what would have been sent, after digest and quiet hours.
        missing: why rules about the map saw nothing, by coin.
        with_map: whether they were asked at all.
    """

    from_ns: int
    to_ns: int
    alerts: tuple[Alert, ...]
    alert_count: int
    messages: tuple[Message, ...]
    observation_count: int
    missing: dict[str, str]
    with_map: bool
    is_simulated: bool

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "from": format_instant(self.from_ns),
            "to": format_instant(self.to_ns),
            "simulated": self.is_simulated,
            "observations": self.observation_count,
            "alert_count": self.alert_count,
            "with_map": self.with_map,
            "missing": self.missing,
            "rows": [plain_alert(alert) for alert in self.alerts],
            "messages": [
                {"key": one.key, "at": format_instant(one.at_ns), "why": one.why, "alerts": [a.key for a in one.alerts]}
                for one in self.messages
            ],
        }


def preview(
    library: Library,
    plan: AlertPlan,
    *,
    start: Instant = None,
    end: Instant = None,
    window: str = "24h",
    with_map: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Preview:
    """Replay an interval.

    Args:
        library: the data directory.
        plan: rules and policy; they begin without memory.
        start: first instant; `window` before the end where None.
        end: last instant, excluded; the newest event where None.
        window: a duration.
        with_map: also read map and ladder every `map_every`, as they stood then; takes a second or so each.
        progress: told the share done.

    Raises:
        InputError: an argument cannot be read, or nothing is recorded that the rules look at.
    """
    newest = newest_ns(library.database)
    if newest is None:
        raise InputError(f"{library.data_dir} holds no liquidations, funding or open interest to look at")
    ended = (newest // NS_PER_MS + 1) if end is None else end
    from_ns, to_ns = asked_span(start=start, end=ended, window=window)
    engine = Engine(plan.rules, msgspec.structs.replace(plan.policy, is_simulated=library.is_simulated))
    seen = _Seen()
    coins = (plan.coins or largest_coins(library)) if with_map else ()
    map_ns = from_ns + plan.map_every_ns
    for at_ns, turn in _turns(happened(library.database, from_ns, to_ns), from_ns, to_ns):
        engine.observe(turn)
        seen.observations += len(turn)
        while coins and map_ns <= at_ns:
            mapped = readings(library, coins, within_ratio=plan.fuel_within_ratio, as_of=map_ns // NS_PER_MS)
            engine.observe(mapped.observations)
            seen.missing |= mapped.missing
            map_ns += plan.map_every_ns
        seen.take(engine.take(at_ns))
        progress((at_ns - from_ns) / (to_ns - from_ns))
    return Preview(
        from_ns=from_ns,
        to_ns=to_ns,
        alerts=tuple(seen.alerts),
        alert_count=seen.count,
        messages=tuple(seen.messages),
        observation_count=seen.observations,
        missing=seen.missing,
        with_map=with_map,
        is_simulated=library.is_simulated,
    )


def plain_alert(alert: Alert) -> dict[str, Any]:
    """An alert for JSON, its time as RFC 3339."""
    told = msgspec.structs.asdict(alert)
    return {"at": format_instant(told.pop("at_ns")), **told}


class _Seen:
    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.messages: list[Message] = []
        self.count = 0
        self.observations = 0
        self.missing: dict[str, str] = {}

    def take(self, output: Output) -> None:
        self.count += len(output.alerts)
        self.alerts += output.alerts[: MAX_ALERTS - len(self.alerts)]
        self.messages += output.messages[: MAX_ALERTS - len(self.messages)]


def _turns(observations: Iterator[Observation], from_ns: int, to_ns: int) -> Iterator[tuple[int, list[Observation]]]:
    """(end of a minute, what happened in it), minute by minute, also those in which nothing did."""
    end_ns = from_ns + TURN_NS
    turn: list[Observation] = []
    for observation in observations:
        while observed_at(observation) >= end_ns:
            yield end_ns, turn
            end_ns, turn = end_ns + TURN_NS, []
        turn.append(observation)
    while end_ns < to_ns + TURN_NS:
        yield end_ns, turn
        end_ns, turn = end_ns + TURN_NS, []
