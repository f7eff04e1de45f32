"""Damage to a journal's file is noticed: what is read is what was written, and what is not read is counted."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from powderkeg.domain.errors import StoreError
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path, mark_path, open_journal
from powderkeg.store.journal_format import JournalMeta, Record
from powderkeg.store.journal_reader import JournalReader

META = JournalMeta(journal_id="node-2026-01-14", kind="live")
NOISE = random.Random(7)
RECORDS = [Record(1, 1_000 + n, b"%d " % n + NOISE.randbytes(NOISE.randrange(300))) for n in range(400)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A sealed journal of 400 records in some 20 batches."""
    path = journal_path(tmp_path_factory.mktemp("journal"), META.journal_id)
    write(path, RECORDS)
    return path


def write(path: Path, records: list[Record], *, seal: bool = True) -> None:
    clock = itertools.count().__next__
    with Journal.create_or_resume(path, META, now_ns=clock, commit_bytes=3_000) as journal:
        journal.connect(venue="bybit", stream="all", kind="frames", opened_ns=0)
        for record in records:
            journal.append(*record)
        if seal:
            journal.seal()


def survivors(path: Path) -> tuple[list[Record], bool] | None:
    """The records a file still gives and whether it admits to a loss; None where it refuses to be a journal."""
    try:
        with JournalReader(path) as reader:
            records = list(reader.records())
            return records, bool(reader.damage) or reader.lost_records > 0
    except StoreError:
        return None


def assert_honest(path: Path) -> None:
    """Nothing but written records, in order, and a loss is admitted."""
    found = survivors(path)
    if found is None:
        return
    records, admitted = found
    written = iter(RECORDS)
    assert all(record in written for record in records), "a record was read that was never written, or out of order"
    assert len(records) == len(RECORDS) or admitted


def flips(content: bytes, count: int) -> Iterator[bytes]:
    """Copies of a file with one bit flipped: dense in the first page, which holds the schema, random elsewhere."""
    dice = random.Random(20260114)
    places = [*range(0, 800, 7), *(dice.randrange(len(content)) for _ in range(count))]
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 1 << dice.randrange(8)
        yield bytes(damaged)


def test_r03_one_flipped_bit_never_changes_a_record_in_silence(whole, tmp_path, measured):
    """R3, the journal: whatever bit it is, what is read was written, and what is missing is admitted."""
    path = tmp_path / whole.name
    shutil.copy(mark_path(whole), mark_path(path))
    contents = list(flips(whole.read_bytes(), 400))
    for content in contents:
        path.write_bytes(content)
        assert_honest(path)
    measured(f"R03 {len(contents)} single bits flipped in a journal: 0 records changed in silence")


def test_one_flipped_bit_costs_at_most_the_batches_of_its_page(whole, tmp_path):
    """A flip inside a blob loses that batch alone."""
    content = whole.read_bytes()
    with JournalReader(whole) as reader:
        total = len(list(reader.batches()))
        blob = reader._database.execute("SELECT blob FROM batches WHERE seq = 5").fetchone()[0]
        lost = reader._database.execute("SELECT record_count FROM batches WHERE seq = 5").fetchone()[0]
    place = content.index(blob[20:60]) + 5
    path = tmp_path / whole.name
    path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
    with JournalReader(path) as reader:
        records = list(reader.records())
        assert [(damage.seq, damage.record_count) for damage in reader.damage] == [(5, lost)]
        assert reader.lost_records == lost
        assert len(records) == len(RECORDS) - lost
    assert total > 10


def test_r02_a_truncated_journal_gives_whole_batches_or_nothing(whole, tmp_path, measured):
    """R2: cut at every 500th of its length; what survives is what was written up to some commit, or a refusal."""
    path = tmp_path / whole.name
    content = whole.read_bytes()
    shutil.copy(mark_path(whole), mark_path(path))
    kept: list[int] = []
    for step in range(500):
        path.write_bytes(content[: len(content) * step // 500])
        assert_honest(path)
        found = survivors(path)
        kept.append(len(found[0]) if found else 0)
    opened = sum(1 for count in kept if count)
    measured(f"R02 a journal cut at 500 places: {opened} give their exact records, {500 - opened} nothing")
    assert max(kept) > len(RECORDS) // 2, "a file cut near its end still gives most of what it held"


def test_a_log_that_lost_its_tail_is_not_taken_for_whole(tmp_path):
    """An older state of the file looks whole to SQLite; the mark says it is not, for good."""
    path = journal_path(tmp_path, META.journal_id)
    write(path, RECORDS[:100], seal=False)
    older = path.read_bytes()
    write(path, RECORDS[100:200], seal=False)
    path.write_bytes(older)
    found = survivors(path)
    assert found == (RECORDS[:100], True)
    write(path, RECORDS[200:300], seal=False)
    found = survivors(path)
    assert found == (RECORDS[:100] + RECORDS[200:300], True)


def test_every_flip_in_a_log_left_by_a_dead_writer_is_noticed(tmp_path):
    """The writer died before its log was merged; bits flip in the log."""
    path = journal_path(tmp_path / "whole", META.journal_id)
    write(path, [], seal=False)
    opened = open_journal(path, META)
    journal = Journal(opened, now_ns=itertools.count().__next__, commit_bytes=3_000)
    for record in RECORDS[:120]:
        journal.append(*record)
    journal.commit()
    log = path.with_name(path.name + "-wal")
    target = tmp_path / path.name
    database, content, mark = path.read_bytes(), log.read_bytes(), mark_path(path).read_bytes()
    journal.close()
    for damaged in flips(content, 60):
        target.with_name(target.name + "-shm").unlink(missing_ok=True)
        target.write_bytes(database)
        target.with_name(log.name).write_bytes(damaged)
        mark_path(target).write_bytes(mark)
        found = survivors(target)
        if found is not None:
            records, admitted = found
            assert records == RECORDS[: len(records)]
            assert len(records) == 120 or admitted


WRITER = """
import itertools, sys, time
from pathlib import Path
from powderkeg.store.journal import Journal
from powderkeg.store.journal_format import JournalMeta
path, start = Path(sys.argv[1]), int(sys.argv[2])
with Journal.create_or_resume(path, JournalMeta(journal_id=path.stem, kind="live"),
                              now_ns=time.monotonic_ns, commit_bytes=2000) as journal:
    connection = journal.connect(venue="bybit", stream="all", kind="frames", opened_ns=start)
    for n in itertools.count(start):
        journal.append(connection, n, b"payload %d" % n)
        if journal.pending_records == 0:
            print(n, flush=True)
"""


def test_a_killed_writer_loses_no_commit_and_repeats_nothing(tmp_path):
    """Kill -9 at random moments: what was committed is recovered, what is recovered was appended, once, in order."""
    path = journal_path(tmp_path, META.journal_id)
    path.parent.mkdir()
    dice = random.Random(11)
    expected: list[tuple[int, int]] = []  # (first appended, last known committed) of each life
    start = 0
    for _ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(start)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(dice.randrange(1, 60))]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().splitlines()]
        writer.stdout.close()
        assert writer.wait() == -signal.SIGKILL
        expected.append((start, told[-1]))
        start = told[-1] + 1_000_000
    found = survivors(path)
    assert found is not None
    records, admitted = found
    assert not admitted
    positions = [record.position for record in records]
    assert positions == sorted(set(positions)), "nothing twice, nothing out of order"
    for first, committed in expected:
        life = [position for position in positions if first <= position < first + 1_000_000]
        assert life == list(range(first, first + len(life)))
        assert life[-1] >= committed
    assert all(record.payload == b"payload %d" % record.position for record in records)


def test_a_reader_in_another_process_sees_only_whole_commits(tmp_path):
    """Reading while another process writes never fails and never sees half a batch."""
    path = journal_path(tmp_path, META.journal_id)
    path.parent.mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert writer.stdout is not None
    try:
        seen = 0
        for _ in range(20):
            committed = json.loads(writer.stdout.readline())
            found = survivors(path)
            assert found is not None
            positions = [record.position for record in found[0]]
            assert not found[1]
            assert positions == list(range(len(positions)))
            assert len(positions) > max(committed, seen - 1)
            seen = len(positions)
    finally:
        writer.kill()
        writer.stdout.close()
        writer.wait()
