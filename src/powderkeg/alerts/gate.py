"""Hysteresis and cooldown, once for all rules.

A level that rises to `on` begins an episode, which ends when it falls below `off`; an episode is told once. Between two
alerts about one subject lies at least the cooldown: what begins in it is told at its end if it still lasts, and only
counted if not. A pulse is an episode of one instant.
"""

from __future__ import annotations

import msgspec

from powderkeg.domain.errors import InputError


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """When a level alerts.

    Attributes:
        on: the level that begins an episode.
        off: below this it ends; at most `on`.
        cooldown_ns: between two alerts about one subject.
    """

    on: float
    off: float
    cooldown_ns: int

    def __post_init__(self) -> None:
        if not self.off <= self.on or self.cooldown_ns < 0:
            raise InputError(f"an episode begins at {self.on} and ends below {self.off}: the second must not be higher")


class GateState(msgspec.Struct, kw_only=True):
    """Memory of one rule about one subject.

    Attributes:
        at_ns: of the newest level.
        begun: name of the running episode, None between episodes.
        is_told: the running episode was told.
        told: name of the last episode that was told; told_ns: when.
        withheld: episodes since then that were not told.
    """

    at_ns: int = -(2**63)
    begun: str | None = None
    is_told: bool = False
    told: str | None = None
    told_ns: int | None = None
    withheld: int = 0


class Passed(msgspec.Struct, frozen=True):
    """An alert is due: the episode, and how many before it were withheld."""

    episode: str
    withheld: int


def pass_level(gate: GateState, thresholds: Thresholds, level: float, at_ns: int) -> Passed | None:
    """Take a level; what is due, if anything. A level older than the newest one changes nothing."""
    if at_ns < gate.at_ns:
        return None
    gate.at_ns = at_ns
    if gate.begun is not None and level < thresholds.off:
        gate.withheld += not gate.is_told
        gate.begun = None
    if gate.begun is None and level >= thresholds.on:
        gate.begun, gate.is_told = str(at_ns), False
    if gate.begun is None or gate.is_told or _is_cooling(gate, thresholds, at_ns):
        return None
    gate.is_told = True
    return _tell(gate, gate.begun, at_ns)


def pass_pulse(gate: GateState, thresholds: Thresholds, level: float, at_ns: int, episode: str) -> Passed | None:
    """Take something that happened at once; what is due. An episode that is told already is not counted again."""
    if level < thresholds.on or episode == gate.told:
        return None
    gate.at_ns = max(gate.at_ns, at_ns)
    if _is_cooling(gate, thresholds, at_ns):
        gate.withheld += episode != gate.begun
        gate.begun = episode
        return None
    return _tell(gate, episode, at_ns)


def _is_cooling(gate: GateState, thresholds: Thresholds, at_ns: int) -> bool:
    return gate.told_ns is not None and at_ns - gate.told_ns < thresholds.cooldown_ns


def _tell(gate: GateState, episode: str, at_ns: int) -> Passed:
    passed = Passed(episode, gate.withheld)
    gate.told, gate.told_ns, gate.withheld = episode, at_ns, 0
    return passed
