"""Delivery: what an attempt leads to, and that nothing waits forever or is dropped in silence."""

from __future__ import annotations

import msgspec
import pytest
from alert_kit import at
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.alerts.delivery import (
    GATHER_ABOVE,
    LISTED,
    LONGEST_WAIT_S,
    Delivery,
    Outcome,
    SinkState,
    after,
    configured,
    overflow,
    wait_s,
)
from powderkeg.alerts.message import Alert, Message, gathered

SINK = SinkState(name="webhook", fingerprint="f")
PENDING = Delivery(message_key="m", sink="webhook")


def alert(number):
    return Alert(
        key=f"k{number}",
        rule="r",
        subject="s",
        at_ns=at(number),
        headline=f"alert {number}",
        detail="d",
        sureness="s",
        path="/map",
        strength=1.0,
    )


def message(number):
    return gathered([alert(number)], at(number), "alert")


@pytest.mark.parametrize(
    ("kind", "state", "is_off"),
    [
        ("sent", "sent", False),
        ("retry", "pending", False),
        ("unauthorized", "pending", True),
        ("blocked", "pending", True),
        ("refused", "given_up", False),
    ],
)
def test_what_an_outcome_leads_to(kind, state, is_off):
    delivery, sink = after(PENDING, SINK, Outcome(kind, "why"), at(0))
    assert (delivery.state, bool(sink.off_reason), delivery.attempts) == (state, is_off, 1)


@given(attempts=st.integers(1, 10_000), asked=st.none() | st.floats(0, 1e7))
def test_waits_grow_are_bounded_and_honor_what_was_asked(attempts, asked):
    wait = wait_s(attempts, asked)
    assert wait_s(attempts, None) <= min(wait_s(attempts + 1, None), LONGEST_WAIT_S)
    assert wait >= min(asked or 0.0, 6 * 3_600)
    assert wait <= 6 * 3_600


def test_a_sink_that_is_down_holds_its_other_messages_back():
    """One attempt tells that it is down; the others wait with it."""
    delivery, sink = after(PENDING, SINK, Outcome("retry", "429", 120.0), at(0))
    assert delivery.due_ns == sink.not_before_ns == at(120)
    assert after(delivery, sink, Outcome("sent"), at(121))[1].not_before_ns == 0


def test_a_changed_setting_turns_a_sink_on_again():
    off = msgspec.structs.replace(SINK, off_reason="401")
    assert configured(off, "webhook", "f") == off
    assert configured(off, "webhook", "g").off_reason == ""
    assert configured(None, "webhook", "g").fingerprint == "g"


@given(count=st.integers(0, 80))
def test_too_many_become_one_that_counts_them_all(count):
    pending = [message(number) for number in range(count)]
    found = overflow(pending, at(100))
    if count <= GATHER_ABOVE:
        assert found is None
    else:
        assert len(found.alerts) + found.unlisted == count
        assert len(found.alerts) <= LISTED
        assert found.alerts[-1].key == f"k{count - 1}"
        assert overflow([found, *pending[:GATHER_ABOVE]], at(101)).unlisted >= found.unlisted


def test_the_same_alerts_are_the_same_message():
    alerts = [alert(1), alert(2)]
    assert gathered(alerts, at(5), "digest").key == gathered(alerts, at(9), "digest").key
    assert gathered(alerts, at(5), "digest").key != gathered(alerts[:1], at(5), "digest").key
    assert isinstance(gathered(alerts[:1], at(5), "digest"), Message)
