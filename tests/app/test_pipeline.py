"""Streaming and SQL are two roads to one table: events one by one, or rows out of the archive."""

from __future__ import annotations

import pytest

from powderkeg.app.demo import run_demo
from powderkeg.app.library import open_library
from powderkeg.app.replay import replay_data_dir
from powderkeg.domain.time import NS_PER_S, parse_duration
from powderkeg.testing.squeeze import START_NS

EXACT = (
    "coin", "venue", "symbol", "position_side", "count", "long_count", "short_count", "unknown_notional_count",
    "largest", "largest_usd", "feed_coverage", "is_floor", "gaps", "coverage",
)  # fmt: skip
SUMMED = (
    "long_usd", "short_usd", "total_usd", "estimate_usd", "estimate_low_usd", "estimate_high_usd", "saturated_ratio",
)  # fmt: skip
GROUPINGS = ((), ("venue",), ("coin",), ("coin", "venue"), ("symbol", "venue", "position_side"), ("position_side",))


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """The same simulated recording, archived and replayed."""
    folder = tmp_path_factory.mktemp("demo")
    run_demo(seed=13, data_dir=folder)
    with open_library(folder) as library:
        yield library, replay_data_dir(folder)


def keyed(table):
    """Rows by what they are about."""
    rows = table.to_dict()["rows"]
    return {tuple(row[name] for name in ("coin", "venue", "symbol", "position_side")): row for row in rows}


def alike(one, other):
    """Equal but for the order of summing; unknown is only like unknown."""
    return one is other if one is None or other is None else one == pytest.approx(other, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("by", GROUPINGS, ids=lambda by: ",".join(by) or "all")
@pytest.mark.parametrize("window", ["1s", "90s", "10m", "24h"])
@pytest.mark.parametrize("end_s", [0, 241, 300.5, 600, 4_000])
def test_the_stream_and_the_archive_tell_the_same(roads, by, window, end_s):
    """Row by row: counts, largest orders, coverage and floors are equal, sums to the last bits of a double."""
    library, replay = roads
    as_of_ns = START_NS + int(end_s * NS_PER_S)
    by_sql = library.liquidations(window=window, as_of=as_of_ns // 10**6, by=by)
    by_stream = replay.totals(window_ns=parse_duration(window), as_of_ns=as_of_ns, by=by)
    assert (by_sql.as_of_ns, by_sql.window_ns, by_sql.by) == (by_stream.as_of_ns, by_stream.window_ns, by_stream.by)
    expected, found = keyed(by_sql), keyed(by_stream)
    assert found.keys() == expected.keys()
    for key, row in found.items():
        assert {name: row[name] for name in EXACT} == {name: expected[key][name] for name in EXACT}
        for name in SUMMED:
            assert alike(row[name], expected[key][name]), (key, name)


def test_there_is_something_to_compare(roads):
    """The windows above hold liquidations of every venue and side."""
    library, _ = roads
    rows = library.liquidations(window="10m", as_of=(START_NS + 600 * NS_PER_S) // 10**6, by="venue").rows
    assert len(rows) == 4
    assert all(row.long_usd and row.short_usd for row in rows)


def test_windows_are_half_open_and_add_up(roads):
    """Ten windows of a minute, end to end, hold what the ten minutes hold: nothing is lost or counted at both."""
    library, _ = roads
    ends = [(START_NS + minute * 60 * NS_PER_S) // 10**6 for minute in range(1, 11)]
    minutes = [library.liquidations(window="1m", as_of=end, by=()).rows for end in ends]
    (whole,) = library.liquidations(window="10m", as_of=ends[-1], by=()).rows
    assert sum(row.count for rows in minutes for row in rows) == whole.count
    assert sum(row.total_usd or 0.0 for rows in minutes for row in rows) == pytest.approx(whole.total_usd, abs=0.005)
