"""Alive, quiet or dead, by a fake clock."""

from __future__ import annotations

import msgspec
import pytest
from feed_harness import STREAMS, TWO_CONTRACTS
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.feed.hearing import NOTHING, Heard
from powderkeg.feed.liveness import HALF_OPEN_S, QUIET_AFTER_S, Limits, Liveness, State
from powderkeg.feed.plan import plans
from powderkeg.venues import VENUES
from powderkeg.venues.base import CANARY_SILENCE_S, PROBE_EVERY_S

(PLAN,) = plans("binance-usdm", ["BTCUSDT"], ["liquidation", "trade"])
BARE = msgspec.structs.replace(PLAN, canary=None)
CANARY = Heard(is_data=True, is_canary=True)
LIQUIDATION = Heard(is_data=True, streams=("liquidation",))
TRADE = Heard(is_data=True, streams=("trade",))
LIMITS = Limits()


def proven(plan=PLAN) -> Liveness:
    liveness = Liveness(plan, LIMITS, 0.0)
    liveness.subscribed(0.0)
    liveness.frame(CANARY, 0.0)
    return liveness


def test_the_promises_are_kept_by_the_constants():
    """15 s for a silent path, 30 s for a half-open connection; a probe is repeated before its silence condemns."""
    assert CANARY_SILENCE_S < 15.0
    assert HALF_OPEN_S <= 30.0
    assert 2 * PROBE_EVERY_S < CANARY_SILENCE_S


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_r08_acknowledged_then_nothing_is_noticed_within_15_s_on_every_path(venue, measured):
    """R8, every venue, every socket it would get: acknowledgments, heartbeats and pongs come, data does not."""
    slowest_s = 0.0
    for plan in plans(venue, TWO_CONTRACTS[venue], STREAMS):
        assert plan.canary is not None, plan.key
        liveness, at_s = Liveness(plan, LIMITS, 0.0), 0.0
        liveness.subscribed(0.0)
        while liveness.complaint(at_s) is None:
            at_s += 0.25
            liveness.frame(NOTHING, at_s)
            liveness.pong(at_s)
        slowest_s = max(slowest_s, at_s)
    measured(f"R08 acknowledged, then nothing, on {venue}: noticed after {slowest_s:.2f} s, any path")
    assert slowest_s <= 15.0


def test_a_venue_that_answers_probes_and_publishes_nothing_is_noticed_too():
    """HTX: what has to be asked for proves the path, but not that anything is pushed on it."""
    (plan,) = plans("htx", ["BTC-USDT"], ["liquidation"])
    liveness, at_s = Liveness(plan, LIMITS, 0.0), 0.0
    liveness.subscribed(0.0)
    while (complaint := liveness.complaint(at_s)) is None:
        at_s += PROBE_EVERY_S
        liveness.frame(CANARY, at_s)
        assert liveness.next_check_s(at_s) >= at_s
    assert "nothing published" in complaint
    assert at_s == plan.canary.behind.silence_s
    liveness.frame(Heard(is_data=True, is_canary=True, is_behind=True), at_s)
    assert liveness.complaint(at_s) is None


def test_two_quiet_hours_on_a_healthy_path_are_no_reason_to_reconnect():
    """R8: one canary a second, pongs every ten, no liquidation, no trade: no complaint, and QUIET."""
    liveness = proven()
    for second in range(2 * 3_600):
        liveness.frame(CANARY, float(second))
        if second % 10 == 0:
            liveness.pong(float(second))
        assert liveness.complaint(second + 0.9) is None
    assert liveness.states(PLAN.streams, 7_200.0) == dict.fromkeys(PLAN.streams, State.QUIET)


@given(wait_s=st.floats(0, 40), acknowledgments=st.integers(0, 30))
def test_acknowledged_then_nothing_is_noticed_in_time(wait_s, acknowledgments):
    """R8: acknowledgments, heartbeats and pongs prove no path; the complaint comes exactly when it is due."""
    liveness = Liveness(PLAN, LIMITS, 100.0)
    liveness.subscribed(100.0)
    at_s = 100.0 + wait_s
    for number in range(acknowledgments):
        liveness.frame(NOTHING, 100.0 + wait_s * number / 30)
    liveness.pong(at_s)
    assert (liveness.complaint(at_s) is not None) == (at_s - 100.0 >= CANARY_SILENCE_S)
    assert liveness.state("liquidation", at_s) is (
        State.STALE if at_s - 100.0 >= CANARY_SILENCE_S else State.CONNECTING
    )


@given(gaps=st.lists(st.floats(0.0, 13.9), min_size=1, max_size=50), silence_s=st.floats(15.0, 1_000.0))
def test_a_canary_is_missed_however_busy_the_rest_is(gaps, silence_s):
    """Other frames say nothing about the canary's path going dead."""
    liveness = proven()
    at_s = 0.0
    for gap in gaps:
        at_s += gap
        assert liveness.complaint(at_s) is None
        liveness.frame(CANARY, at_s)
    silent_s = at_s + silence_s
    liveness.frame(TRADE, silent_s)
    assert liveness.complaint(silent_s) is None if silent_s - at_s < CANARY_SILENCE_S else liveness.complaint(silent_s)


def test_requests_sent_slowly_do_not_count_against_the_path():
    """Before everything is subscribed the canary is not due."""
    liveness = Liveness(PLAN, LIMITS, 0.0)
    liveness.frame(NOTHING, 20.0)
    assert liveness.complaint(24.0) is None
    liveness.subscribed(24.0)
    due_s = 24.0 + CANARY_SILENCE_S
    liveness.pong(due_s - 1.0)
    assert liveness.complaint(due_s - 0.1) is None
    assert liveness.complaint(due_s) is not None


@given(pongs=st.lists(st.floats(0.0, HALF_OPEN_S - 0.1), max_size=30))
def test_nothing_heard_at_all_is_a_half_open_connection(pongs):
    """R9: also where there is no canary; pongs count as being heard."""
    liveness = Liveness(BARE, LIMITS, 0.0)
    liveness.subscribed(0.0)
    at_s = 0.0
    for gap in pongs:
        at_s += gap
        assert liveness.complaint(at_s) is None
        liveness.pong(at_s)
    assert liveness.complaint(at_s + HALF_OPEN_S - 0.1) is None
    assert "half open" in liveness.complaint(at_s + HALF_OPEN_S + 1e-6)


def test_streams_are_live_or_quiet_each_for_itself():
    """A stream speaks for itself only."""
    liveness = proven()
    liveness.frame(LIQUIDATION, 1.0)
    assert liveness.states(PLAN.streams, 2.0) == {"liquidation": State.LIVE, "trade": State.QUIET}
    at_s = 1.0 + QUIET_AFTER_S
    liveness.frame(CANARY, at_s)
    liveness.frame(TRADE, at_s)
    assert liveness.states(PLAN.streams, at_s) == {"liquidation": State.QUIET, "trade": State.LIVE}


@given(
    events=st.lists(st.tuples(st.floats(0, 20), st.sampled_from(["canary", "pong", "nothing", "trade"])), max_size=40)
)
def test_the_next_check_is_never_too_late(events):
    """Between now and `next_check_s` no complaint can come up by silence alone."""
    liveness = proven()
    at_s = 0.0
    for gap, kind in events:
        at_s += gap
        if kind == "pong":
            liveness.pong(at_s)
        else:
            liveness.frame({"canary": CANARY, "nothing": NOTHING, "trade": TRADE}[kind], at_s)
        due_s = liveness.next_check_s(at_s)
        assert due_s >= at_s
        if liveness.complaint(at_s) is None:
            assert liveness.complaint(at_s + (due_s - at_s) * 0.999) is None
            assert liveness.complaint(due_s + 1e-6) is not None


def test_a_process_that_did_not_run_blames_nobody():
    """The canary is due again from the moment of waking."""
    liveness = proven()
    liveness.resumed(3_600.0)
    assert liveness.complaint(3_600.0) is None
    assert liveness.complaint(3_600.0 + CANARY_SILENCE_S - 0.1) is None
    assert liveness.complaint(3_600.0 + CANARY_SILENCE_S) is not None


def test_states_before_the_first_proof():
    """CONNECTING until the path is proven, with or without a canary."""
    for plan in (PLAN, BARE):
        liveness = Liveness(plan, LIMITS, 0.0)
        liveness.subscribed(0.0)
        assert liveness.state("liquidation", 1.0) is State.CONNECTING
    liveness.pong(1.0)
    assert liveness.state("liquidation", 1.0) is State.QUIET
