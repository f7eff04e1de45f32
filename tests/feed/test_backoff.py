"""When to try again: waits, jitter, Retry-After."""

from __future__ import annotations

import random
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.feed.backoff import (
    MAX_RETRY_AFTER_S,
    MAX_WAIT_S,
    Backoff,
    Refusal,
    parse_retry_after,
    retry_or_fatal,
)

seeds = st.integers(0, 2**32)
NOW_S = 1_784_112_600


@given(seed=seeds, count=st.integers(1, 200))
def test_the_first_retry_is_at_once_and_none_waits_longer_than_the_cap(seed, count):
    """At most a minute, however long the venue is gone."""
    backoff = Backoff(random.Random(seed))
    waits = [backoff.wait_s(Refusal("x")) for _ in range(count)]
    assert waits[0] == 0.0
    ceilings = [0.0, *(min(MAX_WAIT_S, 2.0**number) for number in range(count))]
    assert all(0.0 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=False))


def test_waits_are_spread_over_their_whole_range():
    """Full jitter: clients that lost a venue together do not come back together."""
    waits = []
    for seed in range(2_000):
        backoff = Backoff(random.Random(seed))
        waits.append([backoff.wait_s(Refusal("x")) for _ in range(12)][-1])
    assert sum(waits) / len(waits) == pytest.approx(MAX_WAIT_S / 2, rel=0.05)
    assert min(waits) < 0.05 * MAX_WAIT_S
    assert max(waits) > 0.95 * MAX_WAIT_S


def test_success_makes_the_next_retry_a_first_one():
    """And only success does."""
    backoff = Backoff(random.Random(1))
    for _ in range(5):
        backoff.wait_s(Refusal("x"))
    backoff.succeeded()
    assert backoff.wait_s(Refusal("x")) == 0.0


@given(seed=seeds, demanded=st.floats(0, MAX_RETRY_AFTER_S), fatal=st.booleans(), earlier=st.integers(0, 20))
def test_no_wait_is_shorter_than_the_venue_demands(seed, demanded, fatal, earlier):
    """Not even a first retry."""
    backoff = Backoff(random.Random(seed))
    for _ in range(earlier):
        backoff.wait_s(Refusal("x"))
    wait = backoff.wait_s(Refusal("x", is_fatal=fatal, retry_after_s=demanded))
    assert demanded <= wait <= max(demanded, MAX_WAIT_S)


@given(seed=seeds)
def test_a_refusal_for_good_is_retried_slowly_from_the_start(seed):
    """Between half the cap and the cap: a wrong request repeated fast gets an address banned."""
    assert MAX_WAIT_S / 2 <= Backoff(random.Random(seed)).wait_s(Refusal("x", is_fatal=True)) <= MAX_WAIT_S


@pytest.mark.parametrize("status", range(400, 600))
def test_which_answers_are_fatal(status):
    """The request is wrong (4xx) unless it was only too early or too much; a server in trouble (5xx) recovers."""
    refusal = retry_or_fatal("no", status=status, headers={"RETRY-AFTER": "7"})
    assert refusal.is_fatal == (status < 500 and status not in (408, 418, 429))
    assert refusal.retry_after_s == 7.0
    assert str(status) in refusal.reason


@given(ahead_s=st.integers(-10_000, 10_000))
def test_retry_after_may_be_a_date(ahead_s):
    """A date that has passed is no wait."""
    text = formatdate(NOW_S + ahead_s, usegmt=True)
    assert parse_retry_after(text, NOW_S * 10**9) == max(ahead_s, 0)


@given(seconds=st.integers(0, 10**9))
def test_retry_after_may_be_seconds_but_no_lifetime(seconds):
    """Bounded by the longest ban that is documented."""
    assert parse_retry_after(f" {seconds} ", 0) == min(seconds, MAX_RETRY_AFTER_S)


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "²", "Thu, 99 Foo 2026 99:99:99 GMT", "9" * 40])
def test_a_broken_retry_after_is_none_or_bounded(text):
    """What the venue sends cannot stop the retries."""
    wait = parse_retry_after(text, 0)
    assert wait is None or 0 <= wait <= MAX_RETRY_AFTER_S
    assert (wait is None) == (text != "9" * 40)


def test_no_answer_at_all_is_retried():
    """A lost packet says nothing about the request."""
    assert retry_or_fatal("connection lost") == Refusal("connection lost")
