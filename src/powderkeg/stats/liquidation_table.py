"""Liquidation totals as results: a table of one window, a history of bars; every figure with what it rests on.

One function makes each from groups, whoever summed them: `build_table`, `build_history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_DAY, NS_PER_S, format_duration, format_instant
from powderkeg.domain.units import Coverage
from powderkeg.stats import frames
from powderkeg.stats.coverage import LIQUIDATION_STREAM, CoverageReport, Observed, Span, coverage_by_venue
from powderkeg.stats.liquidation_rows import (
    By,
    Evidence,
    LiquidationGroup,
    LiquidationRow,
    RowKey,
    checked_by,
    gap_dict,
    key_of,
    quiet_rows,
    row_of,
)
from powderkeg.stats.undercount import SampledOrders, undercounts

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MAX_ROWS: Final = 1_000_000
"""Bars times keys of one history: more is a bulk export, which the archive serves."""


class Source(msgspec.Struct, frozen=True):
    """A venue behind a table: the classes of its feed, the observed share of the range, and the gaps in it.

    `backfilled` are intervals that count as observed because the venue told of them afterwards, and why they were not
    watched live.
    """

    venue: str
    feed_coverage: tuple[Coverage, ...]
    coverage: float | None
    gaps: tuple[FeedGap, ...]
    backfilled: tuple[FeedGap, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "venue": self.venue,
            "stream": LIQUIDATION_STREAM,
            "feed_coverage": list(self.feed_coverage),
            "coverage": self.coverage,
            "gaps": [gap_dict(gap) for gap in self.gaps],
            "backfilled": [gap_dict(gap) for gap in self.backfilled],
        }


class _Rows(msgspec.Struct, frozen=True, kw_only=True):
    """What tables and histories share: their rows in every form."""

    rows: tuple[LiquidationRow, ...]
    by: tuple[By, ...]
    sources: tuple[Source, ...]
    method: Literal["measured"] = "measured"

    @property
    def _is_bars(self) -> bool:
        return False

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`, one row each; see `stats.frames` for the columns. Needs pyarrow."""
        return frames.to_arrow(self.rows, bars=self._is_bars)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with the same columns. Needs pandas and pyarrow."""
        return frames.to_pandas(self.rows, bars=self._is_bars)

    def to_polars(self) -> pl.DataFrame:
        """A `polars.DataFrame` with the same columns. Needs polars and pyarrow."""
        return frames.to_polars(self.rows, bars=self._is_bars)

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """A structured NumPy array with the same columns."""
        return frames.to_numpy(self.rows, bars=self._is_bars)

    def _told(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "by": list(self.by),
            "sources": [source.to_dict() for source in self.sources],
            "rows": [row.to_dict() for row in self.rows],
        }


class LiquidationTable(_Rows, frozen=True, kw_only=True):
    """Totals of [as_of - window, as_of), largest first."""

    as_of_ns: int
    window_ns: int

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON has it."""
        head = {"as_of": format_instant(self.as_of_ns), "window": format_duration(self.window_ns)}
        return {**head, **self._told()}


class LiquidationHistory(_Rows, frozen=True, kw_only=True):
    """Bars of [from, to), labeled by their open, in order of time and then of key.

    A bar without liquidations is 0 where it was observed at least in part; a bar that is absent was not observed, or
    is not known to have been.
    """

    from_ns: int
    to_ns: int
    interval_ns: int

    @property
    def _is_bars(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """The history as JSON has it."""
        head = {
            "from": format_instant(self.from_ns),
            "to": format_instant(self.to_ns),
            "interval": format_duration(self.interval_ns),
        }
        return {**head, **self._told()}


def build_table(
    groups: Sequence[LiquidationGroup],
    *,
    by: Sequence[str],
    as_of_ns: int,
    window_ns: int,
    observed: Iterable[Observed] = (),
    gaps: Iterable[FeedGap] = (),
    orders: SampledOrders | None = None,
    open_interest_fall_usd: Mapping[tuple[str, str], float] | None = None,
) -> LiquidationTable:
    """Totals of one window from groups.

    Args:
        groups: sums over exactly [as_of - window, as_of); several of one key add up.
        by: any of coin, venue, symbol, position_side; what is left out is summed over. With nothing in it, there is
            one row, also where nothing happened but something was watched.
        as_of_ns: end of the window, exclusive.
        window_ns: its length.
        observed: what was watched; also intervals outside the window, which tell `not recorded` from `not known`.
        gaps: recorded holes in it.
        orders: orders of sampled feeds in the window, for estimates; without them sampled rows are floors only.
        open_interest_fall_usd: (venue, symbol) -> fall of open interest over the window, for ceilings.

    Raises:
        InputError: an unknown or repeated `by`, or a window that is not positive.
    """
    if window_ns <= 0:
        raise InputError("the window must be longer than zero; write for example 24h")
    wanted = checked_by(by)
    span = (as_of_ns - window_ns, as_of_ns)
    coverage = coverage_by_venue(observed, gaps, span)
    figures = undercounts(orders, span[0], window_ns) if orders is not None else {}
    evidence = Evidence(coverage, figures, open_interest_fall_usd or {})
    grouped = _grouped(groups, wanted)
    if not wanted and any(report.observed_share for report in coverage.values()):
        grouped.setdefault(RowKey(None, None, None, None), [])
    rows = [row_of(key, members, span, evidence, is_bar=False) for key, members in grouped.items()]
    rows.sort(key=lambda row: (-(row.total_usd or 0.0), *_words(row)))
    return LiquidationTable(
        rows=tuple(rows), by=wanted, sources=_sources(groups, coverage), as_of_ns=as_of_ns, window_ns=window_ns
    )


def build_history(
    groups: Sequence[LiquidationGroup],
    *,
    by: Sequence[str],
    span: Span,
    interval_ns: int,
    observed: Iterable[Observed] = (),
    gaps: Iterable[FeedGap] = (),
    orders: SampledOrders | None = None,
) -> LiquidationHistory:
    """Bars from groups.

    Args:
        groups: sums over whole bars, each with its `open_ns`.
        by: as for `build_table`.
        span: [from, to), both multiples of the interval; `bar_span` makes them so.
        interval_ns: 1 s to 1 d.
        observed: as for `build_table`; without it only bars with liquidations appear.
        gaps: recorded holes in it.
        orders: orders of sampled feeds in the span, for estimates.

    Raises:
        InputError: an unknown or repeated `by`, a span or interval that does not fit, a group outside the span or
            without an open on the grid, or more than a million rows.
    """
    wanted = checked_by(by)
    if span != bar_span(span, interval_ns):
        raise InputError("a history spans whole bars; round its ends with bar_span()")
    bars = (span[1] - span[0]) // interval_ns
    keys = _grouped(groups, wanted)
    if bars * max(len(keys), 1) > MAX_ROWS:
        raise InputError(f"{bars} bars of {len(keys)} keys are over {MAX_ROWS} rows; ask for a shorter span or fewer")
    coverage = coverage_by_venue(observed, gaps, span)
    figures = undercounts(orders, span[0], interval_ns, bars) if orders is not None else {}
    evidence = Evidence(coverage, figures, {})
    rows: list[LiquidationRow] = []
    for key, members in keys.items():
        rows += _bars_of(key, members, span, interval_ns, evidence)
    rows.sort(key=lambda row: (row.open_ns or 0, *_words(row)))
    return LiquidationHistory(
        rows=tuple(rows),
        by=wanted,
        sources=_sources(groups, coverage),
        from_ns=span[0],
        to_ns=span[1],
        interval_ns=interval_ns,
    )


def bar_span(span: Span, interval_ns: int) -> Span:
    """The whole bars that hold a span.

    Raises:
        InputError: an interval outside 1 s to 1 d, or an empty span.
    """
    if not NS_PER_S <= interval_ns <= NS_PER_DAY:
        raise InputError(f"bars are from 1s to 1d long, not {format_duration(interval_ns)}")
    if span[0] >= span[1]:
        raise InputError("the span is empty; give an end after its beginning")
    return span[0] - span[0] % interval_ns, span[1] + -span[1] % interval_ns


def _bars_of(
    key: RowKey, groups: Sequence[LiquidationGroup], span: Span, interval_ns: int, evidence: Evidence
) -> list[LiquidationRow]:
    by_open: dict[int, list[LiquidationGroup]] = {}
    for group in groups:
        if group.open_ns is None or group.open_ns % interval_ns or not span[0] <= group.open_ns < span[1]:
            raise InputError(f"a group of {group.venue} {group.symbol} has no open on the grid of the history")
        by_open.setdefault(group.open_ns, []).append(group)
    grid = range(span[0], span[1], interval_ns)
    quiet = ((open_ns, open_ns + interval_ns) for open_ns in grid if open_ns not in by_open)
    return [
        *(
            row_of(key, found, (open_ns, open_ns + interval_ns), evidence, is_bar=True)
            for open_ns, found in by_open.items()
        ),
        *quiet_rows(key, _emptied(groups), quiet, evidence),
    ]


def _emptied(groups: Iterable[LiquidationGroup]) -> list[LiquidationGroup]:
    """The feeds of a key with nothing in them: what a quiet bar is made of."""
    feeds = {(group.venue, group.symbol, group.coverage): group for group in groups}
    return [
        LiquidationGroup(group.venue, group.symbol, group.position_side, group.coverage, 0.0, 0, None, 0)
        for _, group in sorted(feeds.items())
    ]


def _grouped(groups: Iterable[LiquidationGroup], by: tuple[By, ...]) -> dict[RowKey, list[LiquidationGroup]]:
    grouped: dict[RowKey, list[LiquidationGroup]] = {}
    for group in groups:
        grouped.setdefault(key_of(group, by), []).append(group)
    return grouped


def _sources(groups: Iterable[LiquidationGroup], coverage: Mapping[str, CoverageReport]) -> tuple[Source, ...]:
    classes: dict[str, set[Coverage]] = {venue: set() for venue in coverage}
    for group in groups:
        classes.setdefault(group.venue, set()).add(group.coverage)
    unknown = CoverageReport(None, ())
    return tuple(
        Source(venue, tuple(sorted(found)), report.observed_share, report.gaps, report.backfilled)
        for venue, found in sorted(classes.items())
        for report in (coverage.get(venue, unknown),)
    )


def _words(row: LiquidationRow) -> tuple[str, ...]:
    return (row.coin or "", row.venue or "", row.symbol or "", row.position_side or "")
