"""Bytes to numbered lines, whatever the file is packed in."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import zipfile
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.store.importers import lines as module
from powderkeg.store.importers.lines import read_lines, split_lines
from powderkeg.store.importers.us_trading_days import is_trading_day, previous_trading_day

pieces = st.lists(st.binary(max_size=12), max_size=12)
texts = st.lists(st.sampled_from([b"a", b"bb", b"", b"\r", b"\xff", b"long line"]), max_size=12)


@given(texts, st.lists(st.integers(0, 60), max_size=6))
def test_lines_do_not_depend_on_how_the_bytes_arrive(lines, cuts):
    content = b"\n".join(lines)
    edges = sorted({0, len(content), *(cut for cut in cuts if cut < len(content))})
    chunks = [content[begin:end] for begin, end in itertools.pairwise(edges)]
    found = list(split_lines(iter(chunks), 100))
    expected = content.split(b"\n")
    expected = expected[:-1] if expected[-1] == b"" else expected
    assert [line.text for line in found] == [text.removesuffix(b"\r") for text in expected]
    assert [line.number for line in found] == list(range(1, len(expected) + 1))


@given(pieces, st.integers(1, 8))
def test_a_long_line_is_cut_and_says_so_and_no_other_is_touched(parts, limit):
    content = b"".join(parts)
    found = list(split_lines(iter(parts), limit))
    expected = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = expected[:-1] if expected[-1] == b"" else expected
    assert len(found) in (len(expected), len(expected) + (content == b"\xef\xbb\xbf"))
    for line, text in zip(found, expected, strict=False):
        assert len(line.text) <= limit
        if not line.cut:
            assert line.text == text.removesuffix(b"\r")
        else:
            assert text.startswith(line.text)


def test_a_byte_order_mark_and_a_missing_last_line_end(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\r\n1,2")
    assert [line.text for line in read_lines(path, 100)] == [b"a,b", b"1,2"]


def test_a_cut_off_gzip_is_an_error_that_says_so(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(bytes(range(256)) * 1000)[:-20])
    with pytest.raises(InputError, match="damaged"):
        list(read_lines(path, 100))


def test_a_zip_must_hold_one_file(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "1")
        archive.writestr("b.csv", "2")
    with pytest.raises(InputError, match="holds 2 files"):
        list(read_lines(path, 100))


def test_a_compression_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FREE_BYTES", 1 << 20)
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"\n" * (8 << 20)))
    given_out = itertools.count()
    with pytest.raises(InputError, match="unpacks to over"):
        deque(zip(read_lines(path, 100), given_out), maxlen=0)  # noqa: B905 - the count has no end
    assert next(given_out) < 4 << 20


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="not a file"):
        list(read_lines(tmp_path, 100))


@pytest.mark.parametrize(
    ("day", "previous"),
    [
        ("2026-01-14", "2026-01-13"),
        ("2026-01-12", "2026-01-09"),  # a Monday
        ("2026-01-02", "2025-12-31"),  # New Year
        ("2026-01-20", "2026-01-16"),  # Martin Luther King
        ("2024-04-01", "2024-03-28"),  # Good Friday
        ("2025-01-10", "2025-01-08"),  # a day of mourning
        ("2026-07-06", "2026-07-02"),  # Independence Day on a Saturday
        ("2022-01-03", "2021-12-31"),  # a Saturday's New Year is not made up for
        ("2024-11-29", "2024-11-27"),  # Thanksgiving
    ],
)
def test_previous_trading_day(day, previous):
    assert previous_trading_day(dt.date.fromisoformat(day)) == dt.date.fromisoformat(previous)


@pytest.mark.parametrize(("year", "days"), [(2022, 251), (2023, 250), (2024, 252), (2025, 250)])
def test_trading_days_of_a_year(year, days):
    """Oracle: the number of sessions the exchange held."""
    first = dt.date(year, 1, 1)
    assert (
        sum(is_trading_day(first + dt.timedelta(days=k)) for k in range((dt.date(year + 1, 1, 1) - first).days)) == days
    )
