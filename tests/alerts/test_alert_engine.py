"""The engine: the same whether it is stopped and started, modes, digests, quiet hours."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import msgspec
import pytest
from alert_kit import Levels, at, gap, liquidation, open_interest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.alerts import rules
from powderkeg.alerts.engine import MAX_HELD, Engine, EngineState, Policy
from powderkeg.alerts.gate import Thresholds
from powderkeg.alerts.message import paragraphs, title
from powderkeg.alerts.observations import Tick
from powderkeg.alerts.quiet import QuietHours
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, parse_instant

STEP = Thresholds(on=1.0, off=0.5, cooldown_ns=0)


def all_rules():
    return [
        rules.CascadeStarted(),
        rules.LargeLiquidation(),
        rules.FundingExtreme(),
        rules.OpenInterestSurge(),
        rules.FeedGapRule(),
    ]


def story(draw_kinds):
    """Observations from small numbers: what it is, how long after the last, how much."""
    now, found = 0.0, []
    for kind, wait, much in draw_kinds:
        now += wait
        if kind == "liquidation":
            found.append(liquidation(now, 4e5 * much, side="long" if much % 2 else "short"))
        elif kind == "open_interest":
            found.append(open_interest(now, 1_000.0 + 30 * much, usd=1e9))
        else:
            found.append(gap(now - 10 * much, now))
    return found


stories = st.lists(
    st.tuples(
        st.sampled_from(["liquidation", "liquidation", "open_interest", "gap"]), st.integers(0, 400), st.integers(0, 12)
    ),
    max_size=80,
).map(story)


@settings(max_examples=60)
@given(observations=stories, cuts=st.sets(st.integers(0, 80)))
def test_a_restart_changes_nothing(observations, cuts):
    """An engine that is stopped anywhere, its state through JSON, tells exactly what an uninterrupted one tells."""
    whole = Engine(all_rules())
    expected = []
    for one in observations:
        whole.observe([one])
        expected += whole.take(one.to_ns if hasattr(one, "to_ns") else one.ts_event_ns).messages

    engine, found = Engine(all_rules()), []
    for number, one in enumerate(observations):
        if number in cuts:
            kept = msgspec.json.encode(engine.state())
            engine = Engine(all_rules(), state=msgspec.json.decode(kept, type=EngineState, strict=False))
        engine.observe([one])
        found += engine.take(one.to_ns if hasattr(one, "to_ns") else one.ts_event_ns).messages
    assert found == expected


@settings(max_examples=40)
@given(observations=stories)
def test_keys_are_of_the_happening(observations):
    """Two engines that see the same give the same keys, and no key twice."""
    keys = []
    for _ in range(2):
        engine = Engine(all_rules())
        engine.observe(observations)
        keys.append([alert.key for alert in engine.take(at(10**6)).alerts])
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])


def pulses(*seconds):
    """Levels that rise and fall once at each instant."""
    return [open_interest(s + d, level) for s in seconds for d, level in ((0, 2.0), (1, 0.0))]


def test_off_does_not_look_and_silent_is_kept_but_not_sent():
    for mode, alerts, messages in (("on", 2, 2), ("silent", 2, 0), ("off", 0, 0)):
        engine = Engine([Levels(STEP)], Policy(modes={"cascade_started": mode}))
        engine.observe(pulses(0, 100))
        output = engine.take(at(200))
        assert (len(output.alerts), len(output.messages)) == (alerts, messages)


def test_a_digest_gathers_from_the_first_alert_on():
    engine = Engine([Levels(STEP)], Policy(digest_ns=10 * NS_PER_MINUTE))
    sent = []
    for second in range(0, 1_800, 60):
        engine.observe(pulses(second) if second in (0, 120, 540, 1_200) else [Tick(at(second))])
        sent += [(second, len(message.alerts), message.why) for message in engine.take(at(second)).messages]
    assert sent == [(600, 3, "digest")]
    engine.observe([])
    assert [len(m.alerts) for m in engine.take(at(1_801)).messages] == [1]


@pytest.mark.parametrize(
    ("local", "quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_go_over_midnight(local, quiet):
    """22:00 to 07:00, its first minute inside and its last outside."""
    hours = QuietHours.parse("22:00-07:00", dt.UTC)
    assert hours.is_quiet(parse_instant(f"2026-01-14T{local}:30Z")) is quiet


def test_quiet_hours_follow_their_zone_through_a_change_of_clocks():
    """06:30 in Berlin is 05:30 UTC in winter and 04:30 UTC in summer."""
    hours = QuietHours.parse("22:00-07:00", zoneinfo.ZoneInfo("Europe/Berlin"))
    assert hours.is_quiet(parse_instant("2026-03-28T05:30:00Z"))
    assert not hours.is_quiet(parse_instant("2026-03-29T05:30:00Z"))


@pytest.mark.parametrize("text", ["22-07", "24:00-07:00", "22:00-22:00", "", "22:00"])
def test_quiet_hours_that_cannot_be_read_are_refused(text):
    with pytest.raises(InputError, match="quiet hours"):
        QuietHours.parse(text, dt.UTC)


def test_what_happens_in_quiet_hours_is_one_message_afterwards():
    """Nothing is sent at night, and nothing is lost over a restart in it."""
    policy = Policy(quiet=QuietHours.parse("22:00-07:00", dt.UTC))
    engine = Engine([Levels(STEP)], policy)
    evening = 11 * 3_600  # 23:00
    engine.observe(pulses(evening, evening + 600))
    assert engine.take(at(evening + 700)).messages == ()
    kept = msgspec.json.encode(engine.state())
    engine = Engine([Levels(STEP)], policy, msgspec.json.decode(kept, type=EngineState, strict=False))
    assert engine.take(at(evening + 7 * 3_600)).messages == ()
    (message,) = engine.take(at(evening + 8 * 3_600)).messages
    assert (message.why, len(message.alerts)) == ("quiet_hours", 2)
    assert "during quiet hours" in title(message)
    assert len(paragraphs(message, "http://127.0.0.1")) == 2
    assert engine.take(at(evening + 9 * 3_600)).messages == ()


def test_what_is_held_is_bounded_and_the_rest_counted():
    engine = Engine([Levels(STEP)], Policy(digest_ns=NS_PER_HOUR))
    engine.observe(pulses(*range(0, 2 * (MAX_HELD + 30), 2)))
    engine.take(at(0))
    (message,) = engine.take(at(3_600)).messages
    assert (len(message.alerts), message.unlisted) == (MAX_HELD, 30)
    assert paragraphs(message, "")[-1].startswith("and 30 more")


def test_simulated_is_said_in_the_title():
    engine = Engine([Levels(STEP)], Policy(is_simulated=True))
    engine.observe(pulses(0))
    assert title(engine.take(at(1)).messages[0]).startswith("SIMULATED: ")
