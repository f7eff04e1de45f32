"""Interval algebra against sets of instants, and coverage against the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap
from powderkeg.stats.coverage import (
    NOT_RECORDED,
    Observed,
    clipped,
    complement,
    coverage_by_venue,
    coverage_of,
    intersection,
    joint_share,
    length,
    union,
)

WINDOW = (10, 40)


def spans(most=6):
    return st.lists(st.tuples(st.integers(0, 50), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1])), max_size=most)


def instants(intervals):
    return {instant for start, end in intervals for instant in range(start, end)}


def is_normal(intervals):
    return all(start < end for start, end in intervals) and all(
        first[1] < second[0] for first, second in itertools.pairwise(intervals)
    )


@given(spans(), spans())
def test_the_algebra_is_that_of_sets(first, second):
    """Union, intersection, complement and length agree with sets of instants, and come sorted and disjoint."""
    assert instants(union(first)) == instants(first)
    assert instants(intersection(first, second)) == instants(first) & instants(second)
    assert instants(complement(first, WINDOW)) == instants([WINDOW]) - instants(first)
    assert length(first) == len(instants(first))
    assert is_normal(union(first))
    assert is_normal(intersection(first, second))
    assert is_normal(complement(first, WINDOW))


def test_an_interval_that_ends_before_it_begins_is_refused():
    with pytest.raises(InputError, match="ends before it begins"):
        union([(5, 4)])


def observed(span, how="connection", venue="okx"):
    return Observed(venue, "liquidation", *span, how, None)


def gap(span, reason="silent", venue="okx"):
    return FeedGap(venue, "liquidation", *span, reason)


@given(spans(), spans(3), spans(3))
def test_coverage_is_connections_less_gaps_plus_imports(connected, holes, imported):
    """The share, the covered spans and the gaps agree with sets; gaps and covered spans fill the window exactly."""
    records = [observed(span) for span in connected] + [observed(span, "import") for span in imported]
    gaps = [gap(span, f"reason {i}") for i, span in enumerate(holes)]
    report = coverage_of(records, gaps, WINDOW)
    if not records and not gaps:
        assert report.observed_share is None
        assert report.gaps == ()
        return
    covered = ((instants(connected) - instants(holes)) | instants(imported)) & instants([WINDOW])
    assert instants(report.observed) == covered
    assert report.observed_share == len(covered) / 30
    missing = [(hole.from_ns, hole.to_ns) for hole in report.gaps]
    assert instants(missing) == instants([WINDOW]) - covered
    assert sum(end - start for start, end in missing) == 30 - len(covered)
    for hole in report.gaps:
        for instant in range(hole.from_ns, hole.to_ns):
            reasons = {g.reason for g in gaps if g.from_ns <= instant < g.to_ns}
            assert hole.reason in (reasons or {NOT_RECORDED})


@given(spans(4), spans(3), st.integers(10, 39), st.integers(1, 30))
def test_a_clipped_report_is_the_report_of_the_smaller_window(connected, holes, start, size):
    """Share and gaps of a bar come out the same from the day's report as from the records."""
    window = (start, min(start + size, 40))
    records, gaps = [observed(span) for span in connected], [gap(span) for span in holes]
    direct = coverage_of(records, gaps, window)
    report = clipped(coverage_of(records, gaps, WINDOW), window)
    assert report.observed_share == (None if direct.observed_share is None else pytest.approx(direct.observed_share))
    assert report.gaps == direct.gaps


def test_a_stream_recorded_at_another_time_is_zero_here_not_unknown():
    """Nothing known is None; known to have been off is 0 with a gap."""
    assert coverage_of([], [], WINDOW).observed_share is None
    report = coverage_of([observed((100, 200))], [], WINDOW)
    assert report.observed_share == 0.0
    assert report.gaps == (gap(WINDOW, NOT_RECORDED),)


def test_one_report_is_of_one_stream():
    with pytest.raises(InputError, match="one stream"):
        coverage_of([observed((0, 5)), observed((0, 5), venue="gate")], [], WINDOW)
    with pytest.raises(InputError, match="empty"):
        coverage_of([], [], (5, 5))


def test_venues_are_reported_apart_and_joined_by_their_mean():
    """A venue without a record makes the joint share unknown: a known part must not stand for the whole."""
    records = [
        observed((10, 40)),
        observed((10, 25), venue="gate"),
        Observed("gate", "trade", 0, 50, "connection", None),
    ]
    reports = coverage_by_venue(records, [], WINDOW)
    assert {venue: report.observed_share for venue, report in reports.items()} == {"okx": 1.0, "gate": 0.5}
    assert joint_share([*reports.values()]) == 0.75
    assert joint_share([*reports.values(), None]) is None
    assert joint_share([]) is None
