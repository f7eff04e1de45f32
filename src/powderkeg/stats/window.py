"""Windows, written once: event time, half-open, an allowance for lateness, corrections as revisions.

A statistic is a small object with `update` and `value`; `Bars` gives each interval its own and decides when a bar is
told. The watermark is the latest event time minus the lateness allowance, and nothing but events moves it, so a
replay tells the same bars as the live run.

    event time      ---------|---- bar ----|-----------------------|------>
                                           close                   close + retention
    watermark past close: the bar is told, revision 0
    event after that, before close + retention: told again, revision + 1
    event later still: handed back as late and counted, never silently lost

Laws:
    Any order of arrival within the allowance tells the same bars, each once, as revision 0.
    Summed over bars (last revision each), a sum equals the batch sum after every update; late events stand apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR

E_contra = TypeVar("E_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)


class Timed(Protocol):
    """Anything that carries the venue's time and ours, ns UTC."""

    @property
    def ts_event_ns(self) -> int: ...  # noqa: D102 - said by the class
    @property
    def ts_received_ns(self) -> int: ...  # noqa: D102 - said by the class


class Statistic(Protocol[E_contra, V_co]):
    """A streaming statistic: one idea, `update` and `value`."""

    def update(self, event: E_contra, /) -> object:
        """Take in one event."""
        ...

    @property
    def value(self) -> V_co:
        """The figure over everything taken in."""
        ...


E = TypeVar("E", bound=Timed)
V = TypeVar("V")


class Bar(NamedTuple, Generic[V]):
    """One interval [open_ns, close_ns) and its figure; a higher revision replaces a lower one of the same open."""

    open_ns: int
    close_ns: int
    revision: int
    figure: V


class Told(NamedTuple, Generic[E, V]):
    """What one update brought to light: bars, in order of their open, and events too late for theirs."""

    bars: tuple[Bar[V], ...]
    late: tuple[E, ...]


AHEAD_NS: Final = 2 * NS_PER_HOUR
"""How far an event's time may run ahead of its receipt and still move the watermark: more than any clock of a
collector is wrong, so that one bad time of a venue cannot close every bar of the coming years."""


def watermark_time(event: Timed) -> int:
    """The event's time as far as it may move a watermark."""
    return min(event.ts_event_ns, event.ts_received_ns + AHEAD_NS)


class _Cell(Generic[E, V]):
    __slots__ = ("revision", "statistic")

    def __init__(self, statistic: Statistic[E, V]) -> None:
        self.statistic = statistic
        self.revision = -1  # not told yet


class Bars(Generic[E, V]):
    """One statistic per interval; bars are told when the watermark passes their close.

    Bars without events are not told. Memory is bounded by (lateness + retention) / interval statistics, plus bars
    of times ahead of the watermark.

    Args:
        interval_ns: length of a bar; opens are multiples of it since the epoch.
        lateness_ns: how long after its time an event may arrive and still count in the first telling.
        make: a fresh statistic.
        retention_ns: how long past its close a bar is kept for corrections.

    Raises:
        InputError: an interval that is not positive, a negative lateness or retention.
    """

    def __init__(
        self,
        interval_ns: int,
        lateness_ns: int,
        make: Callable[[], Statistic[E, V]],
        *,
        retention_ns: int = 0,
    ) -> None:
        if interval_ns <= 0 or lateness_ns < 0 or retention_ns < 0:
            raise InputError("a bar needs an interval above zero, and lateness and retention of at least zero")
        self.late_count = 0
        self._interval_ns = interval_ns
        self._lateness_ns = lateness_ns
        self._retention_ns = retention_ns
        self._make = make
        self._cells: dict[int, _Cell[E, V]] = {}
        self._watermark_ns: int | None = None
        self._due_ns: int | None = None  # the watermark at which the next bar is told or dropped

    def update(self, event: E) -> Told[E, V]:
        """Take in one event; see `Told`."""
        watermark = watermark_time(event) - self._lateness_ns
        if self._watermark_ns is not None:
            watermark = max(watermark, self._watermark_ns)
        self._watermark_ns = watermark
        open_ns = event.ts_event_ns - event.ts_event_ns % self._interval_ns
        close_ns = open_ns + self._interval_ns
        late: tuple[E, ...] = ()
        corrected: list[Bar[V]] = []
        if close_ns + self._retention_ns <= watermark:
            self.late_count += 1
            late = (event,)
        else:
            cell = self._cells.get(open_ns)
            if cell is None:
                cell = self._cells[open_ns] = _Cell(self._make())
                self._due_ns = close_ns if self._due_ns is None else min(self._due_ns, close_ns)
            cell.statistic.update(event)
            if close_ns <= watermark:
                corrected.append(self._tell(open_ns, cell))
        told = self._advance(watermark) if self._due_ns is not None and watermark >= self._due_ns else []
        return Told(tuple(sorted(corrected + told, key=_open_of)), late)

    def flush(self) -> tuple[Bar[V], ...]:
        """Tell every bar that was not told yet: the stream has ended."""
        untold = [(open_ns, cell) for open_ns, cell in sorted(self._cells.items()) if cell.revision < 0]
        return tuple(self._tell(open_ns, cell) for open_ns, cell in untold)

    def held(self) -> tuple[Bar[V], ...]:
        """Every bar in memory as it stands now, told (its last revision) or not (revision -1)."""
        return tuple(
            Bar(open_ns, open_ns + self._interval_ns, cell.revision, cell.statistic.value)
            for open_ns, cell in sorted(self._cells.items())
        )

    def _advance(self, watermark: int) -> list[Bar[V]]:
        told: list[Bar[V]] = []
        due: list[int] = []
        for open_ns in sorted(self._cells):
            close_ns = open_ns + self._interval_ns
            cell = self._cells[open_ns]
            if close_ns > watermark:
                due.append(close_ns)
                break
            if cell.revision < 0:
                told.append(self._tell(open_ns, cell))
            if close_ns + self._retention_ns <= watermark:
                del self._cells[open_ns]
            else:
                due.append(close_ns + self._retention_ns)
        self._due_ns = min(due, default=None)
        return told

    def _tell(self, open_ns: int, cell: _Cell[E, V]) -> Bar[V]:
        cell.revision += 1
        return Bar(open_ns, open_ns + self._interval_ns, cell.revision, cell.statistic.value)


def _open_of(bar: Bar[V]) -> int:
    return bar.open_ns
