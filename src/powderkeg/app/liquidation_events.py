"""Events seen in the liquidation totals: stretches in which much more was liquidated than before.

The rule, stated with every answer: a bar is part of an event when its liquidations are at least `min_usd` and exceed
`multiple` times the median of the watched bars before it, a week of hours; bars in a row, with at most one between, are
one event. It says that much was liquidated, and nothing about why.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from powderkeg.app.asked_span import asked_span
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library, Names
from powderkeg.app.liquidation_queries import bar_groups
from powderkeg.app.liquidation_tables import liquidation_tables
from powderkeg.app.observation import ObservedSource, observed_liquidations, observed_sources
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_MS, NS_PER_S, format_duration, format_instant, parse_duration
from powderkeg.stats.coverage import Span, intersection, length, union
from powderkeg.stats.liquidation_rows import LiquidationRow
from powderkeg.stats.liquidation_table import LiquidationTable

TRAILING_BARS: Final = 168
LEAST_BARS: Final = 24
INTERVALS: Final = ("1h", "1m", "5s")
"""Lengths of bars, the first that was watched for `LEAST_BARS` twice over is taken: a demo has no days to compare."""


class EventRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a bar is part of an event."""

    interval_ns: int
    multiple: float
    min_usd: float

    @property
    def text(self) -> str:
        """In words."""
        bar = format_duration(self.interval_ns)
        return (
            f"bars of {bar} with at least {self.min_usd:,.0f} USD liquidated and more than {self.multiple:g} times the "
            f"median of the {LEAST_BARS} to {TRAILING_BARS} watched bars before"
        )


class SeenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one coin: its totals, the median bar before it, and its largest bar.

    `multiple` is that bar over that median, None where that is 0.
    """

    coin: str
    span: Span
    median_usd: float
    peak_usd: float
    multiple: float | None
    totals: LiquidationRow

    @property
    def name(self) -> str:
        """The coin and the first instant in epoch ms."""
        return f"{self.coin}-{self.span[0] // NS_PER_MS}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self.totals.to_dict(),
            "id": self.name,
            "from": format_instant(self.span[0]),
            "to": format_instant(self.span[1]),
            "median_usd": self.median_usd,
            "peak_usd": self.peak_usd,
            "multiple": self.multiple,
        }


class SeenEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events of [from, to), largest first, and how much of that time the venues were watched."""

    span: Span
    rule: EventRule
    events: tuple[SeenEvent, ...]
    sources: tuple[ObservedSource, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "from": format_instant(self.span[0]),
            "to": format_instant(self.span[1]),
            "method": "measured",
            "rule": {
                "interval": format_duration(self.rule.interval_ns),
                "multiple": self.rule.multiple,
                "min_usd": self.rule.min_usd,
                "text": self.rule.text,
            },
            "sources": [source.to_dict() for source in self.sources],
            "rows": [event.to_dict() for event in self.events],
        }


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are listed; see `EventRule`, and `TapeQuery` for the times.

    Attributes:
        interval: length of a bar; `auto` chooses by how long was watched.
    """

    coin: Names = None
    venue: Names = None
    start: Instant = None
    end: Instant = None
    window: str = "30d"
    interval: str = "auto"
    multiple: float = 5.0
    min_usd: float = 1e6
    limit: int = 20


def seen_events(library: Library, query: EventQuery) -> SeenEvents:
    """Events in the recorded liquidations, largest first.

    Raises:
        InputError: an argument cannot be read.
    """
    if query.multiple <= 0 or query.min_usd < 0:
        raise InputError("an event exceeds a positive multiple, and 0 USD or more; ask so")
    asked = asked_span(start=query.start, end=query.end, window=query.window)
    chosen = library.selection(query.coin, query.venue)
    watched = union((one.from_ns, one.to_ns) for one in observed_liquidations(library.database, chosen)[0])
    rule = EventRule(
        interval_ns=_interval_ns(query.interval, watched, asked), multiple=query.multiple, min_usd=query.min_usd
    )
    before = (asked[0] - TRAILING_BARS * rule.interval_ns, asked[1])
    bars = _watched_bars(intersection(watched, [before]), rule.interval_ns)
    totals: dict[str, dict[int, float]] = {}
    for group in bar_groups(library.database, _whole(before, rule.interval_ns), rule.interval_ns, chosen):
        of_coin = totals.setdefault(coin_of(group.symbol), {})
        open_ns = group.open_ns or 0
        of_coin[open_ns] = of_coin.get(open_ns, 0.0) + group.notional_usd
    found = [
        (coin, one)
        for coin, of_coin in totals.items()
        for one in stretches(bars, of_coin, rule)
        if one.span[1] > asked[0]
    ]
    found.sort(key=lambda pair: (-pair[1].peak_usd, pair[0], pair[1].span))
    largest = found[: query.limit]
    tables = liquidation_tables(library.database, [one.span for _, one in largest], chosen, ("coin",))
    events = [_event(coin, one, table) for (coin, one), table in zip(largest, tables, strict=True)]
    events.sort(key=lambda event: (-(event.totals.total_usd or 0.0), event.coin, event.span))
    sources = observed_sources(library.database, chosen, asked)
    return SeenEvents(span=asked, rule=rule, events=tuple(events), sources=sources)


class Stretch(NamedTuple):
    """Bars in a row that are one event: the median before them, and the largest of them, USD."""

    span: Span
    median_usd: float
    peak_usd: float


def stretches(bars: Iterable[int], totals: dict[int, float], rule: EventRule) -> Iterator[Stretch]:
    """The stretches of one coin, in order of time.

    Args:
        bars: opens of the watched bars, in order.
        totals: open -> liquidated, USD; a watched bar that is not there had none.
        rule: when a bar is part of one.
    """
    trailing: deque[float] = deque(maxlen=TRAILING_BARS)
    current: Stretch | None = None
    for open_ns in bars:
        if current is not None and open_ns > current.span[1] + rule.interval_ns:
            yield current
            current = None
        liquidated_usd = totals.get(open_ns, 0.0)
        median_usd = _median(trailing) if current is None else current.median_usd
        is_large = liquidated_usd >= rule.min_usd
        if is_large and median_usd is not None and liquidated_usd > rule.multiple * median_usd:
            from_ns = open_ns if current is None else current.span[0]
            peak_usd = max(liquidated_usd, 0.0 if current is None else current.peak_usd)
            current = Stretch((from_ns, open_ns + rule.interval_ns), median_usd, peak_usd)
        trailing.append(liquidated_usd)
    if current is not None:
        yield current


def _median(trailing: deque[float]) -> float | None:
    return statistics.median(trailing) if len(trailing) >= LEAST_BARS else None


def _event(coin: str, one: Stretch, table: LiquidationTable) -> SeenEvent:
    return SeenEvent(
        coin=coin,
        span=one.span,
        median_usd=one.median_usd,
        peak_usd=one.peak_usd,
        multiple=one.peak_usd / one.median_usd if one.median_usd else None,
        totals=next(row for row in table.rows if row.coin == coin),
    )


def _interval_ns(interval: str, watched: tuple[Span, ...], asked: Span) -> int:
    if interval != "auto":
        return max(parse_duration(interval), NS_PER_S)
    seen_ns = length(intersection(watched, [(0, asked[1])]))
    fitting = (parse_duration(name) for name in INTERVALS)
    return next((one for one in fitting if seen_ns >= 2 * LEAST_BARS * one), parse_duration(INTERVALS[-1]))


def _watched_bars(watched: tuple[Span, ...], interval_ns: int) -> list[int]:
    """Opens of the bars that were watched at least in part."""
    found: dict[int, None] = {}
    for start, end in watched:
        for number in range(start // interval_ns, -(-end // interval_ns)):
            found[number * interval_ns] = None
    return list(found)


def _whole(span: Span, interval_ns: int) -> Span:
    return span[0] // interval_ns * interval_ns, -(-span[1] // interval_ns) * interval_ns
