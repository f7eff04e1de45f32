"""The hub alone: what listeners are promised, whatever they and the publishers do."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from powderkeg.web.hub import CHUNK_BYTES, EVENT_TOPICS, MAX_WAITING, STATE_TOPICS, Hub, Interest

EVERYTHING = Interest()


def numbers(messages):
    """The sequence numbers of events among messages."""
    return [message.sequence for message in messages if message.sequence]


def drained(listener):
    """All that waits, however many takes it needs."""
    found = []
    while taken := listener.take():
        found += taken
    return found


@given(steps=st.lists(st.sampled_from(["liquidation", "gap", "totals", "health", "take"]), max_size=200))
def test_events_come_in_order_once_and_without_a_hole(steps):
    """States may be left out, events never, and the newest state is always told."""
    hub = Hub("e")
    listener, _ = hub.listen(EVERYTHING)
    seen, last = [], {}
    for number, step in enumerate(steps):
        if step == "take":
            seen += listener.take()
        else:
            hub.publish(step, b"%d" % number)
            last[step] = number
    seen += drained(listener)
    assert numbers(seen) == list(range(1, 1 + sum(step in EVENT_TOPICS for step in steps)))
    for topic in STATE_TOPICS:
        told = [json.loads(message.json_bytes)["data"] for message in seen if message.topic == topic]
        assert told == sorted(told)
        if topic in last:
            assert told[-1] == last[topic]


@given(count=st.integers(1, 60), ring=st.integers(1, 60), seen=st.integers(0, 60))
def test_resuming_gives_what_was_missed_or_says_that_it_cannot(count, ring, seen):
    """After the id of message k come k+1, k+2, ...; where they are gone, nothing and `False`."""
    hub = Hub("e", ring=ring)
    for number in range(count):
        hub.publish("liquidation", b"%d" % number)
    seen = min(seen, count)
    listener, is_complete = hub.listen(EVERYTHING, f"e-{seen}")
    assert is_complete == (seen >= count - ring)
    assert numbers(drained(listener)) == (list(range(seen + 1, count + 1)) if is_complete else [])


def test_ids_that_are_not_ours_are_not_understood():
    """Another run's, the future's, and rubbish."""
    hub = Hub("e")
    hub.publish("gap", b"1")
    for name in ("f-1", "e-2", "e-", "e", "-1", "e--1", "e-1x", "e-" + "9" * 30, "\n", "e-1\nevent: x"):
        assert hub.listen(EVERYTHING, name)[1] is False
    assert hub.listen(EVERYTHING, "e-1")[1] is True
    assert hub.listen(EVERYTHING, None)[1] is True


def test_who_does_not_read_is_cut_off_and_costs_nothing_more():
    """A listener holds at most its bound; then it is told why, and holds nothing."""
    hub = Hub("e")
    slow, _ = hub.listen(EVERYTHING)
    reader, _ = hub.listen(EVERYTHING)
    for number in range(MAX_WAITING):
        hub.publish("liquidation", b"%d" % number)
        reader.take()
    assert not slow.behind
    hub.publish("liquidation", b"1")
    assert (slow.behind, slow.take()) == ("slow", [])
    assert not reader.behind
    hub.leave(slow)
    assert hub.evicted == {"slow": 1}


def test_a_loss_before_the_hub_ends_every_stream():
    """Nobody may believe to have seen everything."""
    hub = Hub("e")
    hub.publish("liquidation", b"1")
    listener, _ = hub.listen(EVERYTHING)
    hub.interrupt()
    assert listener.behind == "lost"
    assert hub.listen(EVERYTHING, "e-1")[1] is False


def test_filters_are_of_coin_size_and_topic():
    """Messages without a coin pass a filter of coins; unknown notional is not large."""
    hub = Hub("e")
    chosen, _ = hub.listen(Interest(topics=frozenset({"liquidation", "gap"}), coins=frozenset({"BTC"}), min_usd=10.0))
    hub.publish("liquidation", b"1", coin="BTC", notional_usd=10.0)
    hub.publish("liquidation", b"2", coin="BTC", notional_usd=9.0)
    hub.publish("liquidation", b"3", coin="BTC")
    hub.publish("liquidation", b"4", coin="ETH", notional_usd=99.0)
    hub.publish("gap", b"5")
    hub.publish("alert", b"6")
    hub.publish("totals", b"7")
    assert numbers(drained(chosen)) == [1, 5]


def test_one_take_is_bounded():
    """A backlog is written in pieces, so that no buffer holds all of it."""
    hub = Hub("e")
    listener, _ = hub.listen(EVERYTHING)
    for _ in range(100):
        hub.publish("liquidation", b'"' + b"x" * 2_000 + b'"')
    sizes = []
    while taken := listener.take():
        sizes.append(sum(len(message.event_bytes) for message in taken))
    assert max(sizes) < CHUNK_BYTES + 3_000
    assert len(sizes) > 5
