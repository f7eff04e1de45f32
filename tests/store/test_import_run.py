"""Importing a file: once is enough, an interruption costs nothing, and every line is accounted for."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from import_samples import ALL, BOOK_TICKER, CAPTURES, TABLES, listed

from powderkeg.domain.errors import InputError
from powderkeg.store.archive import archive_hash, rebuild
from powderkeg.store.importers import binance_vision_liquidations, candles, journaling, sources, tardis
from powderkeg.store.importers.formats import Sample
from powderkeg.store.importers.lines import lines_of
from powderkeg.store.importers.registry import KINDS
from powderkeg.store.importers.run import import_file
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_reader import JournalReader

ORDERS = TABLES["binance-force-orders"].text


@pytest.fixture(autouse=True)
def _listed(monkeypatch):
    monkeypatch.setattr(tardis, "default_instruments", listed)
    monkeypatch.setattr(candles, "default_instruments", listed)


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def records(data_dir: Path, journal_id: str):
    with JournalReader(journal_path(data_dir, journal_id)) as reader:
        return list(reader.records()), list(reader.connections.values()), reader.progress.state


@pytest.mark.parametrize("name", TABLES)
def test_every_table_reaches_the_archive(name, tmp_path):
    result = import_file(tmp_path / "data", written(tmp_path, TABLES[name].name, TABLES[name].text))
    assert (result.format, sum(result.events.values()), result.rejects) == (name, TABLES[name].events, 0)
    assert result.lines == TABLES[name].text.count("\n")


@pytest.mark.parametrize("miniature", ALL, ids=lambda miniature: miniature.format)
def test_importing_again_changes_nothing(miniature, tmp_path):
    path = written(tmp_path, miniature.name, miniature.text)
    first = import_file(tmp_path / "data", path)
    before = archive_hash(tmp_path / "data")
    again = import_file(tmp_path / "data", path)
    assert (first.already_imported, again.already_imported) == (False, True)
    assert (again.events, again.rejects, again.first_rejects) == (first.events, first.rejects, first.first_rejects)
    assert archive_hash(tmp_path / "data") == before


def test_a_renamed_or_packed_copy_is_the_same_source(tmp_path):
    path = written(tmp_path, "a.csv", ORDERS)
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert not import_file(tmp_path / "data", path).already_imported
    assert import_file(tmp_path / "data", packed).already_imported


def test_the_same_rows_of_another_contract_are_another_source(tmp_path):
    path = written(tmp_path, "binance_BTCUSDT_oi_5m.csv", TABLES["binance-open-interest"].text)
    assert not import_file(tmp_path / "data", path).already_imported
    assert not import_file(tmp_path / "data", path, symbol="ETHUSDT").already_imported


def long_capture(repeats: int) -> str:
    return (CAPTURES[0].text + f"junk\n1626992760.5: {BOOK_TICKER}\n1626992760.5: {{\n") * repeats


@pytest.mark.parametrize("name", ["orders.csv", "capture.0"])
@pytest.mark.parametrize("stop_after", [0, 1, 2, 5, 11])
def test_an_interrupted_import_goes_on_and_ends_the_same(name, stop_after, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BLOCK_LINES", 7)
    monkeypatch.setattr(journaling, "BLOCK_LINES", 7)
    text = (ORDERS + "junk\n") * 30 if name == "orders.csv" else long_capture(4)
    path = written(tmp_path, name, text)
    whole = import_file(tmp_path / "whole", path)

    append, calls = Journal.append, []

    def append_until(self, *arguments):
        if len(calls) == stop_after:
            raise KeyboardInterrupt
        calls.append(arguments)
        append(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", append_until)
        with pytest.raises(KeyboardInterrupt):
            import_file(tmp_path / "data", path)
    assert len(calls) == stop_after
    result = import_file(tmp_path / "data", path.rename(tmp_path / f"renamed-{name}"))
    assert (result.events, result.rejects, result.first_rejects) == (whole.events, whole.rejects, whole.first_rejects)
    assert records(tmp_path / "data", result.journal_id) == records(tmp_path / "whole", whole.journal_id)
    assert archive_hash(tmp_path / "data") == archive_hash(tmp_path / "whole")


def test_an_import_interrupted_before_its_archive_makes_it(tmp_path, monkeypatch):
    path = written(tmp_path, "orders.csv", ORDERS)

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("powderkeg.store.archive.seal", stop)
        with pytest.raises(KeyboardInterrupt):
            import_file(tmp_path / "data", path)
    result = import_file(tmp_path / "data", path)
    assert (result.already_imported, result.events) == (False, {"liquidation": 3})


def test_junk_is_counted_with_its_lines_and_survives_a_rebuild(tmp_path):
    path = written(tmp_path, "orders.csv", "collector started\n" + ORDERS + "{" + ORDERS + "\xff\n")
    path.write_bytes(path.read_bytes().replace("\xff".encode(), b"\xff"))
    result = import_file(tmp_path / "data", path)
    assert (result.events, result.rejects) == ({"liquidation": 5}, 3)
    assert [reject.line for reject in result.first_rejects] == [1, 5, 8]
    before = archive_hash(tmp_path / "data")
    rebuild(tmp_path / "data")
    assert archive_hash(tmp_path / "data") == before


def test_an_absurdly_long_line_is_refused_alone(tmp_path):
    result = import_file(tmp_path / "data", written(tmp_path, "orders.csv", ORDERS + "9" * 3_000_000 + "\n" + ORDERS))
    assert (result.events, result.rejects) == ({"liquidation": 6}, 1)
    assert (result.first_rejects[0].line, "longer" in result.first_rejects[0].reason) == (4, True)


def test_what_a_capture_holds_besides_messages_is_kept_and_what_is_broken_counted(tmp_path):
    path = written(tmp_path, "capture.0", long_capture(1))
    result = import_file(tmp_path / "data", path)
    found, connections, state = records(tmp_path / "data", result.journal_id)
    assert state == "sealed"
    assert [connection.stream for connection in connections] == [
        "kept-lines",
        "socket-1",
        "socket-2",
        "refused-lines",
        "refused-lines",
    ]
    payloads = [record.payload for record in found]
    assert payloads.count(BOOK_TICKER.encode()) == 3
    assert {b"junk", b"1626992760.5: {"} <= set(payloads)
    refused = {reject.line for reject in result.first_rejects}
    assert {10, 12} <= refused


def doubled_file(tmp_path: Path, rows: list[str]) -> Path:
    header = binance_vision_liquidations.HEADER
    return written(tmp_path, "BTCUSDT-liquidationSnapshot-2023-07-31.csv", "\n".join([header, *rows]) + "\n")


ROW = "1690761600100,SELL,LIMIT,IOC,0.5,29000,29100,FILLED,0.5,0.5"
OTHER = "1690761600900,BUY,LIMIT,IOC,0.1,29300,29200,FILLED,0.1,0.1"


@pytest.mark.parametrize(
    ("rows", "kept", "removed"),
    [
        ([ROW, ROW, OTHER, OTHER], 2, 2),
        ([ROW, OTHER, ROW, OTHER], 2, 2),
        ([ROW, ROW, ROW, ROW, OTHER, OTHER], 3, 3),  # two equal orders, written twice
        ([ROW, ROW, OTHER], 3, 0),  # two equal orders, written once: not all rows are doubled
        ([ROW, OTHER], 2, 0),
        ([ROW, ROW, "junk", OTHER, OTHER], 2, 2),
    ],
)
def test_doubled_rows_are_removed_only_where_all_are_doubled(rows, kept, removed, tmp_path):
    result = import_file(tmp_path / "data", doubled_file(tmp_path, rows))
    assert (result.events, result.doubled_rows_removed) == ({"liquidation": kept}, removed)
    assert result.rejects == rows.count("junk")
    assert [reject.line for reject in result.first_rejects] == [k for k, row in enumerate(rows, 2) if row == "junk"]


def test_no_other_kind_removes_doubled_rows(tmp_path):
    result = import_file(tmp_path / "data", written(tmp_path, "orders.csv", ORDERS * 2))
    assert (result.events, result.doubled_rows_removed) == ({"liquidation": 6}, 0)


def test_a_file_in_seconds_is_an_error_with_a_hint_and_leaves_nothing(tmp_path):
    seconds = ORDERS.replace("1723895903305", "1723895903").replace("1723895926128", "1723895926")
    path = written(tmp_path, "orders.csv", seconds.replace("1766845883281", "1766845883"))
    with pytest.raises(InputError, match="looks like seconds: did you mean 1723895903000"):
        import_file(tmp_path / "data", path)
    assert not (tmp_path / "data").exists()


def test_progress_covers_every_stage(tmp_path):
    path = written(tmp_path, "orders.csv", ORDERS * 20_000)
    seen = []
    import_file(tmp_path / "data", path, progress=seen.append)
    assert [*dict.fromkeys(progress.stage for progress in seen)] == ["checking", "journaling", "archiving"]
    for stage in ("checking", "journaling"):
        done = [progress.done_bytes for progress in seen if progress.stage == stage]
        assert done == sorted(done)
        assert len(done) > 2
        assert done[-1] == path.stat().st_size


def test_every_kind_can_be_forced(tmp_path):
    for miniature in ALL:
        path = written(tmp_path, miniature.name, miniature.text)
        assert import_file(tmp_path / "data", path, format=miniature.format).format == miniature.format


def test_doubled_lines_are_found_by_their_numbers():
    (kind,) = (kind for kind in KINDS if kind.doubled is not None)
    text = f"{binance_vision_liquidations.HEADER}\n{ROW}\n{ROW}\n\n{OTHER}\n{OTHER}"
    sample = Sample(Path("BTCUSDT-liquidationSnapshot-2023-07-31.csv"), text.encode(), whole=True)
    assert kind.doubled(lines_of(text.encode(), 1000), kind.context(sample, None)) == {3, 6}
