"""What is appended to a journal and committed is read back, exactly, once, in order."""

from __future__ import annotations

import itertools
import random
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError, InvariantError, StoreBusyError, StoreError
from powderkeg.domain.events import FeedGap
from powderkeg.store import journal_format as fmt
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path, quarantine
from powderkeg.store.journal_format import JournalMeta, Record
from powderkeg.store.journal_reader import JournalReader

META = JournalMeta(journal_id="node-2026-01-14", kind="live")


def opened(data_dir: Path, meta: JournalMeta = META, **settings: int) -> Journal:
    return Journal.create_or_resume(
        journal_path(data_dir, meta.journal_id), meta, now_ns=itertools.count().__next__, **settings
    )


def connected(journal: Journal, count: int = 1) -> list[int]:
    return [
        journal.connect(venue="bybit", stream=f"stream-{n}", kind="frames", opened_ns=n) for n in range(1, count + 1)
    ]


def read(data_dir: Path, meta: JournalMeta = META) -> list[Record]:
    with JournalReader(journal_path(data_dir, meta.journal_id)) as reader:
        records = list(reader.records())
        assert reader.damage == []
        assert reader.lost_records == 0
        return records


RECORDS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=200)).map(lambda r: Record(*r)),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(records=RECORDS, commit_bytes=st.integers(1, 2_000), reopen_at=st.integers(0, 60))
def test_what_is_appended_is_read_back(records, commit_bytes, reopen_at):
    """Any records, in batches of any size, over a restart: the same records in the same order."""
    with tempfile.TemporaryDirectory() as folder:
        with opened(Path(folder), commit_bytes=commit_bytes) as journal:
            connected(journal, 3)
            for record in records[:reopen_at]:
                journal.append(*record)
        with opened(Path(folder), commit_bytes=commit_bytes) as journal:
            for record in records[reopen_at:]:
                journal.append(*record)
        assert read(Path(folder)) == records


@given(records=RECORDS.filter(bool))
def test_a_batch_blob_is_its_own_inverse(records):
    assert fmt.unpack(fmt.pack(records)) == records


def test_ordinals_do_not_depend_on_batches(tmp_path):
    """A batch says which records of the journal it holds, counted from 1."""
    with opened(tmp_path, commit_bytes=3) as journal:
        connected(journal)
        for n in range(10):
            journal.append(1, n, b"x")
    with JournalReader(journal.path) as reader:
        assert [(batch.seq, batch.first_record, len(batch.records)) for batch in reader.batches()] == [
            (1, 1, 3),
            (2, 4, 3),
            (3, 7, 3),
            (4, 10, 1),
        ]


def test_a_reader_sees_commits_and_not_what_is_pending(tmp_path):
    with opened(tmp_path) as journal:
        connected(journal)
        journal.append(1, 5, b"first")
        journal.commit()
        journal.append(1, 6, b"second")
        assert read(tmp_path) == [Record(1, 5, b"first")]
        assert journal.pending_records == 1
    assert len(read(tmp_path)) == 2


def test_tick_commits_once_the_interval_has_passed(tmp_path):
    now = [0]
    journal = Journal.create_or_resume(
        journal_path(tmp_path, META.journal_id), META, now_ns=lambda: now[0], commit_interval_ns=250
    )
    with journal:
        connected(journal)
        journal.append(1, 5, b"x")
        now[0] = 249
        journal.tick()
        assert read(tmp_path) == []
        now[0] = 250
        journal.tick()
        assert len(read(tmp_path)) == 1


def test_connections_and_gaps_are_kept(tmp_path):
    gap = FeedGap(venue="bybit", stream="stream-1", from_ns=1, to_ns=9, reason="socket closed")
    with opened(tmp_path) as journal:
        connected(journal, 2)
        journal.gap(gap)
        journal.disconnect(1, closed_ns=77)
    with opened(tmp_path) as journal:
        journal.gap(msgspec.structs.replace(gap, from_ns=20, to_ns=30))
        assert journal.connect(venue="okx", stream="x", kind="frames", opened_ns=5) == 3
    with JournalReader(journal.path) as reader:
        assert reader.connections[1].closed_ns == 77
        assert reader.connections[2].closed_ns is None
        assert reader.connections[3].venue == "okx"
        assert [g.from_ns for g in reader.gaps()] == [1, 20]


def test_an_import_goes_on_where_its_last_commit_reached(tmp_path):
    """Offsets of records that were never committed are not in the resume point; the table keeps its connection."""
    meta = JournalMeta(journal_id="import-0123456789abcdef", kind="import", source_format="ticks")
    table = {"venue": "bybit", "stream": "ticks", "kind": "rows", "format": "ticks", "opened_ns": 1}
    journal = opened(tmp_path, meta)
    connection = journal.connect(**table)
    journal.append(connection, 1, b"a\nb\n", source_offset=2)
    journal.commit()
    journal.append(connection, 3, b"c\n", source_offset=3)
    journal._pending.clear()  # as if the process had died here
    journal._database.close()
    journal._lock.release()
    with opened(tmp_path, meta) as journal:
        assert journal.resume_point == 2
        assert journal.connect(**table) == connection
        journal.append(connection, 3, b"c\n", source_offset=3)
    assert [record.payload for record in read(tmp_path, meta)] == [b"a\nb\n", b"c\n"]


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path):
    with opened(tmp_path) as journal:
        with pytest.raises(StoreBusyError, match="in use") as refused:
            opened(tmp_path)
        assert refused.value.exit_code == 3
        connected(journal)
        journal.append(1, 1, b"x")
    assert len(read(tmp_path)) == 1
    opened(tmp_path).close()


def test_a_sealed_journal_takes_nothing_more_and_is_one_file(tmp_path):
    with opened(tmp_path) as journal:
        connected(journal)
        journal.append(1, 1, b"x")
        journal.seal()
    assert {path.suffix for path in journal.path.parent.iterdir()} == {".sqlite", ".mark"}
    assert len(read(tmp_path)) == 1
    with pytest.raises(InputError, match="sealed"):
        opened(tmp_path)


@pytest.mark.parametrize("journal_id", ["", "../up", "a.b", "a/b", "-x"])
def test_a_journal_id_is_a_plain_name(tmp_path, journal_id):
    with pytest.raises(InputError, match="named"):
        opened(tmp_path, JournalMeta(journal_id=journal_id, kind="live"))


def test_a_journal_is_not_taken_for_another(tmp_path):
    opened(tmp_path).close()
    with pytest.raises(InputError, match="belongs to"):
        opened(tmp_path, msgspec.structs.replace(META, kind="import"))
    path = journal_path(tmp_path, META.journal_id)
    path.write_bytes(b"not a database, but long enough to be looked at")
    with pytest.raises(StoreError, match="cannot be opened"):
        opened(tmp_path)


def test_a_record_of_no_connection_or_absurd_length_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fmt, "MAX_RECORD_BYTES", 10)
    with opened(tmp_path) as journal:
        with pytest.raises(InvariantError, match="never opened"):
            journal.append(1, 1, b"x")
        connected(journal)
        with pytest.raises(InputError, match="over the limit"):
            journal.append(1, 1, b"x" * 11)


def test_a_full_disk_keeps_what_is_pending_and_a_retry_writes_it_once(tmp_path):
    """While the disk refuses, nothing more is taken; once it gives way, everything is there exactly once."""
    with opened(tmp_path) as journal:
        connected(journal)
        journal.append(1, 1, b"before")
        journal.commit()
        pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
        journal._database.execute(f"PRAGMA max_page_count = {pages}")
        journal.append(1, 2, random.Random(1).randbytes(300_000))  # does not compress into the free pages
        with pytest.raises(StoreError, match="free the disk"):
            journal.commit()
        with pytest.raises(StoreError, match="records wait"):
            journal.append(1, 3, b"refused")
        journal._database.execute("PRAGMA max_page_count = 1000000")
        journal.commit()
        journal.append(1, 4, b"after")
    assert [record.position for record in read(tmp_path)] == [1, 2, 4]


def test_a_damaged_journal_can_be_moved_aside(tmp_path):
    with opened(tmp_path) as journal:
        connected(journal)
        journal.append(1, 1, b"x")
    moved = quarantine(journal.path)
    with JournalReader(moved) as reader:
        assert [record.payload for record in reader.records()] == [b"x"]
    with opened(tmp_path) as journal:
        assert journal.progress.records == 0


def test_an_emptied_journal_is_not_taken_for_a_new_one(tmp_path):
    with opened(tmp_path) as journal:
        connected(journal)
        journal.append(1, 1, b"x")
    journal.path.write_bytes(b"")
    with pytest.raises(StoreError, match="damaged"):
        opened(tmp_path)
