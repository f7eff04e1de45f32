"""The engine: an ordered list of rules, and when what they find is told. Observations in, alerts and messages out.

All memory is in one `EngineState` that goes through JSON unchanged: an engine made from it goes on as if nothing had
happened. Whoever runs it commits the state together with what came out, and only then sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from powderkeg.alerts.gate import GateState, Passed, pass_level, pass_pulse
from powderkeg.alerts.message import Alert, Message, Why, gathered
from powderkeg.alerts.observations import Observation, Tick, observed_at
from powderkeg.alerts.quiet import QuietHours
from powderkeg.alerts.rules.base import Rule, Signal
from powderkeg.domain.time import NS_PER_MINUTE

Mode = Literal["on", "silent", "off"]

MAX_HELD: Final = 100
"""Alerts held for one message; further ones are counted, the history has them."""

MAX_GATES: Final = 20_000
"""Subjects remembered; a feed that invents names must not fill the memory."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When alerts are told.

    Attributes:
        modes: by rule; `on` where it is not named, `silent` keeps and does not send, `off` does not look.
        digest_ns: alerts are gathered for so long from the first one; 0 sends each.
        quiet: when nothing is sent; what was held is one message afterwards.
        is_simulated: everything comes from a simulated market.
    """

    modes: Mapping[str, Mode] = {}
    digest_ns: int = 0
    quiet: QuietHours | None = None
    is_simulated: bool = False


class EngineState(msgspec.Struct, kw_only=True):
    """Everything an engine remembers.

    Attributes:
        gates: rule -> subject -> memory.
        memories: rule -> its own memory.
        held: alerts that wait, of `held_since_ns` on; `unlisted` further ones are only counted.
        is_held_quiet: quiet hours are why.
        ticked_ns: the last minute that was told to the rules.
    """

    gates: dict[str, dict[str, GateState]] = msgspec.field(default_factory=dict[str, dict[str, GateState]])
    memories: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    held: list[Alert] = msgspec.field(default_factory=list[Alert])
    held_since_ns: int | None = None
    is_held_quiet: bool = False
    unlisted: int = 0
    ticked_ns: int = 0


class Output(msgspec.Struct, frozen=True):
    """What came out: new alerts for the history, and messages to send."""

    alerts: tuple[Alert, ...]
    messages: tuple[Message, ...]


class Engine:
    """Runs rules over observations.

    Args:
        rules: in the order in which their alerts are told.
        policy: when.
        state: to go on from; None begins anew.
    """

    def __init__(self, rules: Sequence[Rule], policy: Policy | None = None, state: EngineState | None = None) -> None:
        self._policy = policy or Policy()
        self._rules = [rule for rule in rules if self._policy.modes.get(rule.name, "on") != "off"]
        self._state = state or EngineState()
        self._fresh: list[Alert] = []
        for rule in self._rules:
            if self._state.memories.get(rule.name) is not None:
                rule.remember(self._state.memories[rule.name])

    def observe(self, observations: Iterable[Observation]) -> None:
        """Take what was observed, best in order of time."""
        for observation in observations:
            at_ns = observed_at(observation)
            minute_ns = at_ns // NS_PER_MINUTE * NS_PER_MINUTE
            if minute_ns > self._state.ticked_ns:
                self._state.ticked_ns = minute_ns
                self._read(Tick(minute_ns))
            if not isinstance(observation, Tick):
                self._read(observation)

    def take(self, now_ns: int) -> Output:
        """What is due now; call it after every `observe`, and as time goes on."""
        fresh, self._fresh = tuple(self._fresh), []
        loud = [alert for alert in fresh if not alert.is_silent]
        return Output(fresh, tuple(self._due(loud, now_ns)))

    def state(self) -> EngineState:
        """The memory, to be kept; it may be encoded as JSON. Not a copy: encode it before going on."""
        self._state.memories |= {rule.name: rule.memory() for rule in self._rules}
        return self._state

    def _read(self, observation: Observation) -> None:
        for rule in self._rules:
            for signal in rule.read(observation):
                self._weigh(rule, signal)

    def _weigh(self, rule: Rule, signal: Signal) -> None:
        gates = self._state.gates.setdefault(rule.name, {})
        gate = gates.get(signal.subject)
        if gate is None:
            if signal.level < rule.thresholds.on or len(gates) >= MAX_GATES:
                return  # what never rose needs no memory
            gate = gates[signal.subject] = GateState()
        if signal.pulse is None:
            passed = pass_level(gate, rule.thresholds, signal.level, signal.at_ns)
        else:
            passed = pass_pulse(gate, rule.thresholds, signal.level, signal.at_ns, signal.pulse)
        if passed is not None:
            self._fresh.append(self._alert(rule, signal, passed))

    def _alert(self, rule: Rule, signal: Signal, passed: Passed) -> Alert:
        words = signal.words()
        more = f"; {passed.withheld} more since the last alert" if passed.withheld else ""
        return Alert(
            key=f"{rule.name}/{signal.subject}/{passed.episode}",
            rule=rule.name,
            subject=signal.subject,
            at_ns=signal.at_ns,
            headline=words.headline,
            detail=words.detail + more,
            sureness=words.sureness,
            path=words.path,
            strength=min(signal.level, 1e300),
            is_silent=self._policy.modes.get(rule.name, "on") == "silent",
            is_simulated=signal.is_simulated or self._policy.is_simulated,
        )

    def _due(self, loud: list[Alert], now_ns: int) -> Iterable[Message]:
        state, policy = self._state, self._policy
        is_quiet = policy.quiet is not None and policy.quiet.is_quiet(now_ns)
        if not (is_quiet or policy.digest_ns or state.held):
            return [gathered([alert], now_ns, "alert") for alert in loud]
        self._hold(loud, now_ns)
        if is_quiet:
            state.is_held_quiet = state.is_held_quiet or bool(state.held)
            return []
        since_ns = state.held_since_ns
        if since_ns is None or (now_ns - since_ns < policy.digest_ns and not state.is_held_quiet):
            return []
        why: Why = "quiet_hours" if state.is_held_quiet else "digest"
        message = gathered(state.held, now_ns, why, state.unlisted)
        state.held, state.held_since_ns, state.unlisted, state.is_held_quiet = [], None, 0, False
        return [message]

    def _hold(self, alerts: list[Alert], now_ns: int) -> None:
        if not alerts:
            return
        state = self._state
        state.held_since_ns = now_ns if state.held_since_ns is None else state.held_since_ns
        room = MAX_HELD - len(state.held)
        state.held += alerts[:room]
        state.unlisted += len(alerts[room:])
