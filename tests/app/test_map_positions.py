"""Measured maps from files of published positions: states, tables, and what of them is no position."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from powderkeg.app.liquidation_map_measured import measured_from_file
from powderkeg.app.liquidation_map_positions import ALIASES, read_positions
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MS


def entry(coin="BTC", szi="-2", level="97800", value="190000"):
    """An entry as Hyperliquid publishes it."""
    position = {"coin": coin, "szi": szi, "entryPx": "94000", "liquidationPx": level, "positionValue": value}
    return {"type": "oneWay", "position": {**position, "leverage": {"type": "cross", "value": 20}}}


def state(*entries, time=1_700_000_000_000):
    return {"assetPositions": list(entries), "marginSummary": {"accountValue": "1"}, "time": time}


LONG = entry(szi="3", level="85000", value="285000")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one.json", json.dumps(state(entry(), LONG))),
        ("list.json", json.dumps([state(entry()), state(LONG)])),
        ("by_address.json", json.dumps({"0xa": state(entry()), "0xb": state(LONG)})),
        ("lines.jsonl", f"{json.dumps(state(entry()))}\n\n{json.dumps(state(LONG))}\n"),
    ],
)
def test_states_are_read_in_every_wrapping(name, content, tmp_path):
    """Signed sizes tell the side; the mark is value over size, the time is the venue's."""
    path = tmp_path / name
    path.write_text(content)
    found = measured_from_file("BTC", path)
    assert found.total.method == "measured"
    assert found.total.mark_price == 95_000.0
    assert found.total.as_of_ns == 1_700_000_000_000 * NS_PER_MS
    assert found.total.short_usd.sum() == pytest.approx(2 * 97_800)
    assert found.total.long_usd.sum() == pytest.approx(3 * 85_000)
    assert found.total.open_interest_usd == pytest.approx(3 * 95_000)
    assert not found.bad_rows


ROWS = [("long", 3.0, 85_000.0), ("short", 2.0, 97_800.0)]


@pytest.mark.parametrize("side_name", ALIASES["position_side"])
@pytest.mark.parametrize("level_name", ALIASES["liquidation_price"])
def test_a_table_may_name_its_columns_in_many_ways(side_name, level_name, tmp_path):
    """In any case and order; the coin is optional, and so is the mark where levels leave no doubt."""
    path = tmp_path / "positions.csv"
    lines = [f"{level},{side},{qty}" for side, qty, level in ROWS]
    path.write_text("\n".join([f"{level_name.upper()},{side_name.title()},Qty", *lines]))
    one = measured_from_file("BTC", path).total
    assert one.short_usd.sum() == pytest.approx(2 * 97_800)
    assert one.long_usd.sum() == pytest.approx(3 * 85_000)
    assert one.mark_price == pytest.approx((85_000 * 97_800) ** 0.5)


def test_parquet_tables_are_read(tmp_path):
    """The same columns, typed."""
    path = tmp_path / "positions.parquet"
    sides, quantities, levels = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"side": sides, "size": quantities, "liq_price": levels}), path)
    assert measured_from_file("BTC", path, mark_price=95_000.0).total.short_usd.sum() == pytest.approx(2 * 97_800)


def test_bad_rows_are_listed_with_line_and_reason(tmp_path):
    """Nothing is dropped in silence, and what is good is used."""
    path = tmp_path / "positions.csv"
    path.write_text(
        "symbol,side,qty,liq_price,entry_price\n"
        "BTCUSDT,long,3,85000,90000\n"
        "BTCUSDT,up,3,85000,90000\n"
        "BTCUSDT,long,x,85000,90000\n"
        "BTCUSDT,long,0,85000,90000\n"
        "BTCUSDT,long,-3,85000,90000\n"
        "BTCUSDT,long,3,nan,90000\n"
        "BTCUSDT,long,3,85000,-1\n"
        "BTCUSDT,long\n"
        "ETHUSDT,long,3,85000,90000\n"
        "BTCUSDT,short,1,,90000\n"
        "BTCUSDT,short,1,0,90000\n"
    )
    found = read_positions(path, "BTC")
    assert [row.line for row in found.bad_rows] == [3, 4, 5, 6, 7, 8, 9]
    said = " ".join(row.reason for row in found.bad_rows)
    for word in ("'up'", "'x'", "no position is open", "contradict", "'nan'", "entry_price is -1"):
        assert word in said
    assert found.other_coins == 1
    assert [one.liquidation_price for one in found.positions] == [85_000.0, None, None]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.json", "[" * 200_000, "is not JSON"),
        ("a.json", '{"error": 1}', "without assetPositions"),
        ("a.csv", "side,qty\nlong,1\n", "no column liquidation_price"),
        ("a.csv", "", "no column qty"),
        ("a.csv", "symbol,side,qty,liq_price\nETH,long,1,2\n", "no position of BTC: 1 of other coins"),
        ("a.csv", "side,qty,liq_price\nlong,1,2\n", "does not say the mark price"),
        ("a.csv", "side,qty,liq_price,mark\nlong,1,2,1\n", "none of 1 positions"),
        ("a.parquet", "PAR1", "not a Parquet table"),
        ("a.txt", "", "positions are .json"),
    ],
    ids=["cut", "deep", "other", "column", "empty", "coin", "mark", "due", "parquet", "ending"],
)
def test_files_that_hold_no_map_are_refused(name, content, said, tmp_path):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        measured_from_file("BTC", path)


def test_an_absent_file_is_said(tmp_path):
    with pytest.raises(InputError, match="no file at"):
        measured_from_file("BTC", tmp_path / "absent.csv")


def test_an_entry_that_is_none_is_a_bad_row(tmp_path):
    """Outside data may be anything: numbers where objects are meant, sizes that are words."""
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(state(entry(), 7, {"position": 3}, entry(szi="much"))))
    found = read_positions(path, "BTC")
    assert len(found.positions) == 1
    assert [row.line for row in found.bad_rows] == [2, 3, 4]
