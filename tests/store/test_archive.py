"""The archive says what the journal says, the same however it was built, and never half of it."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import shutil
import tempfile
from pathlib import Path

import duckdb
import fake_market as fake
import msgspec
import pyarrow.parquet as pq
import pytest
from fake_market import T0, frame, liquidation, record, trade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powderkeg.domain.errors import StoreBusyError, StoreError
from powderkeg.domain.events import EVENT_NAMES
from powderkeg.store import parquet
from powderkeg.store.archive import archive_hash, damaged_files, grow, rebuild, seal
from powderkeg.store.columns import schema_of, table_of
from powderkeg.store.decode import RejectedRecord
from powderkeg.store.lock import FileLock
from powderkeg.store.manifest import archive_dir, load_manifest, manifest_path

pytestmark = pytest.mark.usefixtures("fakes")
DAY = 86_400 * 10**9
JOURNAL = "node-2026-01-14"

FLOATS = st.floats(min_value=1e-12, max_value=1e15)
EVENTS = st.one_of(
    st.builds(
        liquidation,
        price=FLOATS,
        notional_usd=st.none() | FLOATS,
        event_id=st.none() | st.text(max_size=8),
        symbol=st.sampled_from(["BTC/USDT:USDT", "ETH/USDT:USDT", "1000PEPE/USDT:USDT"]),
        ts_event_ns=st.integers(T0 - DAY, T0 + DAY),
    ),
    st.builds(trade, price=FLOATS, trade_id=st.none() | st.text(max_size=8), ts_event_ns=st.integers(T0, T0 + 2 * DAY)),
    st.builds(fake.book, ts_event_ns=st.integers(T0, T0 + 9)),
)


def stored(data_dir: Path) -> list[object]:
    """Every row of every listed file, as the event it came from, read by pyarrow."""
    kinds = {name: kind for kind, name in EVENT_NAMES.items()}
    events = []
    manifests = [load_manifest(data_dir, path.stem) for path in (archive_dir(data_dir) / "manifests").glob("*.json")]
    for file in (file for manifest in manifests for file in manifest.files):
        rows = pq.ParquetFile(archive_dir(data_dir) / file.path).read().to_pylist()
        assert len(rows) == file.rows
        events += [msgspec.convert(row, kinds[file.event], from_attributes=True) for row in rows]
    return sorted(events, key=repr)


def on_disk(data_dir: Path) -> dict[str, bytes]:
    """Every file of the archive that is not bookkeeping."""
    root = archive_dir(data_dir)
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.suffix in (".parquet", ".jsonl")}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=40), cuts=st.lists(st.integers(0, 40), max_size=3), batch=st.integers(1, 4_000))
def test_any_events_come_back_and_any_parts_seal_to_the_same_bytes(events, cuts, batch):
    """Growing by parts, then sealing, equals one rebuild; every value is exactly what was decoded."""
    frames = [(T0 + n, frame(event)) for n, event in enumerate(events)]
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        parts, whole = Path(first), Path(second)
        done = 0
        for cut in [*sorted(cuts), len(frames)]:
            record(parts, JOURNAL, frames[done:cut], commit_bytes=batch)
            grow(parts, JOURNAL)
            done = max(done, cut)
        expected = sorted(events, key=repr)
        assert stored(parts) == expected
        seal(parts, JOURNAL)
        assert stored(parts) == expected
        record(whole, JOURNAL, frames, seal=True)
        rebuild(whole)
        assert on_disk(parts) == on_disk(whole)
        assert archive_hash(parts) == archive_hash(whole)


def test_rebuilding_from_nothing_gives_the_same_bytes(tmp_path):
    record(tmp_path, JOURNAL, [(T0 + n, frame(trade(trade_id=str(n), ts_event_ns=T0 + n))) for n in range(100)])
    seal(tmp_path, JOURNAL)
    before = on_disk(tmp_path)
    shutil.rmtree(archive_dir(tmp_path))
    rebuild(tmp_path)
    assert on_disk(tmp_path) == before


def test_the_cut_into_row_groups_and_files_does_not_depend_on_parts(tmp_path, monkeypatch):
    """With tiny bounds on memory and open files, many days: nothing lost, one decision for the same events."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 8)
    monkeypatch.setattr(parquet, "CHUNK_EVENTS", 3)
    monkeypatch.setattr(parquet, "MAX_BUFFERED", 20)
    monkeypatch.setattr(parquet, "MAX_OPEN_FILES", 2)
    events = [trade(trade_id=str(n), ts_event_ns=T0 + (n * 7 % 5) * DAY) for n in range(150)]
    frames = [(T0 + n, frame(event)) for n, event in enumerate(events)]
    for name, batch in (("a", 200), ("b", 1 << 20)):
        record(tmp_path / name, JOURNAL, frames, commit_bytes=batch)
        seal(tmp_path / name, JOURNAL)
        assert stored(tmp_path / name) == sorted(events, key=repr)
    assert on_disk(tmp_path / "a") == on_disk(tmp_path / "b")


def test_rows_are_sorted_by_symbol_and_time_and_ties_keep_their_order(tmp_path):
    symbols = ["ETH/USDT:USDT", "BTC/USDT:USDT"]
    events = [trade(symbol=symbols[n % 2], trade_id=str(n), ts_event_ns=T0 + 5 - n // 4) for n in range(20)]
    record(tmp_path, JOURNAL, [(T0, frame(*events))])
    manifest = seal(tmp_path, JOURNAL)
    rows = pq.ParquetFile(archive_dir(tmp_path) / manifest.files[0].path).read().to_pylist()
    assert [row["trade_id"] for row in rows] == [
        event.trade_id for event in sorted(events, key=lambda event: (event.symbol, event.ts_event_ns))
    ]


def test_any_engine_sums_a_column_of_the_plain_files(tmp_path):
    events = [liquidation(notional_usd=0.1 * n, ts_event_ns=T0 + n) for n in range(1, 50)]
    record(tmp_path, JOURNAL, [(T0, frame(*events))])
    seal(tmp_path, JOURNAL)
    pattern = str(archive_dir(tmp_path) / "event=liquidation/*/*/*.parquet")
    with duckdb.connect() as database:
        total = database.execute("SELECT sum(notional_usd), count(event_id) FROM read_parquet(?)", [pattern]).fetchone()
    assert total == (pytest.approx(sum(0.1 * n for n in range(1, 50))), 0)


def test_the_footer_names_the_journal_and_its_records(tmp_path):
    record(tmp_path, JOURNAL, [(T0, frame(trade()))] * 3)
    path = archive_dir(tmp_path) / seal(tmp_path, JOURNAL).files[0].path
    footer = pq.ParquetFile(path).metadata.metadata
    assert footer[b"powderkeg.journal"] == JOURNAL.encode()
    assert footer[b"powderkeg.records"] == b"1-3"
    assert len(footer[b"powderkeg.records_sha256"]) == 64
    assert path.name.startswith(f"{JOURNAL}.1-3.")


@pytest.mark.parametrize("name", sorted(EVENT_NAMES.values()))
def test_every_event_type_has_its_own_columns(name):
    """Field names are column names, in order; a column is nullable exactly where the field may be None."""
    kind = next(kind for kind, label in EVENT_NAMES.items() if label == name)
    schema = schema_of(name)
    assert schema.names == list(kind.__struct_fields__)
    assert table_of(name, []).schema == schema
    hints = {field.name: str(field.type) for field in msgspec.structs.fields(kind)}
    assert {field.name for field in schema if field.nullable} == {n for n, hint in hints.items() if "None" in hint}


def test_what_cannot_be_read_is_listed_and_counted(tmp_path):
    """A bad frame costs itself; times and numbers no row can hold are rejects too."""
    frames = [
        (T0, frame(trade())),
        (T0 + 1, b"{not json"),
        (T0 + 2, frame(trade(ts_event_ns=9 * 10**18))),
        (T0 + 3, frame(fake.book(last_update_id=2**64))),
        (T0 + 4, frame(trade(trade_id="2"))),
    ]
    record(tmp_path, JOURNAL, frames)
    manifest = seal(tmp_path, JOURNAL)
    assert manifest.rejects == 3
    assert [file.rows for file in manifest.files] == [2]
    lines = (archive_dir(tmp_path) / manifest.reject_files[0].path).read_bytes().splitlines()
    rejects = [msgspec.json.decode(line, type=RejectedRecord) for line in lines]
    assert [reject.position - T0 for reject in rejects] == [1, 2, 3]
    assert rejects[0].excerpt == "{not json"
    assert "2100" in rejects[1].reason
    assert "64 bits" in rejects[2].reason


def test_r15_a_crash_at_any_step_leaves_the_old_state_or_the_new(tmp_path, monkeypatch, measured):
    """Every fsync, rename, unlink and rmdir of a seal fails in turn; a reader of manifests never sees a mixture."""
    start = tmp_path / "start"
    frames = [(T0 + n, frame(trade(trade_id=str(n), ts_event_ns=T0 + n * DAY // 2))) for n in range(6)]
    record(start, JOURNAL, frames[:3])
    grow(start, JOURNAL)
    record(start, JOURNAL, [*frames[3:], (T0, b"bad")])
    grow(start, JOURNAL)
    expected = stored(start)
    old = load_manifest(start, JOURNAL)
    shutil.copytree(start, tmp_path / "after")
    new = seal(tmp_path / "after", JOURNAL)
    outcomes = set()
    for step in range(200):
        data_dir = tmp_path / f"crash-{step}"
        shutil.copytree(start, data_dir)
        crashed = crash_at(monkeypatch, step, lambda data_dir=data_dir: seal(data_dir, JOURNAL))
        manifest = load_manifest(data_dir, JOURNAL)
        assert manifest in (old, new)
        outcomes.add(manifest == new)
        assert stored(data_dir) == expected
        assert damaged_files(data_dir) == []
        seal(data_dir, JOURNAL)
        assert on_disk(data_dir) == on_disk(tmp_path / "after"), "leftovers are gone after the next run"
        assert not list(archive_dir(data_dir).glob("tmp-*"))
        if not crashed:
            break
    else:
        pytest.fail("sealing takes more steps than expected")
    measured(f"R15 sealing cut off at each of its {step} changes to the disk: old state or new, never a mixture")
    assert outcomes == {True, False}
    assert step > 15


class Crash(BaseException):
    """What no code catches."""


def crash_at(monkeypatch, step, work):
    """Run `work`, dying in place of its `step`th change to the disk; False where it has fewer."""
    left = [step]

    def dying(call):
        def wrapped(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise Crash
            return call(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patched:
        for name in ("fsync", "replace", "unlink", "rmdir"):
            patched.setattr(os, name, dying(getattr(os, name)))
        try:
            work()
        except Crash:
            return True
        return False


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_r04_a_change_to_the_disk_that_fails_leaves_no_half_file(tmp_path, monkeypatch, measured, error):
    """R4: the Nth fsync, rename, unlink or rmdir is refused, for every N: old state or new, and a retry succeeds."""
    start = tmp_path / "start"
    record(start, JOURNAL, [(T0 + n, frame(trade(trade_id=str(n)))) for n in range(4)])
    grow(start, JOURNAL)
    record(start, JOURNAL, [(T0 + 9, frame(trade(trade_id="9"))), (T0 + 10, b"bad")])
    shutil.copytree(start, tmp_path / "after")
    states = (load_manifest(start, JOURNAL), seal(tmp_path / "after", JOURNAL))
    refused = 0
    for step in range(200):
        data_dir = tmp_path / f"refused-{step}"
        shutil.copytree(start, data_dir)
        is_over = refuse_at(monkeypatch, step, error, lambda data_dir=data_dir: seal(data_dir, JOURNAL))
        assert load_manifest(data_dir, JOURNAL) in states
        assert damaged_files(data_dir) == []
        seal(data_dir, JOURNAL)
        assert on_disk(data_dir) == on_disk(tmp_path / "after")
        if is_over:
            break
        refused += 1
    measured(
        f"R04 {errno.errorcode[error]} at each of {refused} changes to the disk while sealing: no half file, retried"
    )
    assert refused > 10


def refuse_at(monkeypatch, step, error, work):
    """Run `work` with its `step`th change to the disk refused; True where it has fewer."""
    left = [step]

    def refusing(call):
        def wrapped(*args, **kwargs):
            left[0] -= 1
            if left[0] == -1:
                raise OSError(error, os.strerror(error))
            return call(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patched:
        for name in ("fsync", "replace", "unlink", "rmdir"):
            patched.setattr(os, name, refusing(getattr(os, name)))
        with contextlib.suppress(StoreError):
            work()
    return left[0] >= 0


def test_a_failing_disk_is_a_store_error_and_the_old_state_stands(tmp_path, monkeypatch):
    record(tmp_path, JOURNAL, [(T0, frame(trade()))])
    old = grow(tmp_path, JOURNAL)
    record(tmp_path, JOURNAL, [(T0, frame(trade(trade_id="2")))])

    def full(*_args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            grow(tmp_path, JOURNAL)
    assert load_manifest(tmp_path, JOURNAL) == old
    assert len(grow(tmp_path, JOURNAL).files) == 2


def test_r03_a_flipped_bit_in_a_file_or_manifest_is_found(tmp_path, measured):
    """R3, the archive: every byte tried is noticed, in Parquet and in the manifest."""
    record(tmp_path, JOURNAL, [(T0 + n, frame(trade(trade_id=str(n)))) for n in range(50)])
    path = archive_dir(tmp_path) / seal(tmp_path, JOURNAL).files[0].path
    content = path.read_bytes()
    places = len(range(0, len(content), 37))
    for place in range(0, len(content), 37):
        path.write_bytes(content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :])
        assert damaged_files(tmp_path) == [str(path.relative_to(archive_dir(tmp_path)))]
    path.write_bytes(content)
    manifest = manifest_path(tmp_path, JOURNAL)
    content = manifest.read_bytes()
    places += len(range(0, len(content) - 1, 53))
    for place in range(0, len(content) - 1, 53):
        manifest.write_bytes(content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :])
        with pytest.raises(StoreError, match="rebuild"):
            load_manifest(tmp_path, JOURNAL)
    measured(f"R03 a bit flipped at {places} places of a Parquet file and its manifest: all found")
    rebuild(tmp_path)
    assert damaged_files(tmp_path) == []


def test_two_archivers_do_not_meet(tmp_path):
    record(tmp_path, JOURNAL, [(T0, frame(trade()))])
    grow(tmp_path, JOURNAL)
    with FileLock(archive_dir(tmp_path) / ".lock", "test"), pytest.raises(StoreBusyError):
        seal(tmp_path, JOURNAL)


def test_repeated_ids_are_noted_with_their_times(tmp_path):
    """Only ids that occur again cost a comparison later."""
    ids = ["a", "b", "c", "b", None, None, "d"]
    frames = [(T0 + n, frame(trade(trade_id=label, ts_event_ns=T0 + n))) for n, label in enumerate(ids)]
    record(tmp_path, JOURNAL, frames)
    assert seal(tmp_path, JOURNAL).files[0].ids.repeated == (T0 + 1, T0 + 3)
    record(tmp_path, "other", frames[:3])
    assert seal(tmp_path, "other").files[0].ids.repeated is None


def test_trade_ids_are_text_in_the_archive_whatever_the_venue_sends(tmp_path):
    """A number and the same digits as text are one id: they come back alike, and are noted as a repeat."""
    ids = [2**63, 7, "7", "a-7", None, 0]
    frames = [(T0 + n, frame(trade(trade_id=label, ts_event_ns=T0 + n))) for n, label in enumerate(ids)]
    record(tmp_path, JOURNAL, frames)
    manifest = seal(tmp_path, JOURNAL)
    found = sorted(stored(tmp_path), key=lambda event: event.ts_event_ns)
    assert [event.trade_id for event in found] == [str(2**63), "7", "7", "a-7", None, "0"]
    assert manifest.files[0].ids.repeated == (T0 + 1, T0 + 2)


def test_a_part_with_nothing_new_changes_nothing(tmp_path):
    record(tmp_path, JOURNAL, [(T0, frame(trade()))])
    assert grow(tmp_path, JOURNAL) == grow(tmp_path, JOURNAL)


def test_a_journal_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    record(tmp_path, "b", [(T0, frame(trade()))])
    (tmp_path / "journal" / "a.sqlite").write_bytes(b"rubbish" * 100)
    with pytest.raises(StoreError, match="1 of 2 journals"):
        rebuild(tmp_path)
    assert len(stored(tmp_path)) == 1


def test_recorded_trades_take_under_14_bytes_and_come_back_exactly(tmp_path, shared_data):
    """Recorded Binance trades: ms event times, ns receive times, ids, and price times quantity to the last bit."""
    events = []
    with gzip.open(shared_data / "book" / "binance_usdm_btcusdt_2024-08-08_2354.raw.gz", "rb") as lines:
        for line in lines:
            received_ns, _, message = line.partition(b" ")
            if b'"e":"trade"' in message:
                row = msgspec.json.decode(message)["data"]
                price, qty = float(row["p"]), float(row["q"])
                events.append(
                    trade(
                        price=price,
                        qty_base=qty,
                        notional_usd=price * qty,
                        taker_side="sell" if row["m"] else "buy",
                        trade_id=str(row["t"]),
                        ts_event_ns=row["T"] * 1_000_000,
                        ts_received_ns=int(received_ns),
                    )
                )
    with parquet.PartWriter(tmp_path, {}) as writer:
        for event in events:
            writer.add(event)
        parts = writer.finish()
    found = [row for part in parts for row in pq.ParquetFile(part.path).read().to_pylist()]
    assert len(events) > 20_000
    assert sum(part.path.stat().st_size for part in parts) <= 14 * len(events)
    assert [fake.Trade(**row) for row in found] == sorted(events, key=lambda event: event.ts_event_ns)
