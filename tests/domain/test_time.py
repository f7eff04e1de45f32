"""Instants and durations as people and feeds write them, against the standard library's calendar."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MINUTE,
    NS_PER_MS,
    NS_PER_S,
    day_of,
    epoch_to_ns,
    format_duration,
    format_instant,
    ms_to_ns,
    parse_duration,
    parse_instant,
)

EARLIEST_S, LATEST_S = 1_293_840_000, 4_102_444_800
SQUEEZE_S = 1_768_420_800  # 2026-01-14T20:00:00Z
instants = st.integers(EARLIEST_S * NS_PER_S, LATEST_S * NS_PER_S - 1)


@given(instants)
def test_an_instant_survives_being_written_and_read(ts_ns):
    """To the nanosecond, and with no more decimals than it needs."""
    text = format_instant(ts_ns)
    assert parse_instant(text) == ts_ns
    decimals = len(text.partition(".")[2].rstrip("Z"))
    assert decimals in (0, 3, 6, 9)
    assert decimals == 0 or ts_ns % 10 ** (9 - decimals + 3) != 0


@given(
    st.datetimes(dt.datetime.fromisoformat("2011-01-02"), dt.datetime.fromisoformat("2099-12-30")),
    st.integers(-14 * 60, 14 * 60),
)
def test_zones_are_read_as_the_standard_library_reads_them(moment, offset_minutes):
    """Any offset in minutes, with and without a colon, `T` or a space."""
    zone = dt.timezone(dt.timedelta(minutes=offset_minutes))
    text = moment.replace(tzinfo=zone).isoformat(timespec="microseconds")
    since = moment.replace(tzinfo=zone) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    expected = (since // dt.timedelta(microseconds=1)) * 1_000
    assert parse_instant(text) == expected
    assert parse_instant(text.replace("T", " ")) == expected
    assert parse_instant(text[:-3] + text[-2:]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-14T20:00:00Z",
        "2026-01-14T20:00:00z",
        "2026-01-14 20:00:00",
        "2026-01-14T20:00",
        "2026-01-14T20:00Z",
        "2026-01-14T20:00:00.0Z",
        "2026-01-14T20:00:00,000Z",
        "2026-01-14T20:00:00+00",
        "2026-01-14T15:00:00-05:00",
        "2026-01-14T15:00:00-0500",
        "2026-01-15T01:30:00+05:30",
        " 1768420800000 ",
    ],
)
def test_one_instant_in_the_forms_people_write(text):
    assert parse_instant(text) == SQUEEZE_S * NS_PER_S


def test_a_bare_date_is_midnight_utc():
    assert parse_instant("2026-01-14") == (SQUEEZE_S - 20 * 3_600) * NS_PER_S


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-13-01", "2026-02-30", "2026-01-14T24:00:00Z", "2026-01-14T20:00:60Z", "14.01.2026", "1e12"],
)
def test_what_is_not_a_time_is_said_to_be_none(text):
    with pytest.raises(InputError, match="is not a time"):
        parse_instant(text)


@given(st.integers(EARLIEST_S, LATEST_S - 1))
def test_a_number_in_another_unit_is_an_error_that_says_which(seconds):
    """Seconds, microseconds and nanoseconds where milliseconds are asked: the hint is the right number."""
    assert ms_to_ns(seconds * 1_000) == seconds * NS_PER_S
    for factor, unit in ((1, "seconds"), (1_000_000, "microseconds"), (NS_PER_S, "nanoseconds")):
        with pytest.raises(InputError, match=f"looks like {unit}: did you mean {seconds * 1_000}"):
            ms_to_ns(seconds * factor)


@pytest.mark.parametrize("number", [0, -1, EARLIEST_S * 1_000 - 1, LATEST_S * 1_000, 10**25])
def test_a_number_that_is_no_time_in_any_unit_is_refused(number):
    with pytest.raises(InputError, match="2011"):
        ms_to_ns(number)


@given(st.integers(EARLIEST_S, LATEST_S - 1), st.sampled_from([1, 1_000, 1_000_000, NS_PER_S]))
def test_an_epoch_of_unstated_unit_is_told_by_its_magnitude(seconds, unit_per_s):
    assert epoch_to_ns(seconds * unit_per_s) == seconds * NS_PER_S


def test_an_epoch_outside_every_unit_is_refused():
    with pytest.raises(InputError, match="any unit"):
        epoch_to_ns(123)


@given(st.integers(1, 10**12).map(lambda ms: ms * NS_PER_MS))
def test_a_duration_survives_being_written_and_read(duration_ns):
    assert parse_duration(format_duration(duration_ns)) == duration_ns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s", NS_PER_S),
        ("5m", 5 * NS_PER_MINUTE),
        ("24h", 24 * NS_PER_HOUR),
        ("1d", NS_PER_DAY),
        ("1h30m", 90 * NS_PER_MINUTE),
        (" 1H 30m ", 90 * NS_PER_MINUTE),
        ("250ms", 250 * NS_PER_MS),
        ("2w", 14 * NS_PER_DAY),
    ],
)
def test_durations_as_people_write_them(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "5", "h", "1.5h", "-1h", "0s", "1h!", "1y", "1h foo"])
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(InputError, match="is not a duration"):
        parse_duration(text)


def test_durations_are_written_as_the_field_says_them():
    """A day is 24h, as windows are called; more days are days."""
    written = [format_duration(ns) for ns in (NS_PER_DAY, 7 * NS_PER_DAY, 90 * NS_PER_MINUTE, 250 * NS_PER_MS, 7)]
    assert written == ["24h", "7d", "90m", "250ms", "7ns"]


@given(instants)
def test_the_day_is_the_utc_day(ts_ns):
    assert day_of(ts_ns) == format_instant(ts_ns)[:10]
    assert parse_instant(day_of(ts_ns)) == ts_ns - ts_ns % NS_PER_DAY
