"""Watches a data directory for alerts: reads what was recorded since, keeps what is due, then sends it.

    read since the cursor ─► rules ─► one commit: memory, cursor, alerts, messages ─► send ─► mark

The cursor is kept with the engine's memory. So a restart goes on where the last commit was: what was read after it is
read again and gives the same keys, what was committed and not sent is sent, and nothing is told twice for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from powderkeg.alerts.delivery import SinkState, after
from powderkeg.alerts.engine import Engine, EngineState, Output
from powderkeg.alerts.message import Alert, gathered
from powderkeg.alerts.observations import Observation, Tick
from powderkeg.app.alerts.plan import AlertPlan
from powderkeg.app.alerts.recorded import gaps, happened, received
from powderkeg.app.library import Library
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S
from powderkeg.notify.deliver import deliver
from powderkeg.notify.outbox import KEPT_NS, Outbox, outbox_path
from powderkeg.notify.sinks import Sink

SETTLED_NS: Final = 2 * NS_PER_S
"""What was received in the last moments may still be on its way to the disk; it is read the next time."""

LOOK_BACK_NS: Final = NS_PER_DAY
"""How much of the past is read at a start: what rules compare with, and what was missed meanwhile."""

NEWS_NS: Final = 5 * NS_PER_MINUTE
"""At the first start ever, what is older is not told: it was there before anyone asked."""

SENT_PER_TURN: Final = 5


class Memory(msgspec.Struct, kw_only=True):
    """What a restart goes on from.

    Attributes:
        engine: the rules' memory.
        cursor_ns: events received before it were read.
        gaps_since_ns: gaps that began before it are old news.
        ended_gaps: venue -> beginning of its newest gap that was read to its end.
    """

    engine: EngineState
    cursor_ns: int
    gaps_since_ns: int
    ended_gaps: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class Watchman:
    """One data directory, its outbox and its sinks. `turn` does everything there is to do; call it every second or two.

    Args:
        library: what is recorded.
        plan: rules, policy and sinks.
        told: is given every new alert, and lines about sinks.
        now_ns: UTC now.
    """

    def __init__(
        self,
        library: Library,
        plan: AlertPlan,
        *,
        told: Callable[[str], None] = lambda _: None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._library, self._plan, self._told, self._now_ns = library, plan, told, now_ns
        self.outbox = Outbox(outbox_path(library.data_dir))
        self._sinks: dict[str, tuple[Sink, SinkState]] = {}
        states = self.outbox.configure({sink.kind: sink.fingerprint for sink in plan.sinks})
        for sink in plan.sinks:
            self._sinks[sink.kind] = (sink, states[sink.kind])
        kept = self.outbox.memory()
        self._is_catching_up = kept is not None
        start_ns = now_ns()
        if kept is None:
            self._memory = Memory(engine=EngineState(), cursor_ns=start_ns, gaps_since_ns=start_ns - NS_PER_HOUR)
        else:
            self._memory = msgspec.json.decode(kept, type=Memory, strict=False)
            self._memory.cursor_ns = max(self._memory.cursor_ns, start_ns - LOOK_BACK_NS)
        policy = msgspec.structs.replace(plan.policy, is_simulated=library.is_simulated)
        self._engine = Engine(plan.rules, policy, self._memory.engine)
        if kept is None:
            self._learn(start_ns)
        self.outbox.forget_before(start_ns - KEPT_NS)

    def close(self) -> None:
        """Let go of the outbox."""
        self.outbox.close()

    def turn(self, more: tuple[Observation, ...] = ()) -> None:
        """Look, keep, send.

        Args:
            more: readings of the map.

        Raises:
            StoreError: the archive cannot be read, or the outbox not written.
        """
        self.keep(self.look(more))
        self.send()

    def look(self, more: tuple[Observation, ...] = ()) -> Output:
        """Read what came since, and what is due of it."""
        now_ns = self._now_ns()
        self._library.refresh()
        until_ns = now_ns - SETTLED_NS
        if until_ns > self._memory.cursor_ns:
            self._engine.observe(received(self._library.database, self._memory.cursor_ns, until_ns))
            self._memory.cursor_ns = until_ns
        self._engine.observe(self._new_gaps(now_ns))
        self._engine.observe(more)
        self._engine.observe([Tick(now_ns)])
        output = self._engine.take(now_ns)
        if self._is_catching_up:
            self._is_catching_up = False
            alerts = [alert for message in output.messages for alert in message.alerts]
            if len(alerts) > 1:
                output = Output(output.alerts, (gathered(alerts, now_ns, "digest"),))
        return output

    def keep(self, output: Output) -> None:
        """Commit the memory and what came out of it, together."""
        self._memory.engine = self._engine.state()
        fresh = self.outbox.commit(
            msgspec.json.encode(self._memory), output.alerts, output.messages, [sink.kind for sink in self._plan.sinks]
        )
        for alert in fresh:
            self._told(line_of(alert))

    def send(self) -> None:
        """One attempt for each of the oldest messages that are due; each is marked before the next one."""
        for name, (sink, state) in self._sinks.items():
            held = state
            for delivery, message in self.outbox.due(held, self._now_ns())[:SENT_PER_TURN]:
                outcome = deliver(
                    sink,
                    message,
                    base_url=self._plan.dashboard,
                    allowed=self._plan.allowed,
                    now_s=self._now_ns() / NS_PER_S,
                )
                tried, held = after(delivery, held, outcome, self._now_ns())
                self.outbox.record(tried, held)
                if held.off_reason or outcome.kind == "refused":
                    self._told(f"alerts to {name}: {outcome.reason}{' — sending is off' if held.off_reason else ''}")
                if outcome.kind != "sent":
                    break
            self._sinks[name] = (sink, held)

    def _new_gaps(self, now_ns: int) -> list[FeedGap]:
        """Those that still last, and each that ended since, once."""
        ended = self._memory.ended_gaps
        found = [
            gap
            for gap in gaps(self._library.database, self._memory.gaps_since_ns, now_ns)
            if gap.from_ns > ended.get(gap.venue, 0)
        ]
        for gap in found:
            if gap.to_ns < now_ns:
                ended[gap.venue] = max(gap.from_ns, ended.get(gap.venue, 0))
        return found

    def _learn(self, now_ns: int) -> None:
        """At the first start: the last day is read for comparison, and only the last minutes of it are news."""
        self._library.refresh()
        self._engine.observe(one for one in happened(self._library.database, now_ns - LOOK_BACK_NS, now_ns - NEWS_NS))
        self._engine.take(now_ns)
        state = self._engine.state()
        state.held, state.held_since_ns, state.unlisted, state.is_held_quiet = [], None, 0, False
        self._memory.cursor_ns = now_ns - NEWS_NS


def line_of(alert: Alert) -> str:
    """An alert in one line, for a terminal and the dashboard."""
    mark = "SIMULATED: " if alert.is_simulated else ""
    return f"{mark}{alert.headline} ({alert.sureness.rstrip('.')})"
