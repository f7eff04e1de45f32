"""The event log: one compact record for everything that went in and everything that came of it.

Inputs alone rebuild the exchange (`replay`), and the outcomes must then be equal too. A state has a hash over every
array it consists of, so "the same" can be said in one line.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from powderkeg.cascade.exchange.integers import IntArray


class Kind(enum.IntEnum):
    """What a record says; inputs first."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    MODE = 3
    BLOCK = 4
    ORDER = 5
    CANCEL = 6
    CANCEL_ALL = 7
    INDEX = 8
    SETTLE_FUNDING = 9

    TRADE = 32
    REFUSED = 33
    MARK = 34
    FUNDING = 35
    LIQUIDATION = 36
    CLEARANCE_FEE = 37
    TAKEOVER = 38
    ADL = 39
    SHORTFALL = 40
    SOCIALIZED = 41
    FUND_TRADE = 42


FIRST_OUTCOME: Final = Kind.TRADE


class Event(NamedTuple):
    """One record.

    Attributes:
        ts_ns: time of the input it belongs to.
        kind: see `Kind`.
        instrument: index, −1 where it is about none.
        account: whose, −1 where nobody's.
        other: counterparty, or a number that belongs to the kind.
        lots: signed, buys positive.
        tick: price or limit, 0 where there is none.
        units: money, signed as the account sees it, or a number that belongs to the kind.
    """

    ts_ns: int
    kind: int
    instrument: int = -1
    account: int = -1
    other: int = -1
    lots: int = 0
    tick: int = 0
    units: int = 0


RECORD: Final = np.dtype([
    ("ts_ns", np.int64), ("kind", np.int16), ("instrument", np.int16), ("account", np.int32), ("other", np.int64),
    ("lots", np.int64), ("tick", np.int64), ("units", np.int64),
])  # fmt: skip
"""The same, 48 bytes packed."""


class EventLog:
    """Records in order.

    Args:
        keep: keep outcomes; inputs are always kept, since they are the state.
    """

    def __init__(self, *, keep: bool = True) -> None:
        self.events: list[Event] = []
        self._keep = keep

    def add(self, event: Event) -> None:
        """Write one down."""
        if self._keep or event.kind < FIRST_OUTCOME:
            self.events.append(event)

    def records(self) -> NDArray[np.void]:
        """[N] everything so far, as `RECORD`."""
        return np.array([tuple(event) for event in self.events], dtype=RECORD)

    def of(self, *kinds: Kind) -> list[Event]:
        """Those of some kinds."""
        return [event for event in self.events if event.kind in kinds]


def hash_of(arrays: Iterable[NDArray[np.int8] | IntArray]) -> str:
    """A hash over shapes and contents."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
