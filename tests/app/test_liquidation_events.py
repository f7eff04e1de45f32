"""Events seen in the totals: the rule against a slow twin, windows read together against windows read one by one."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

import powderkeg
from powderkeg.app.demo_days import make_past
from powderkeg.app.liquidation_events import LEAST_BARS, TRAILING_BARS, EventQuery, EventRule, seen_events, stretches
from powderkeg.app.liquidation_tables import liquidation_tables
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MS, parse_instant

START_NS = parse_instant("2026-03-02T12:00:03Z")
RULE = EventRule(interval_ns=10, multiple=3.0, min_usd=5.0)
DOLLARS = st.sampled_from([0.0, 1.0, 2.0, 5.0, 9.0, 40.0])


@pytest.fixture(scope="module")
def keg(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events") / "data"
    make_past(folder, seed=7, start_ns=START_NS, days=1)
    with powderkeg.open(folder) as opened:
        yield opened


def is_large(watched, number, median_usd):
    return watched[number] >= RULE.min_usd and watched[number] > RULE.multiple * median_usd


def obvious(watched):
    """(first bar, bar after the last, median before, largest) of each event, bar by bar from scratch."""
    found, number = [], 0
    while number < len(watched):
        before = watched[max(0, number - TRAILING_BARS) : number]
        if len(before) < LEAST_BARS or not is_large(watched, number, statistics.median(before)):
            number += 1
            continue
        median_usd, members = statistics.median(before), [number]
        while nearby := [n for n in (members[-1] + 1, members[-1] + 2) if n < len(watched)]:
            following = next((n for n in nearby if is_large(watched, n, median_usd)), None)
            if following is None:
                break
            members.append(following)
        found.append((members[0], members[-1] + 1, median_usd, max(watched[n] for n in members)))
        number = members[-1] + 2
    return found


@given(st.lists(DOLLARS, min_size=LEAST_BARS, max_size=TRAILING_BARS + 60))
def test_events_are_those_of_the_rule(watched):
    totals = {number * 10: usd for number, usd in enumerate(watched) if usd}
    found = [
        (one.span[0] // 10, one.span[1] // 10, one.median_usd, one.peak_usd)
        for one in stretches([number * 10 for number in range(len(watched))], totals, RULE)
    ]
    assert found == obvious(watched)


def test_windows_read_together_are_those_read_one_by_one(keg):
    """Overlapping, empty, equal and long ones; to the last digit."""
    spans = [
        (START_NS - hours * NS_PER_HOUR, START_NS - (hours - length) * NS_PER_HOUR)
        for hours, length in ((1, 1), (3, 2), (3, 1), (24, 24), (3, 2), (24 * 400, 1))
    ]
    chosen = keg.selection()
    together = liquidation_tables(keg.database, spans, chosen, ("coin", "venue"))
    assert together == [liquidation_tables(keg.database, [span], chosen, ("coin", "venue"))[0] for span in spans]
    assert sum(row.count for row in together[3].rows) > sum(row.count for row in together[0].rows)
    assert liquidation_tables(keg.database, [], chosen, ("coin",)) == []
    with pytest.raises(InputError, match="longer than zero"):
        liquidation_tables(keg.database, [(START_NS, START_NS)], chosen, ("coin",))


def test_an_event_says_what_its_totals_say(keg):
    """The totals of each event are those of its coin over its window, asked by themselves."""
    end = START_NS // NS_PER_MS
    seen = seen_events(keg, EventQuery(end=end, window="1d", interval="5m", min_usd=1e4))
    assert len({event.coin for event in seen.events}) > 1
    assert seen.span[1] - seen.span[0] == NS_PER_DAY
    for event in seen.events:
        length_ms = (event.span[1] - event.span[0]) // NS_PER_MS
        alone = keg.liquidations(
            coin=event.coin, as_of=event.span[1] // NS_PER_MS, window=f"{length_ms}ms", by="coin"
        ).rows
        assert [event.totals] == list(alone)
        assert event.peak_usd <= event.totals.total_usd
