"""An archive is read once, not at every opening; what changed since is read again, and what is damaged never used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_market import T0, frame, record, trade

from powderkeg.store import verified
from powderkeg.store.archive import damaged_files, seal
from powderkeg.store.manifest import archive_dir, load_manifest
from powderkeg.store.query import Database

pytestmark = pytest.mark.usefixtures("fakes")
DAY = 86_400 * 10**9
DAYS = 3


@pytest.fixture
def data_dir(tmp_path):
    """A sealed archive of one file a day."""
    record(tmp_path, "a", [(T0 + n, frame(trade(trade_id=str(n), ts_event_ns=T0 + n * DAY))) for n in range(DAYS)])
    seal(tmp_path, "a")
    return tmp_path


@pytest.fixture
def read(monkeypatch):
    """Names of the files whose content was compared with a checksum."""
    names = []

    def spy(path, real=verified.file_sha256):
        names.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(verified, "file_sha256", spy)
    return names


def days_seen(data_dir):
    with Database(data_dir) as database:
        problems = [Path(problem.path).name for problem in database.problems]
        return database.query("SELECT count(*) AS n FROM trade")["n"].to_pylist()[0], problems


def files_of(data_dir):
    return [archive_dir(data_dir) / file.path for file in load_manifest(data_dir, "a").files]


def rot(path):
    """Flip a bit as a failing disk does: no time of the file changes but the one no program can set back."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_second_opening_reads_no_file(data_dir, read):
    assert days_seen(data_dir) == (DAYS, [])
    assert len(read) == DAYS
    read.clear()
    assert days_seen(data_dir) == (DAYS, [])
    assert read == []


def test_only_new_files_are_read(data_dir, read):
    days_seen(data_dir)
    read.clear()
    record(data_dir, "b", [(T0, frame(trade(trade_id="new", ts_event_ns=T0 + 9 * DAY)))])
    new = Path(seal(data_dir, "b").files[0].path).name
    assert days_seen(data_dir) == (DAYS + 1, [])
    assert read == [new]


@pytest.mark.parametrize("change", ["one bit", "one bit, time of change set back", "another file", "gone"])
def test_what_changed_since_is_named_and_read_from_its_journal(data_dir, change):
    days_seen(data_dir)
    path = files_of(data_dir)[1]
    if change == "gone":
        path.unlink()
    elif change == "another file":
        other = path.with_suffix(".other")
        other.write_bytes(path.read_bytes()[::-1])
        other.replace(path)
    elif change == "one bit":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        rot(path)
    for _ in range(2):
        assert days_seen(data_dir) == (DAYS, [path.name])


def test_a_file_only_touched_is_read_again_and_used(data_dir, read):
    days_seen(data_dir)
    read.clear()
    path = files_of(data_dir)[0]
    os.utime(path, ns=(T0, T0))
    assert days_seen(data_dir) == (DAYS, [])
    assert read == [path.name]


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe", b'{"x": 1}', b"[]", b'{"\xff": []}'])
def test_an_absent_or_damaged_memory_only_costs_a_reading(data_dir, read, content):
    days_seen(data_dir)
    cache = archive_dir(data_dir) / "verified.json"
    assert cache.exists()
    cache.unlink()
    if content is not None:
        cache.write_bytes(content)
    read.clear()
    assert days_seen(data_dir) == (DAYS, [])
    assert len(read) == DAYS


def test_where_nothing_can_be_written_the_archive_still_opens(data_dir, read):
    """The name of the cache is taken by a folder: refused for every user, also for one who may write anywhere."""
    (archive_dir(data_dir) / "verified.json").mkdir()
    for _ in range(2):
        assert days_seen(data_dir) == (DAYS, [])
    assert len(read) == 2 * DAYS
    assert list(archive_dir(data_dir).glob("*.tmp")) == []


def test_the_whole_check_trusts_no_memory_and_ends_the_trust_of_queries(data_dir, monkeypatch):
    """Rot that changes nothing a file system says: queries cannot see it, the whole check does, then they do."""
    days_seen(data_dir)
    path = files_of(data_dir)[1]
    real = path.stat()
    rot(path)
    look = verified._look

    def unchanged(asked, sha256):
        found = look(asked, sha256)
        return found._replace(ctime_ns=real.st_ctime_ns) if asked == path else found

    monkeypatch.setattr(verified, "_look", unchanged)
    with Database(data_dir) as database:
        assert database.problems == []
    assert damaged_files(data_dir) == [str(path.relative_to(archive_dir(data_dir)))]
    assert days_seen(data_dir) == (DAYS, [path.name])


def test_the_memory_forgets_files_that_are_no_longer_listed(data_dir):
    days_seen(data_dir)
    cache = archive_dir(data_dir) / "verified.json"
    old = files_of(data_dir)[0].name
    assert old.encode() in cache.read_bytes()
    record(data_dir, "b", [(T0, frame(trade(trade_id="new", ts_event_ns=T0 + 9 * DAY)))])
    seal(data_dir, "b")
    (archive_dir(data_dir) / "manifests" / "a.json").unlink()
    with Database(data_dir):
        assert old.encode() not in cache.read_bytes()
