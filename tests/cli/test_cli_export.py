"""What is exported is what was stored: same rows, numbers whole, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime as dt
import random

import force_orders
import pyarrow.feather as pa_feather
import pyarrow.parquet as pa_parquet
import pytest

import powderkeg

T0_MS = 1_766_844_000_000


@pytest.fixture
def data_dir(keg, tmp_path):
    """Force orders of a day and a half."""
    source = tmp_path / "orders.csv"
    source.write_text("\n".join(force_orders.recording(random.Random(3), T0_MS, 400)), "utf-8")
    assert keg("import", source, "--data", tmp_path / "keg").code == 0
    return tmp_path / "keg"


def stored(data_dir, **filters):
    """The rows as Python gives them."""
    with powderkeg.open(data_dir) as library:
        return library.events("liquidation", **filters).to_pylist()


def test_parquet_and_arrow_give_the_same_rows_back(keg, tmp_path, data_dir):
    """Every row, every column, every type."""
    expected = stored(data_dir)
    assert len(expected) == 400
    for file_format, read in (("parquet", pa_parquet.read_table), ("arrow", pa_feather.read_table)):
        path = tmp_path / f"out.{file_format}"
        answer = keg("export", "--format", file_format, "-o", path, "--data", data_dir, "--json")
        assert answer.json == {"file": str(path), "rows": 400, "format": file_format, "simulated": False}
        assert read(path).to_pylist() == expected


def test_csv_gives_the_same_figures_back(keg, tmp_path, data_dir):
    """Every float reads back as the float it was; unknown is an empty cell."""
    path = tmp_path / "out.csv"
    assert keg("export", "liquidation", "--format", "csv", "--out", path, "--data", data_dir).code == 0
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    expected = stored(data_dir)
    assert [row["symbol"] for row in rows] == [row["symbol"] for row in expected]
    assert [int(row["ts_event_ns"]) for row in rows] == [row["ts_event_ns"] for row in expected]
    for column in ("qty", "price", "notional_usd"):
        assert [float(row[column]) for row in rows] == [row[column] for row in expected]
    assert {row["event_id"] for row in rows} == {""}


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("//x")', "-", "＝1+1"])
def test_csv_cells_run_nothing(keg, tmp_path, data_dir, cell):
    """RELIABILITY S8: a text that a spreadsheet would run is disarmed; a number, also a negative one, is untouched."""
    path = tmp_path / "out.csv"
    text = cell.replace("'", "''")
    sql = f"SELECT '{text}' AS words, -1.5 AS below, -7 AS whole, 1e-300::DOUBLE AS tiny, NULL::VARCHAR AS unknown"
    assert keg("export", "--format", "csv", "--sql", sql, "-o", path, "--data", data_dir).code == 0
    with path.open(newline="", encoding="utf-8") as lines:
        (row,) = csv.DictReader(lines)
    assert row["words"] == "'" + cell
    assert (row["below"], row["whole"], float(row["tiny"]), row["unknown"]) == ("-1.5", "-7", 1e-300, "")


def test_csv_headings_run_nothing(keg, tmp_path, data_dir):
    """A column's name is a cell too."""
    path = tmp_path / "out.csv"
    keg("export", "--format", "csv", "--sql", 'SELECT 1 AS "=1+1", 2 AS plain', "-o", path, "--data", data_dir)
    assert next(csv.reader([path.read_text("utf-8").splitlines()[0]])) == ["'=1+1", "plain"]


def test_filters_cut_what_is_exported(keg, tmp_path, data_dir):
    """From is included, to is not; coin and venue as in every other command."""
    path = tmp_path / "out.parquet"
    everything = stored(data_dir)
    first, last = everything[100]["ts_event_ns"], everything[300]["ts_event_ns"]

    def exported(*arguments):
        answer = keg("export", *arguments, "-o", path, "--data", data_dir)
        assert answer.code == 0, answer.err
        return pa_parquet.read_table(path).to_pylist()

    inside = [row for row in everything if first <= row["ts_event_ns"] < last]
    assert exported("--from", first // 10**6, "--to", last // 10**6) == inside
    stamp = dt.datetime.fromtimestamp(first / 1e9, dt.UTC).isoformat(timespec="milliseconds")
    assert exported("--from", stamp, "--to", last // 10**6) == inside
    pepe = [row for row in everything if row["symbol"].startswith("1000PEPE/")]
    assert exported("--coin", "pepe") == pepe
    assert exported("--coin", "PEPE", "--coin", "4") == [
        row for row in everything if row["symbol"].startswith(("1000PEPE/", "4/"))
    ]
    assert exported("--venue", "bybit") == []
    assert exported("--venue", "binance-usdm") == everything


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["liquidations"], "did you mean liquidation"),
        (["--sql", "DROP VIEW liquidation"], "one SELECT"),
        (["--sql", "SELECT 1; SELECT 2"], "one SELECT"),
        (["--sql", "SELECT * FROM read_csv('/etc/passwd')"], "cannot be run"),
        (["--sql", "SELECT nonsense FROM liquidation"], "cannot be run"),
        (["--from", "1766844000"], "seconds"),
        (["--venue", "mtgox"], "binance-usdm"),
        (["-o", "/nonexistent-folder/x.parquet"], "no folder"),
        (["--sql", "SELECT [1] AS many", "--format", "csv"], "nested"),
        (["--sql", "SELECT 1", "--coin", "BTC"], "--sql"),
    ],
)
def test_bad_use_is_refused_with_exit_2_and_leaves_no_file(keg, tmp_path, data_dir, monkeypatch, arguments, said):
    """The message says what was wrong."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    answer = keg("export", *arguments, "--data", data_dir)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert sorted(tmp_path.iterdir()) == before
