"""Hysteresis and cooldown hold whatever the levels do."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.alerts.gate import GateState, Thresholds, pass_level, pass_pulse
from powderkeg.domain.errors import InputError

steps = st.lists(st.tuples(st.integers(0, 20), st.floats(0.0, 3.0)), max_size=60)


def run(thresholds, moves):
    """(time, level) of every alert."""
    gate, now, told = GateState(), 0, []
    for wait, level in moves:
        now += wait
        if pass_level(gate, thresholds, level, now) is not None:
            told.append((now, level))
    return told


@given(moves=steps, cooldown=st.integers(0, 30))
def test_between_two_alerts_lies_the_cooldown_and_a_fall_below_off(moves, cooldown):
    """The two laws of a gate, on any path of levels."""
    thresholds = Thresholds(on=2.0, off=1.0, cooldown_ns=cooldown)
    told = run(thresholds, moves)
    now, path = 0, []
    for wait, level in moves:
        now += wait
        path.append((now, level))
    for (first, _), (second, _) in pairwise(told):
        assert second - first >= cooldown
        assert any(level < thresholds.off for at, level in path if first <= at <= second)


@given(moves=steps)
def test_an_episode_is_told_unless_a_cooldown_covers_it(moves):
    """Without cooldown there are as many alerts as rises to `on` from below `off`: an independent count."""
    thresholds = Thresholds(on=2.0, off=1.0, cooldown_ns=0)
    rises, is_on = 0, False
    for _, level in moves:
        if is_on and level < 1.0:
            is_on = False
        if not is_on and level >= 2.0:
            is_on, rises = True, rises + 1
    assert len(run(thresholds, moves)) == rises


def test_an_episode_that_outlasts_the_cooldown_is_told_at_its_end():
    """What begins while a gate cools down is not forgotten if it lasts."""
    moves = [(0, 2.5), (5, 0.5), (5, 2.5), (5, 2.5), (90, 2.5), (5, 2.5)]
    assert [at for at, _ in run(Thresholds(on=2.0, off=1.0, cooldown_ns=100), moves)] == [0, 105]


def test_a_late_level_changes_nothing():
    """A level older than the newest one neither begins nor ends an episode."""
    gate, thresholds = GateState(), Thresholds(on=2.0, off=1.0, cooldown_ns=0)
    assert pass_level(gate, thresholds, 2.5, 100)
    assert pass_level(gate, thresholds, 0.0, 50) is None
    assert pass_level(gate, thresholds, 2.5, 110) is None


def test_pulses_are_told_once_and_counted_in_the_cooldown():
    """A repeated pulse is no second one; others in the cooldown are counted and said with the next."""
    gate, thresholds = GateState(), Thresholds(on=1.0, off=1.0, cooldown_ns=60)
    assert pass_pulse(gate, thresholds, 5.0, 0, "a").withheld == 0
    assert pass_pulse(gate, thresholds, 5.0, 0, "a") is None
    assert pass_pulse(gate, thresholds, 5.0, 10, "b") is None
    assert pass_pulse(gate, thresholds, 5.0, 20, "c") is None
    assert pass_pulse(gate, thresholds, 0.5, 30, "small") is None
    assert pass_pulse(gate, thresholds, 5.0, 70, "d").withheld == 2


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(InputError, match="must not be higher"):
        Thresholds(on=1.0, off=2.0, cooldown_ns=0)
