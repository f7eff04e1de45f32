"""Faults do what their names say, to the frame, and the ledger knows it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError, VenueProtocolError
from powderkeg.domain.events import Liquidation
from powderkeg.testing.venues import FAULTS, SIMULATED, Fault, Scenario, predict, random_faults
from powderkeg.testing.venues.garbage import garbage
from powderkeg.testing.venues.ledger import NANO_PER_USD
from powderkeg.venues import parse_frame

SECOND = 1_000_000_000
STORY = Scenario(seed=11, messages_per_s=1_500, duration_s=5, liquidation_share=0.08, burst_every_s=3)
FRAMES = {venue: [*STORY.frames(venue)] for venue in SIMULATED}
DROPPERS = ("silent", "drop", "half_open")


def during(name, **numbers):
    """A fault from the end of the second second to the middle of the fourth."""
    return Fault(
        name=name, from_ns=STORY.start_ns + 2 * SECOND, to_ns=STORY.start_ns + 3 * SECOND + SECOND // 2, **numbers
    )


def is_during(frame):
    fault = during("silent")
    return fault.from_ns <= frame.at_ns < fault.to_ns


def run(venue, *faults, seed=0):
    """What the ledger says, and the messages heard."""
    heard: list[bytes] = []
    return predict(STORY, venue, faults=faults, fault_seed=seed, hear=heard.append), heard


def as_heard(venue, frame):
    """Binance names the stream that was asked for: here that of all forced orders."""
    if venue == "binance-usdm" and frame.kind == "liquidation":
        return re.sub(rb'"stream":"\w+@forceOrder"', b'"stream":"!forceOrder@arr"', frame.payload)
    return frame.payload


@pytest.mark.parametrize("venue", SIMULATED)
def test_without_a_fault_everything_arrives_once(venue):
    """What is made is delivered, and what happened is told or left out by the feed's own rule alone."""
    ledger, heard = run(venue)
    assert heard == [as_heard(venue, frame) for frame in FRAMES[venue]]
    assert ledger.frames["delivered"] == ledger.frames["made"] == len(FRAMES[venue])
    assert ledger.delivered.nusd == ledger.told.nusd
    assert ledger.happened.count >= ledger.told.count
    assert not ledger.lost


@pytest.mark.parametrize("venue", SIMULATED)
@pytest.mark.parametrize("name", DROPPERS)
def test_what_passes_a_losing_fault_is_lost_and_nothing_else(venue, name):
    """Frames of the interval are gone, all others arrive, and the totals say the same."""
    ledger, _ = run(venue, during(name))
    gone = [frame for frame in FRAMES[venue] if is_during(frame)]
    assert ledger.lost == {name: len(gone)}
    assert ledger.frames["delivered"] == len(FRAMES[venue]) - len(gone)
    missed = sum(row.notional_nusd for frame in gone for row in frame.told)
    assert ledger.told.nusd.total() - ledger.delivered.nusd.total() == missed


@pytest.mark.parametrize("venue", SIMULATED)
def test_a_duplicate_is_sent_twice_in_a_row(venue):
    """Every frame of the interval twice, counted as repeated; what was delivered counts once."""
    clean, before = run(venue)
    ledger, heard = run(venue, during("duplicate"))
    twice = [frame for frame in FRAMES[venue] if is_during(frame)]
    assert ledger.messages["repeat"] == len(heard) - len(before) == len(twice)
    assert ledger.delivered.nusd == clean.delivered.nusd
    assert ledger.repeated.count == sum(len(frame.told) for frame in twice)
    assert set(heard) == set(before)


@pytest.mark.parametrize("venue", SIMULATED)
def test_reorder_loses_nothing_and_keeps_to_its_groups(venue):
    """The same messages in another order; none is further from its place than a group."""
    _, before = run(venue)
    ledger, heard = run(venue, during("reorder", group=6))
    assert Counter(heard) == Counter(before)
    assert heard != before
    assert not ledger.lost
    if len(set(before)) == len(before):
        place = {payload: n for n, payload in enumerate(before)}
        assert max(abs(n - place[payload]) for n, payload in enumerate(heard)) < 6


@pytest.mark.parametrize("venue", SIMULATED)
def test_delay_comes_late_but_comes(venue):
    """A part of the frames comes after later ones; in the end all have come."""
    _, before = run(venue)
    ledger, heard = run(venue, during("delay", share_ratio=0.5, delay_ms=900))
    assert Counter(heard) == Counter(before)
    assert heard != before
    assert (ledger.held, ledger.lost.total()) == (0, 0)


def test_ten_minutes_late_is_still_counted():
    """A delay longer than the story ends with it."""
    ledger, heard = run("okx", during("delay", delay_ms=600_000))
    assert ledger.delivered.nusd == ledger.told.nusd
    assert heard[-50:] == [frame.payload for frame in FRAMES["okx"] if is_during(frame)][-50:]


@pytest.mark.parametrize("venue", SIMULATED)
def test_garbage_is_refused_by_every_parser(venue):
    """Nothing of it is mistaken for an event or passed over in silence."""
    accepted = []
    for what, frame in garbage(venue).items():
        try:
            parse_frame(venue, frame, STORY.start_ns)
        except VenueProtocolError:
            continue
        accepted.append(what)
    assert not accepted


@pytest.mark.parametrize("venue", SIMULATED)
def test_garbage_comes_between_and_harms_nothing(venue):
    """As many as the ledger says can not be parsed; the totals are those of a clean run."""
    clean, _ = run(venue)
    ledger, heard = run(venue, during("garbage", share_ratio=0.3))
    refused = 0
    for payload in heard:
        try:
            parse_frame(venue, payload, STORY.start_ns)
        except VenueProtocolError:
            refused += 1
    assert refused == ledger.messages["garbage"] > 0
    assert ledger.delivered.nusd == clean.delivered.nusd


@pytest.mark.parametrize("venue", sorted(set(SIMULATED) - {"hyperliquid"}))
def test_throttle_lets_the_latest_of_a_second_pass(venue):
    """At most one message about liquidations per contract and second; the others are lost by name."""
    always = Fault(name="throttle")
    ledger, heard = run(venue, always)
    latest = {
        (frame.venue_symbol, frame.at_ns // SECOND): as_heard(venue, frame)
        for frame in FRAMES[venue]
        if frame.kind == "liquidation"
    }
    assert {*latest.values()} <= {*heard}
    messages = sum(1 for frame in FRAMES[venue] if frame.kind == "liquidation")
    assert ledger.lost["throttle"] == messages - len(latest)
    assert ledger.held == 0


plans = st.builds(
    lambda seed, every_s: random_faults(
        seed, venues=SIMULATED, start_ns=STORY.start_ns, duration_s=5, every_s=every_s, longest_s=2
    ),
    st.integers(0, 2**32),
    st.floats(0.05, 2),
)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(SIMULATED), plans, st.integers(0, 1000))
def test_every_frame_has_one_fate_and_every_message_a_kind(venue, plan, seed):
    """Whatever the plan: made = delivered + unsubscribed + lost, heard = counted, totals follow what was heard."""
    ledger, heard = run(venue, *plan, seed=seed)
    assert ledger.held == 0
    assert ledger.frames["made"] == ledger.frames["delivered"] + ledger.frames["unsubscribed"] + ledger.lost.total()
    assert len(heard) == ledger.sent
    found: Counter = Counter()
    refused = 0
    for payload in heard:
        try:
            for event in parse_frame(venue, payload, STORY.start_ns):
                if isinstance(event, Liquidation):
                    found[event.position_side] += event.notional_usd
        except VenueProtocolError:
            refused += 1
    assert refused == ledger.messages["garbage"]
    for side, usd in found.items():
        sent = ledger.delivered.notional_usd(position_side=side) + ledger.repeated.notional_usd(position_side=side)
        assert usd == pytest.approx(sent, rel=1e-9)
    again, heard_again = run(venue, *plan, seed=seed)
    assert (again.document(), heard_again) == (ledger.document(), heard)


def test_totals_are_exact_and_add_up():
    """Coins and sides add up to the whole without a nano-dollar lost."""
    ledger, _ = run("bybit")
    parts = [ledger.told.notional_usd(coin, side) for coin, side in ledger.told.nusd]
    assert ledger.told.notional_usd() == pytest.approx(sum(parts))
    assert ledger.told.nusd.total() == sum(row.notional_nusd for frame in FRAMES["bybit"] for row in frame.told)
    assert ledger.told.notional_usd() == ledger.told.nusd.total() / NANO_PER_USD
    assert ledger.told.count == sum(len(frame.told) for frame in FRAMES["bybit"])


@pytest.mark.parametrize("seed", range(3))
def test_random_faults_follow_their_seed_one_after_another(seed):
    """Same seed same plan; on a venue no two overlap; all are over with the story."""
    asked = {"start_ns": STORY.start_ns, "duration_s": 300, "every_s": 5}
    plan = random_faults(seed, venues=SIMULATED, **asked)
    assert plan == random_faults(seed, venues=SIMULATED, **asked)
    assert plan != random_faults(seed + 1, venues=SIMULATED, **asked)
    assert {fault.name for fault in plan} == set(FAULTS)
    for venue in SIMULATED:
        own = [fault for fault in plan if fault.venue == venue]
        assert own == [*random_faults(seed, venues=(venue,), **asked)]
        ends = [(fault.from_ns, fault.to_ns) for fault in own]
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(ends))
        assert ends[-1][1] <= STORY.start_ns + 300 * SECOND


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "earthquake"},
        {"name": "drop", "from_ns": 2, "to_ns": 1},
        {"name": "delay", "share_ratio": 1.5},
        {"name": "reorder", "group": 0},
        {"name": "refuse", "status": 200},
    ],
)
def test_faults_that_cannot_be_say_why(wrong):
    """Bad use is an input error that names the fault."""
    with pytest.raises(InputError, match=wrong["name"]):
        Fault(**wrong)
