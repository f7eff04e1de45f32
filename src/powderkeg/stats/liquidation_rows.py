"""One row of liquidation totals, and how it is made from groups.

A `LiquidationGroup` is the sum over one venue, symbol, side and coverage class in one interval. It comes from the
streaming totals or from SQL over the archive; both go through `row_of`, so live, command line and Python agree.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import format_instant
from powderkeg.domain.units import LONG, SAMPLED_COVERAGE, SHORT, Coverage, PositionSide
from powderkeg.stats.coverage import CoverageReport, Span, clipped, joint_share
from powderkeg.stats.undercount import (
    FeedKey,
    SideUndercounts,
    Undercount,
    combined,
    complete,
    floor_only,
    with_ceiling,
)

By = Literal["coin", "venue", "symbol", "position_side"]
BY: Final[tuple[By, ...]] = ("coin", "venue", "symbol", "position_side")


class LiquidationGroup(msgspec.Struct, frozen=True, gc=False):
    """Sum over one venue, symbol, position side and coverage class in one interval.

    Attributes:
        notional_usd: sum of the known notionals.
        count: orders, those of unknown notional included.
        largest_usd: largest known notional, None where none is known; its price and time where at hand.
        unknown_notional_count: orders whose notional is not known.
        open_ns: open of the bar, None in a table of one window.
    """

    venue: str
    symbol: str
    position_side: PositionSide
    coverage: Coverage
    notional_usd: float
    count: int
    largest_usd: float | None
    unknown_notional_count: int
    largest_price: float | None = None
    largest_ts_ns: int | None = None
    open_ns: int | None = None


class LargestOrder(msgspec.Struct, frozen=True, gc=False):
    """The largest single order of a row; the earliest one where several are as large."""

    venue: str
    symbol: str
    position_side: PositionSide
    notional_usd: float
    price: float | None
    ts_event_ns: int | None


class LiquidationRow(msgspec.Struct, frozen=True, kw_only=True):
    """Liquidations of one key in one interval. Fields the row sums over are None; so is every unknown figure.

    Attributes:
        coin: the underlying (`1000PEPE` -> `PEPE`).
        long_usd, short_usd, total_usd: sums of known notionals, a floor where `is_floor`; None where no notional of
            an order is known, or where the row is of the other side.
        count, long_count, short_count: orders, those of unknown notional included.
        coverage: observed share of the interval, mean over the venues of the row; None where not known.
        feed_coverage: coverage classes of the feeds, sorted; only `all` can be summed as a total.
        is_floor: a feed leaves orders out, or a notional is unknown, or the interval is not known to be observed whole.
        estimate_usd: see `Undercount`; a high end of None says that the estimate, too, is a floor in part.
        open_ns: open of the bar; None in a table of one window.
    """

    coin: str | None
    venue: str | None
    symbol: str | None
    position_side: PositionSide | None
    long_usd: float | None
    short_usd: float | None
    total_usd: float | None
    count: int
    long_count: int | None
    short_count: int | None
    unknown_notional_count: int
    largest_usd: float | None
    largest: LargestOrder | None
    coverage: float | None
    feed_coverage: tuple[Coverage, ...]
    is_floor: bool
    estimate_usd: float | None
    estimate_low_usd: float | None
    estimate_high_usd: float | None
    ceiling_usd: float | None
    saturated_ratio: float | None
    gaps: tuple[FeedGap, ...]
    open_ns: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON has it: times RFC 3339, `open` only in bars."""
        fields = msgspec.structs.asdict(self)
        open_ns = fields.pop("open_ns")
        fields["largest"] = None if self.largest is None else _largest_dict(self.largest)
        fields["feed_coverage"] = list(self.feed_coverage)
        fields["gaps"] = [gap_dict(gap) for gap in self.gaps]
        return fields if open_ns is None else {"open": format_instant(open_ns), **fields}


class RowKey(NamedTuple):
    """What a row is of; None where it sums over."""

    coin: str | None
    venue: str | None
    symbol: str | None
    position_side: PositionSide | None


class Evidence(NamedTuple):
    """What is known beside the sums.

    Attributes:
        coverage: venue -> report over the whole range; an absent venue is not known.
        undercounts: (feed, open of the interval) -> figures, for feeds that can be estimated.
        open_interest_fall_usd: (venue, symbol) -> fall of open interest over the range.
    """

    coverage: Mapping[str, CoverageReport]
    undercounts: Mapping[tuple[FeedKey, int], SideUndercounts]
    open_interest_fall_usd: Mapping[tuple[str, str], float]


def checked_by(by: Sequence[str]) -> tuple[By, ...]:
    """The grouping in its fixed order.

    Raises:
        InputError: a field rows cannot be grouped by, or one named twice.
    """
    wrong = [name for name in by if name not in BY]
    if wrong or len(set(by)) != len(by):
        raise InputError(f"rows are grouped by any of {', '.join(BY)}, each once; got {', '.join(by)}")
    return tuple(name for name in BY if name in by)


def key_of(group: LiquidationGroup, by: tuple[By, ...]) -> RowKey:
    """The row a group belongs to; a row of one symbol names its coin too."""
    return RowKey(
        coin=coin_of(group.symbol) if "coin" in by or "symbol" in by else None,
        venue=group.venue if "venue" in by else None,
        symbol=group.symbol if "symbol" in by else None,
        position_side=group.position_side if "position_side" in by else None,
    )


def row_of(
    key: RowKey,
    groups: Sequence[LiquidationGroup],
    span: Span,
    evidence: Evidence,
    *,
    is_bar: bool,
) -> LiquidationRow:
    """One row from the groups of its key.

    Args:
        key: what the row is of.
        groups: of this key and interval; none where the key was watched and nothing happened.
        span: the interval of the row.
        evidence: coverage over a range that holds the interval, and what estimates rest on.
        is_bar: the row is one bar of a history.
    """
    unknown = sum(group.unknown_notional_count for group in groups)
    coverage, gaps = _coverage(_venues(key, groups, evidence), span, evidence)
    classes: tuple[Coverage, ...] = tuple(sorted({group.coverage for group in groups}))
    total_usd, count = _summed(groups)
    figures = _undercount(key, groups, span, evidence)
    largest = _largest(groups)
    long_usd, long_count = _side(key, groups, LONG)
    short_usd, short_count = _side(key, groups, SHORT)
    return LiquidationRow(
        **key._asdict(),
        long_usd=long_usd,
        short_usd=short_usd,
        total_usd=total_usd,
        count=count,
        long_count=long_count,
        short_count=short_count,
        unknown_notional_count=unknown,
        largest_usd=largest.notional_usd if largest else None,
        largest=largest,
        coverage=coverage,
        feed_coverage=classes,
        is_floor=_is_floor(classes, unknown, coverage),
        estimate_usd=figures.estimate_usd,
        estimate_low_usd=None if figures.estimate_usd is None else figures.lower_usd,
        estimate_high_usd=figures.upper_usd,
        ceiling_usd=figures.ceiling_usd,
        saturated_ratio=figures.saturated_ratio,
        gaps=gaps,
        open_ns=span[0] if is_bar else None,
    )


def quiet_rows(
    key: RowKey, feeds: Sequence[LiquidationGroup], spans: Iterable[Span], evidence: Evidence
) -> Iterator[LiquidationRow]:
    """Rows of bars in which nothing happened, of those that were watched at least in part.

    Args:
        key: what the rows are of.
        feeds: groups with nothing in them, one per feed of the key.
        spans: the bars, each inside the range of the evidence.
        evidence: coverage over the range.
    """
    venues = _venues(key, feeds, evidence)
    watched = [evidence.coverage[venue] for venue in venues if venue in evidence.coverage]
    template: LiquidationRow | None = None
    for span in spans:
        if not any(clipped(report, span).observed_share for report in watched):
            continue
        if template is None:
            # Without the estimates of this bar, which may be of the other side's orders.
            template = row_of(key, feeds, span, evidence._replace(undercounts={}), is_bar=True)
        coverage, gaps = _coverage(venues, span, evidence)
        is_floor = _is_floor(template.feed_coverage, 0, coverage)
        # Only these differ from one quiet bar to the next: a day of seconds has 86,400 of them.
        yield msgspec.structs.replace(template, open_ns=span[0], coverage=coverage, gaps=gaps, is_floor=is_floor)


def gap_dict(gap: FeedGap) -> dict[str, str]:
    """A gap as JSON has it."""
    return {
        "venue": gap.venue,
        "stream": gap.stream,
        "from": format_instant(gap.from_ns),
        "to": format_instant(gap.to_ns),
        "reason": gap.reason,
    }


def _largest_dict(order: LargestOrder) -> dict[str, Any]:
    fields = msgspec.structs.asdict(order)
    ts_event_ns = fields.pop("ts_event_ns")
    return {**fields, "at": None if ts_event_ns is None else format_instant(ts_event_ns)}


def _is_floor(classes: Collection[Coverage], unknown_count: int, coverage: float | None) -> bool:
    return not classes or not SAMPLED_COVERAGE.isdisjoint(classes) or unknown_count > 0 or coverage != 1.0


def _venues(key: RowKey, groups: Iterable[LiquidationGroup], evidence: Evidence) -> list[str]:
    """The row's venue, or every venue known of where it sums over venues."""
    return [key.venue] if key.venue else sorted({group.venue for group in groups} | set(evidence.coverage))


def _coverage(venues: Iterable[str], span: Span, evidence: Evidence) -> tuple[float | None, tuple[FeedGap, ...]]:
    known = [evidence.coverage.get(venue) for venue in venues]
    reports = [None if report is None else clipped(report, span) for report in known]
    return joint_share(reports), tuple(gap for report in reports if report for gap in report.gaps)


def _summed(groups: Sequence[LiquidationGroup]) -> tuple[float | None, int]:
    count = sum(group.count for group in groups)
    if count and all(group.unknown_notional_count == group.count for group in groups):
        return None, count
    return math.fsum(group.notional_usd for group in groups), count


def _side(
    key: RowKey, groups: Sequence[LiquidationGroup], position_side: PositionSide
) -> tuple[float | None, int | None]:
    if key.position_side not in (None, position_side):
        return None, None
    return _summed([group for group in groups if group.position_side == position_side])


def _largest(groups: Sequence[LiquidationGroup]) -> LargestOrder | None:
    known = [(group.largest_usd, group) for group in groups if group.largest_usd is not None]
    if not known:
        return None
    largest_usd, group = min(known, key=lambda pair: (-pair[0], pair[1].largest_ts_ns or 0, pair[1].venue))
    return LargestOrder(
        group.venue, group.symbol, group.position_side, largest_usd, group.largest_price, group.largest_ts_ns
    )


def _undercount(key: RowKey, groups: Sequence[LiquidationGroup], span: Span, evidence: Evidence) -> Undercount:
    by_feed: dict[FeedKey, list[LiquidationGroup]] = {}
    for group in groups:
        by_feed.setdefault(FeedKey(group.venue, group.symbol, group.coverage), []).append(group)
    figures = combined([_of_feed(feed, members, key, span, evidence) for feed, members in by_feed.items()])
    falls = [evidence.open_interest_fall_usd.get(pair) for pair in {(feed.venue, feed.symbol) for feed in by_feed}]
    known = [fall for fall in falls if fall is not None]
    return with_ceiling(figures, math.fsum(known) if known and len(known) == len(falls) else None)


def _of_feed(
    feed: FeedKey, groups: Sequence[LiquidationGroup], key: RowKey, span: Span, evidence: Evidence
) -> Undercount:
    total_usd = math.fsum(group.notional_usd for group in groups)
    unknown = sum(group.unknown_notional_count for group in groups)
    count = sum(group.count for group in groups)
    if feed.coverage == "all":
        return complete(total_usd, unknown)
    sides = evidence.undercounts.get((feed, span[0]))
    if sides is not None:
        return sides.of(key.position_side)
    if count == 0 and feed.coverage in ("latest_per_second", "largest_per_second"):
        return complete(0.0)  # such a feed pushes something in every second in which something happens
    return floor_only(total_usd)
