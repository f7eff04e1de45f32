"""Scores on disk: one line per market, side and cut, whatever crashes in between."""

from __future__ import annotations

import msgspec
import pytest

from powderkeg.domain.errors import StoreBusyError, StoreError
from powderkeg.domain.time import NS_PER_DAY
from powderkeg.store.lock import FileLock
from powderkeg.store.scorecards import ScoreRecord, append_scores, read_scores, scores_path


def record(day=0, side="long", gain=0.1, scored=0, venue="bybit"):
    return ScoreRecord(
        coin="BTC",
        symbol="BTC/USDT:USDT",
        venue=venue,
        position_side=side,
        source="archive",
        scored_at_ns=scored,
        trained_until_ns=day * NS_PER_DAY,
        tested_from_ns=day * NS_PER_DAY,
        tested_until_ns=(day + 1) * NS_PER_DAY,
        score={"gain": gain, "bars": 24, "half_gains": [None, 0.5]},
    )


def test_what_is_written_is_read(tmp_path):
    """By end of the test, whatever the order of writing."""
    records = [record(3), record(1), record(2, "short")]
    assert append_scores(tmp_path, records) == 3
    assert read_scores(tmp_path).records == sorted(records, key=lambda one: one.tested_until_ns)
    assert read_scores(tmp_path).torn_lines == 0


def test_the_same_score_is_written_once(tmp_path):
    """However often and whenever it is computed; the file does not grow."""
    append_scores(tmp_path, [record(1), record(2)])
    before = scores_path(tmp_path).read_bytes()
    assert append_scores(tmp_path, [record(2, scored=99), record(1, scored=99)]) == 0
    assert scores_path(tmp_path).read_bytes() == before


def test_a_changed_score_replaces_the_one_of_its_cut(tmp_path):
    """More data after the same cut: one record, the newest; other sides, cuts and venues keep theirs."""
    others = [record(1, "short"), record(2), record(1, venue=None)]
    append_scores(tmp_path, [record(1), *others])
    longer = msgspec.structs.replace(record(1, gain=0.3), tested_until_ns=9 * NS_PER_DAY)
    assert append_scores(tmp_path, [longer]) == 1
    found = read_scores(tmp_path).records
    assert len(found) == 4
    assert found[-1] == longer


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_torn_last_line_is_skipped_and_closed_off(tmp_path, cut):
    """As a crash leaves it: what came before is read, what comes after starts on a line of its own."""
    append_scores(tmp_path, [record(1), record(2)])
    path = scores_path(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    torn = 0 if cut == 1 else 1  # without its line end alone the record is whole
    assert len(read_scores(tmp_path).records) == 2 - torn
    append_scores(tmp_path, [record(2), record(3)])
    found = read_scores(tmp_path)
    assert [one.trained_until_ns // NS_PER_DAY for one in found.records] == [1, 2, 3]
    assert found.torn_lines == torn


def test_junk_lines_are_counted_not_believed(tmp_path):
    """Other JSON, other types, bytes that are no text."""
    append_scores(tmp_path, [record(1)])
    with scores_path(tmp_path).open("ab") as lines:
        lines.write(b'{"coin": 1}\n[]\n\xff\xfe\n\n' + b"[" * 100 + b"\n")
    found = read_scores(tmp_path)
    assert len(found.records) == 1
    assert found.torn_lines == 4


def test_nothing_stored_is_nothing_read(tmp_path):
    assert read_scores(tmp_path).records == []


def test_two_writers_do_not_mix(tmp_path):
    """The second is told who is busy; nothing is written."""
    append_scores(tmp_path, [record(1)])
    lock = scores_path(tmp_path).with_suffix(".lock")
    with FileLock(lock, "test"), pytest.raises(StoreBusyError, match="scorecards"):
        append_scores(tmp_path, [record(2)])
    assert len(read_scores(tmp_path).records) == 1


def test_a_folder_in_its_place_is_a_store_error(tmp_path):
    scores_path(tmp_path).mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be read"):
        read_scores(tmp_path)
