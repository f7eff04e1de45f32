"""Damage is found, named with its fix, never changes a number in silence; the fix works."""

from __future__ import annotations

import random
import shutil

import force_orders
import pytest

from powderkeg.store import archive

START_MS = 1_766_844_000_000
AS_OF = "2025-12-28T14:00:00Z"


@pytest.fixture
def data_dir(keg, tmp_path):
    """Two recordings, archived."""
    rows = force_orders.recording(random.Random(8), START_MS, 400)
    for name, part in (("a.csv", rows[:200]), ("b.csv", rows[200:])):
        (tmp_path / name).write_text("\n".join(part), "utf-8")
        assert keg("import", tmp_path / name, "--data", tmp_path / "new" / "keg").code == 0
    return tmp_path / "new" / "keg"


def totals(keg, data_dir):
    """Rows by coin and side, and warnings. Estimates to the cent: their last digit hangs on the order of rows."""
    answer = keg("liquidations", "--by", "coin,position_side", "--as-of", AS_OF, "--json", "--data", data_dir)
    assert answer.code == 0
    return [
        {name: round(entry, 2) if name.startswith("estimate") and entry else entry for name, entry in row.items()}
        for row in answer.json["rows"]
    ], answer.err


def checks(keg, data_dir, *arguments):
    """Exit code, and (name, status) -> finding."""
    answer = keg("doctor", *arguments, "--data", data_dir, "--json")
    assert answer.json["ok"] is (answer.code == 0)
    return answer.code, {(found["name"], found["status"]): found for found in answer.json["checks"]}


def flip(path, where=0.5):
    """One bit, somewhere inside."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 0x10
    path.write_bytes(content)


def test_all_is_well_after_an_import(keg, data_dir):
    """Exit 0, nothing to fix; what an import makes is private to the user, also the folders above it."""
    code, found = checks(keg, data_dir)
    assert code == 0
    assert {status for _, status in found} <= {"ok"}
    assert all(not finding["fix"] for finding in found.values())
    for folder in (data_dir.parent, data_dir, *(path for path in data_dir.rglob("*") if path.is_dir())):
        assert folder.stat().st_mode & 0o077 == 0, folder


@pytest.mark.parametrize("where", [0.1, 0.5, 0.95])
def test_a_flipped_bit_in_the_archive_changes_no_number(keg, data_dir, where):
    """It is found at the question, the journal is read instead, the doctor names the file, and --repair mends it."""
    before, warned = totals(keg, data_dir)
    assert warned == ""
    whole = archive.archive_hash(data_dir)
    path = min(data_dir.rglob("*.parquet"))
    flip(path, where)
    after, warned = totals(keg, data_dir)
    assert after == before
    assert path.name in warned
    code, found = checks(keg, data_dir)
    assert code == 1
    assert path.name in found["archive", "fail"]["detail"]
    assert "doctor --repair" in found["archive", "fail"]["fix"]
    assert checks(keg, data_dir, "--repair")[0] == 0
    assert totals(keg, data_dir) == (before, "")
    assert archive.archive_hash(data_dir) == whole


def test_a_deleted_archive_changes_no_number(keg, data_dir, tmp_path):
    """The journals answer; the doctor says that this is slow; --repair or importing again gives the same bytes back."""
    before, _ = totals(keg, data_dir)
    whole = archive.archive_hash(data_dir)
    shutil.rmtree(data_dir / "archive")
    assert totals(keg, data_dir)[0] == before
    code, found = checks(keg, data_dir)
    assert code == 0
    assert "--repair" in found["archive", "warn"]["fix"]
    assert keg("doctor", "--repair", "--data", data_dir, "--json").json["repaired"] == sorted(
        path.stem for path in (data_dir / "journal").glob("*.sqlite")
    )
    assert archive.archive_hash(data_dir) == whole
    shutil.rmtree(data_dir / "archive")
    for name in ("a.csv", "b.csv"):
        assert keg("import", tmp_path / name, "--data", data_dir).code == 0
    assert archive.archive_hash(data_dir) == whole
    assert totals(keg, data_dir)[0] == before


def test_rebuilding_changes_no_number(keg, data_dir):
    """All of the archive made anew from the journals: equal bytes, equal totals."""
    before, whole = totals(keg, data_dir), archive.archive_hash(data_dir)
    assert len(archive.rebuild(data_dir)) == 2
    assert (totals(keg, data_dir), archive.archive_hash(data_dir)) == (before, whole)


@pytest.mark.parametrize("kept", [0, 100, 20_000, 0.5, 0.97])
def test_a_truncated_journal_is_found_and_the_archive_still_answers(keg, data_dir, kept):
    """The doctor fails with the journal's name; --repair must not make the archive anew from what is left."""
    before, _ = totals(keg, data_dir)
    path = min((data_dir / "journal").glob("*.sqlite"))
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(len(content) * kept)])
    code, found = checks(keg, data_dir, "--repair")
    assert code == 1
    assert path.stem in found["journal", "fail"]["detail"]
    assert "import again" in found["journal", "fail"]["fix"]
    assert totals(keg, data_dir)[0] == before


def test_following_the_fix_for_a_journal_works(keg, data_dir, tmp_path):
    """Moved aside and imported again: all is well, and nothing counts twice."""
    before, _ = totals(keg, data_dir)
    for path in sorted((data_dir / "journal").glob("*.sqlite")):
        path.write_bytes(path.read_bytes()[:5_000])
        path.rename(tmp_path / path.name)
        path.with_suffix(".mark").rename(tmp_path / path.with_suffix(".mark").name)
    for name in ("a.csv", "b.csv"):
        assert keg("import", tmp_path / name, "--data", data_dir).code == 0
    assert checks(keg, data_dir)[0] == 0
    assert totals(keg, data_dir) == (before, "")


def test_open_permissions_are_a_warning_with_the_command_that_ends_it(keg, data_dir):
    """Mode 755 is told with its chmod; it is no failure."""
    data_dir.chmod(0o755)
    code, found = checks(keg, data_dir)
    assert code == 0
    assert found["data directory", "warn"]["fix"] == f"chmod 700 {data_dir}"


def test_quarantine_and_an_absent_directory_are_told(keg, data_dir, tmp_path):
    """Rows that were refused are counted; a directory that is not there yet is no failure."""
    (tmp_path / "c.csv").write_text("\n".join([*force_orders.recording(random.Random(1), START_MS, 9), "rubbish"]))
    keg("import", tmp_path / "c.csv", "--data", data_dir)
    assert "1 rows or frames" in checks(keg, data_dir)[1]["quarantine", "warn"]["detail"]
    code, found = checks(keg, tmp_path / "absent", "--repair")
    assert code == 0
    assert "powderkeg import" in found["data directory", "warn"]["fix"]
    assert not (tmp_path / "absent").exists()


def test_the_doctor_fits_sixty_columns(keg, data_dir, monkeypatch):
    """Every finding for people begins with its verdict; only a path may be longer than the screen."""
    monkeypatch.setenv("COLUMNS", "60")
    answer = keg("doctor", "--data", data_dir)
    assert answer.code == 0
    for line in answer.out.splitlines():
        assert len(line) <= 60 or str(data_dir) in line
        assert line.startswith(("  ok  ", "warn  ", "fail  ", "      "))
