"""Files for other tools: whole or not at all, harmless in a spreadsheet, equal when read back."""

from __future__ import annotations

import csv
import io
import os

import pyarrow as pa
import pyarrow.feather as pa_feather
import pyarrow.parquet as pa_parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError, StoreError
from powderkeg.store.exporters import export_table, inert

DANGEROUS = "=+-@\t\r\n＝＋－＠"

cells = st.none() | st.text(max_size=12) | st.text(max_size=6).map(lambda text: "=" + text)


@given(words=st.lists(cells, max_size=20))
def test_no_text_cell_begins_like_a_formula_and_no_other_changes(words):
    """Every cell is the text itself, or the text behind an apostrophe where it began dangerously."""
    table = pa.table({"words": pa.array(words, pa.string()), "-1": pa.array(range(len(words)), pa.int64())})
    result = inert(table)
    for before, after in zip(words, result["words"].to_pylist(), strict=True):
        expected = "'" + before if before and before[0] in DANGEROUS else before
        assert after == expected
    assert result.column_names == ["words", "'-1"]
    assert result["'-1"].to_pylist() == list(range(len(words)))


@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    counts=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20),
)
def test_numbers_in_csv_read_back_as_they_were(tmp_path_factory, numbers, counts):
    """Also negative, tiny and huge ones: no apostrophe, no rounding."""
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    rows = min(len(numbers), len(counts))
    export_table(pa.table({"x": numbers[:rows], "n": counts[:rows]}), path, "csv")
    found = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [float(row["x"]) for row in found] == numbers[:rows]
    assert [int(row["n"]) for row in found] == counts[:rows]


def test_texts_kept_as_dictionaries_are_disarmed_too(tmp_path):
    """Symbols and venues are stored as dictionaries."""
    words = pa.array(["=1", "BTC", None, "=1"]).dictionary_encode()
    export_table(pa.table({"symbol": words}), tmp_path / "out.csv", "csv")
    assert [row["symbol"] for row in csv.DictReader((tmp_path / "out.csv").read_text().splitlines())][:2] == [
        "'=1",
        "BTC",
    ]


@pytest.mark.parametrize(
    ("file_format", "read"), [("parquet", pa_parquet.read_table), ("arrow", pa_feather.read_table)]
)
def test_typed_formats_give_the_table_back(tmp_path, file_format, read):
    """Types, unknowns and nested columns included; nothing is disarmed where nothing runs."""
    table = pa.table({"words": ["=1", None], "x": [-1.5, None], "prices": [[1.0, 2.0], []]})
    export_table(table, tmp_path / "out", file_format)
    assert read(tmp_path / "out").equals(table)


@pytest.mark.parametrize("file_format", ["csv", "parquet", "arrow"])
def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch, file_format):
    """The disk refuses at the last moment: the file of yesterday stands, and no scratch file beside it."""
    path = tmp_path / "out"
    path.write_text("yesterday")

    def refuse(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(StoreError, match="No space left"):
        export_table(pa.table({"x": [1]}), path, file_format)
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    assert path.read_text() == "yesterday"


def test_a_nested_column_and_an_absent_folder_are_refused(tmp_path):
    """Before anything is written."""
    with pytest.raises(InputError, match="prices"):
        export_table(pa.table({"prices": [[1.0]]}), tmp_path / "out.csv", "csv")
    with pytest.raises(InputError, match="make it first"):
        export_table(pa.table({"x": [1]}), tmp_path / "absent" / "out.csv", "csv")
    assert list(tmp_path.iterdir()) == []
