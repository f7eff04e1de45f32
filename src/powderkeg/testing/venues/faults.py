"""Faults of a venue, by name: a plan of when they begin and end, and what they do to the frames that pass.

| name | what happens |
|---|---|
| `silent` | subscriptions are acknowledged, nothing is sent; what passes is lost |
| `drop` | connections end without a closing handshake; what passes until the fault is over is lost |
| `half_open` | connections stay, but nothing is read, answered or sent on them any more; what passes is lost |
| `duplicate` | a frame is sent twice |
| `reorder` | frames are shuffled within groups of `group` |
| `delay` | a frame comes `delay_ms` later |
| `garbage` | after a frame comes something that is none |
| `throttle` | of the liquidations of a contract and second only the latest message passes, at the second's end |
| `refuse` | the next `attempts` connections (0: all) are answered with `status` and Retry-After |
| `replay` | a channel subscribed again begins with the last `recent` messages of before |

`duplicate`, `delay` and `garbage` strike a frame with chance `share_ratio`. Times are the story's. Everything drawn
comes from a seeded generator and depends on nothing but the frames that passed, so a plan does the same in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import msgspec
import numpy as np

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S

FaultName = Literal[
    "silent", "drop", "half_open", "duplicate", "reorder", "delay", "garbage", "throttle", "refuse", "replay"
]
FAULTS: Final[tuple[FaultName, ...]] = get_args(FaultName)
REPLAYED: Final = 100
MAX_HELD: Final = 200_000
"""Frames a delay may hold back at a time; then the oldest go out early, because memory is bounded everywhere."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault of one venue, or of all; the module says what each name does and which numbers it takes.

    Attributes:
        venue: slug, None for every venue.
        from_ns, to_ns: story time, half-open; `to_ns` None lasts until it is switched off. A fault without length
            still does what it does at once: `drop` and `half_open` lose no frame of their own then.
        recent: messages replayed, at most `REPLAYED`.
    """

    name: FaultName
    venue: str | None = None
    from_ns: int = 0
    to_ns: int | None = None
    share_ratio: float = 1.0
    group: int = 8
    delay_ms: int = 1_000
    status: int = 503
    retry_after_s: int = 1
    attempts: int = 1
    recent: int = REPLAYED

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise InputError(f"there is no fault {self.name!r}; there are {', '.join(FAULTS)}")
        if self.to_ns is not None and self.to_ns < self.from_ns:
            raise InputError(f"fault {self.name} ends before it begins: from_ns {self.from_ns}, to_ns {self.to_ns}")
        if not 0 <= self.share_ratio <= 1:
            raise InputError(f"share_ratio of fault {self.name} is {self.share_ratio}; it must lie between 0 and 1")
        if self.group < 1 or self.delay_ms < 0 or self.attempts < 0 or not 0 <= self.recent <= REPLAYED:
            raise InputError(f"fault {self.name}: group, delay_ms, attempts or recent is out of range in {self}")
        if self.status not in (429, 418, 503):
            raise InputError(f"fault refuse answers 429, 418 or 503, not {self.status}")


def random_faults(
    seed: int,
    *,
    venues: Sequence[str],
    start_ns: int,
    duration_s: float,
    every_s: float = 20.0,
    longest_s: float = 3.0,
    names: Sequence[FaultName] = FAULTS,
) -> tuple[Fault, ...]:
    """A plan: on every venue one fault after another, never two at a time.

    Args:
        seed: same seed, same plan; a venue's part does not depend on which others there are.
        venues: slugs.
        start_ns: of the story.
        duration_s: how long faults may begin; all are over by then.
        every_s: mean quiet time between two faults of a venue.
        longest_s: no fault lasts longer.
        names: which faults to draw from.
    """
    plan: list[Fault] = []
    for venue in venues:
        rng = np.random.default_rng([seed, 3, *venue.encode()])
        at_s = float(rng.exponential(every_s))
        while at_s < duration_s:
            name = names[int(rng.integers(len(names)))]
            until_s = min(at_s + float(rng.uniform(0.1, longest_s)), duration_s)
            plan.append(
                Fault(
                    name=name,
                    venue=venue,
                    from_ns=start_ns + int(at_s * NS_PER_S),
                    to_ns=start_ns + int(until_s * NS_PER_S),
                    share_ratio=round(float(rng.uniform(0.05, 1.0)), 3),
                    group=int(rng.integers(2, 32)),
                    delay_ms=int(rng.integers(50, 2_000)),
                    status=(429, 503)[int(rng.integers(2))],
                )
            )
            at_s = until_s + float(rng.exponential(every_s))
    return tuple(plan)
