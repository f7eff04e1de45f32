"""Bars: the same whatever the order of arrival, revised when late, and nothing lost without a word."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stats_naive import liquidation

from powderkeg.domain.errors import InputError
from powderkeg.stats.window import AHEAD_NS, Bars

INTERVAL, LATENESS, RETENTION = 10, 25, 40
START = 1_000_000


class Total:
    def __init__(self):
        self.value = 0

    def update(self, event):
        self.value += int(event.notional_usd)


def event_at(ts_ns, usd=1):
    return liquidation(START + ts_ns, usd)


def bars(**more):
    return Bars(INTERVAL, LATENESS, Total, **more)


def batch(events):
    sums = Counter()
    for event in events:
        sums[event.ts_event_ns // INTERVAL * INTERVAL] += int(event.notional_usd)
    return dict(sums)


times_and_sums = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 9)), min_size=1, max_size=60)


@given(times_and_sums, st.randoms(use_true_random=False))
def test_any_order_within_the_allowance_tells_the_same_bars_once(rows, random):
    """Delays of at most the lateness change nothing: every bar is told once, as revision 0, with its final sum."""
    events = [event_at(*row) for row in rows]
    arrivals = sorted(events, key=lambda event: event.ts_event_ns + random.randint(0, LATENESS))
    statistic = bars()
    told = []
    for event in arrivals:
        step = statistic.update(event)
        assert step.late == ()
        told += step.bars
    told += statistic.flush()
    assert all(bar.revision == 0 for bar in told)
    assert [bar.open_ns for bar in told] == sorted({bar.open_ns for bar in told})
    assert {bar.open_ns: bar.figure for bar in told} == batch(events)
    assert all(bar.close_ns == bar.open_ns + INTERVAL for bar in told)


@given(times_and_sums)
def test_nothing_is_lost_after_any_update(rows):
    """In any order at all: last revisions plus what is held plus what came back late is everything so far."""
    statistic = bars(retention_ns=RETENTION)
    last, revisions, late, seen = {}, {}, [], []
    for event in (event_at(*row) for row in rows):
        seen.append(event)
        step = statistic.update(event)
        late += step.late
        for bar in step.bars:
            assert bar.revision == revisions.get(bar.open_ns, -1) + 1
            last[bar.open_ns], revisions[bar.open_ns] = bar.figure, bar.revision
        now = {**last, **{bar.open_ns: bar.figure for bar in statistic.held()}}
        assert now == batch([event for event in seen if not any(event is other for other in late)])
        assert statistic.late_count == len(late)


def test_a_late_event_tells_its_bar_again_until_the_retention_ends():
    """Revision 0, then 1, then the event is handed back."""
    statistic = bars(retention_ns=RETENTION)
    assert statistic.update(event_at(3)).bars == ()
    (first,) = statistic.update(event_at(10 + LATENESS)).bars  # watermark reaches the close at 10
    assert (first.open_ns, first.revision, first.figure) == (START, 0, 1)
    (second,) = statistic.update(event_at(5, 4)).bars
    assert (second.open_ns, second.revision, second.figure) == (START, 1, 5)
    statistic.update(event_at(10 + RETENTION + LATENESS))
    too_late = event_at(6)
    step = statistic.update(too_late)
    assert step.bars == ()
    assert step.late == (too_late,)
    assert statistic.late_count == 1


def test_memory_is_bounded_by_lateness_and_retention():
    statistic = bars(retention_ns=RETENTION)
    most = 0
    for ts_ns in range(0, 20_000, 3):
        statistic.update(event_at(ts_ns))
        most = max(most, len(statistic.held()))
    assert most <= (LATENESS + RETENTION) // INTERVAL + 2


def test_a_time_from_the_far_future_does_not_close_every_bar():
    """One bad time of a venue moves the watermark no further than clocks are wrong."""
    hour = AHEAD_NS // 2
    statistic = Bars(hour, 0, Total)
    statistic.update(liquidation(1000 * hour, 1))
    (bar,) = statistic.update(liquidation(100_000 * hour, 1, ts_received_ns=1000 * hour)).bars
    assert (bar.open_ns, bar.figure) == (1000 * hour, 1)
    assert statistic.update(liquidation(1002 * hour, 1)).late == ()
    (bar,) = statistic.update(liquidation(1003 * hour, 1)).bars
    assert (bar.open_ns, bar.figure) == (1002 * hour, 1)


@pytest.mark.parametrize("bad", [{"interval_ns": 0}, {"lateness_ns": -1}, {"retention_ns": -1}])
def test_impossible_windows_are_refused(bad):
    with pytest.raises(InputError, match="interval above zero"):
        Bars(**{"interval_ns": 1, "lateness_ns": 0, "make": Total, **bad})
