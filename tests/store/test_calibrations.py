"""Kept calibrations are a cache: found as they were written, or not at all."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.store import calibrations
from powderkeg.store.calibrations import FOLDER, KeptCalibrations


def files_of(data_dir):
    return sorted((data_dir / FOLDER).iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


def test_another_process_finds_what_was_kept(tmp_path):
    """By its key alone; other keys find nothing, and the newest of a key stands."""
    KeptCalibrations(tmp_path).write(b"one", b"weights")
    again = KeptCalibrations(tmp_path)
    assert (again.read(b"one"), again.read(b"two")) == (b"weights", None)
    again.write(b"one", b"others")
    assert KeptCalibrations(tmp_path).read(b"one") == b"others"
    assert len(files_of(tmp_path)) == 1


@given(body=st.binary(max_size=200), at=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.booleans())
def test_what_is_damaged_is_not_found(folder, body, at, flip, cut):
    """One flipped byte anywhere, or any end that is missing."""
    kept = KeptCalibrations(folder)
    kept.write(b"key", body)
    (path,) = files_of(folder)
    content = bytearray(path.read_bytes())
    at %= len(content)
    if cut:
        del content[at:]
    else:
        content[at] ^= flip
    path.write_bytes(content)
    assert kept.read(b"key") is None
    kept.write(b"key", body)
    assert kept.read(b"key") == body


def test_a_file_under_another_name_is_not_found(tmp_path):
    """What is right for one key is wrong for another."""
    kept = KeptCalibrations(tmp_path)
    kept.write(b"one", b"weights of one")
    first = files_of(tmp_path)
    kept.write(b"two", b"weights of two")
    (other,) = set(files_of(tmp_path)) - set(first)
    other.write_bytes(first[0].read_bytes())
    assert kept.read(b"two") is None


def test_where_nothing_can_be_kept_nothing_is(tmp_path):
    """No directory is made by a question, and a file in the way is no error."""
    absent = KeptCalibrations(tmp_path / "absent")
    absent.write(b"key", b"body")
    assert absent.read(b"key") is None
    assert not (tmp_path / "absent").exists()
    (tmp_path / "cache").write_text("in the way")
    blocked = KeptCalibrations(tmp_path)
    blocked.write(b"key", b"body")
    assert blocked.read(b"key") is None


def test_the_oldest_go(tmp_path, monkeypatch):
    """The number of files is bounded, and what a killed writer left is among them."""
    monkeypatch.setattr(calibrations, "MAX_FILES", 8)
    (tmp_path / FOLDER).mkdir(parents=True)
    left = tmp_path / FOLDER / "torn.1.tmp"
    left.write_bytes(b"half")
    os.utime(left, ns=(0, 0))
    kept = KeptCalibrations(tmp_path)
    for number in range(40):
        kept.write(b"%d" % number, b"body")
        os.utime(kept._path(b"%d" % number), ns=(number + 1, number + 1))
    assert len(files_of(tmp_path)) <= 8 + 1
    assert not left.exists()
    assert kept.read(b"39") == b"body"
    assert kept.read(b"0") is None
