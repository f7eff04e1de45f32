"""What a rule is: looks at observations, says how strong what it watches for is, about whom, and in which words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol

import msgspec

from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.observations import Observation


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """An alert in words: see `Alert`."""

    headline: str
    detail: str
    sureness: str
    path: str


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """How strong something is now.

    Attributes:
        subject: whom it is about.
        at_ns: when.
        level: compared with the thresholds.
        words: makes the text; called only when an alert is due.
        pulse: name of the happening, where it is one and not a level.
    """

    subject: str
    at_ns: int
    level: float
    words: Callable[[], Words]
    pulse: str | None = None
    is_simulated: bool = False


class Rule(Protocol):
    """One rule. Its parameters are frozen; its memory is what `memory` gives and `remember` takes."""

    name: ClassVar[str]

    @property
    def thresholds(self) -> Thresholds:
        """When its levels alert."""
        ...

    def read(self, observation: Observation) -> Iterable[Signal]:
        """What an observation says, nothing if it is of no kind the rule looks at."""
        ...

    def memory(self) -> Any:
        """What must outlive a restart, as plain data."""
        ...

    def remember(self, memory: Any) -> None:
        """Go on from there."""
        ...


class Forgetful:
    """A rule that needs no memory of its own."""

    def memory(self) -> Any:
        """Nothing."""
        return None

    def remember(self, memory: Any) -> None:
        """Nothing to take."""


def usd(dollars: float) -> str:
    """Dollars as a person says them: `4.6 M USD`."""
    for limit, divisor, unit in ((999.5, 1.0, ""), (999.5e3, 1e3, " k"), (999.5e6, 1e6, " M"), (math.inf, 1e9, " B")):
        if abs(dollars) < limit:
            scaled = dollars / divisor
            digits = max(2 - len(str(int(abs(scaled)))) + 1, 0)
            return f"{scaled:,.{digits}f}{unit} USD"
    return "unknown USD"


def price(quoted: float) -> str:
    """A price in its own precision."""
    return f"{quoted:,.1f}" if quoted >= 1_000 else f"{quoted:.4g}"
