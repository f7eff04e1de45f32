"""Tables of bars as people have them: order, repeats, encodings and holes; and the table of predictions."""

from __future__ import annotations

import csv
import random
import re

import numpy as np
import pytest
from map_samples import START_NS, hourly_table

from powderkeg.app.liquidation_map import predict_file
from powderkeg.app.liquidation_map_files import PREDICTED, read_bars, read_usable_bars
from powderkeg.app.liquidation_maps import maps_of_file
from powderkeg.app.map_scores import score_bars
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_HOUR, format_instant

CUT = format_instant(START_NS + 200 * NS_PER_HOUR)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return hourly_table(tmp_path_factory.mktemp("bars") / "bars.csv").read_text().splitlines()


@pytest.fixture(scope="module")
def predicted(lines, tmp_path_factory):
    """The predictions of the table as it is, byte for byte."""
    return predictions(tmp_path_factory.mktemp("plain"), "\n".join(lines).encode())


def predictions(folder, body):
    (folder / "bars.csv").write_bytes(body)
    predict_file(folder / "bars.csv", CUT, folder / "pred.csv")
    return (folder / "pred.csv").read_bytes()


def shuffled(lines):
    return "\n".join([lines[0], *random.Random(1).sample(lines[1:], len(lines) - 1)]).encode()


@pytest.mark.parametrize(
    "written",
    [
        shuffled,
        lambda lines: "\r\n".join(lines).encode(),
        lambda lines: "\n".join(lines).encode("utf-8-sig"),
        lambda lines: "\n".join([f"{lines[0]},note", *(f'{line},"a, b"' for line in lines[1:])]).encode(),
        lambda lines: "\n".join([*lines, lines[7], "", lines[-1]]).encode(),
    ],
    ids=["any order", "CRLF", "BOM", "extra columns", "rows twice"],
)
def test_how_a_table_is_written_changes_no_prediction(lines, predicted, tmp_path, written):
    assert predictions(tmp_path, written(lines)) == predicted


def test_liquidations_after_the_cut_and_later_bars_change_no_prediction(lines, predicted, tmp_path):
    """Through the file: other liquidations after the cut give the same bytes; fewer bars the same first rows."""
    at = lines[0].split(",").index("liq_long_base")
    changed = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        if cells[0] >= CUT:
            cells[at], cells[at + 1] = "1e9", ""
        changed.append(",".join(cells))
    assert predictions(tmp_path, "\n".join(changed).encode()) == predicted
    end = format_instant(START_NS + 250 * NS_PER_HOUR)
    shorter = predictions(tmp_path, "\n".join(line for line in lines if line < end or line is lines[0]).encode())
    rows = predicted.splitlines()
    assert shorter.splitlines() == [rows[0], *(row for row in rows[1:] if row.decode() < end)]


def test_every_bar_after_the_cut_has_a_row_per_side(lines, predicted):
    """Columns as they are named, rows in order of time, the prediction inside its band and nothing below zero."""
    rows = [*csv.DictReader(predicted.decode().splitlines())]
    assert tuple(rows[0]) == PREDICTED
    wanted = {tuple(line.split(",")[:2]) for line in lines[1:] if line >= CUT}
    assert {(row["open_time_utc"], row["symbol"]) for row in rows} == wanted
    assert len(rows) == 2 * len(wanted)
    assert [row["open_time_utc"] for row in rows] == sorted(row["open_time_utc"] for row in rows)
    numbers = np.array([[float(row[name]) for name in PREDICTED[3:]] for row in rows])
    assert (numbers >= 0.0).all()
    assert (numbers[:, 2] <= numbers[:, 0]).all()
    assert (numbers[:, 0] <= numbers[:, 3]).all()


def test_the_score_follows_from_the_table_of_predictions(lines, predicted, tmp_path):
    """The gain over baseline (a), recomputed from nothing but the two tables."""
    (tmp_path / "bars.csv").write_text("\n".join(lines))
    card = score_bars(tmp_path / "bars.csv", CUT, None, None).cards[0]
    told = {
        (row["open_time_utc"], row["symbol"], row["position_side"]): row
        for row in csv.DictReader(predicted.decode().splitlines())
    }
    for one in card.series:
        rows = [row for row in csv.DictReader(lines) if row["symbol"] == one.symbol]
        opened, high, low, oi = (
            np.array([float(row[name]) for row in rows]) for name in ("open", "high", "low", "oi_open")
        )
        target = np.log1p([float(row[f"liq_{one.position_side}_base"]) for row in rows])
        moved = np.log(opened / low) if one.position_side == "long" else np.log(high / opened)
        x = np.log(moved * oi + 1e-6 * oi)
        design = np.column_stack([np.ones(len(x)), x, x * x, np.log1p(1000 * moved)])
        test = np.array([row["open_time_utc"] >= CUT for row in rows])
        fitted = design @ np.linalg.lstsq(design[~test], target[~test], rcond=None)[0]
        ours = np.array([
            np.log1p(float(told[row["open_time_utc"], one.symbol, one.position_side]["predicted_liq_base"]))
            for row in rows if row["open_time_utc"] >= CUT
        ])  # fmt: skip
        better = ((target[test] - fitted[test]) ** 2).sum() - ((target[test] - ours) ** 2).sum()
        spread = ((target[test] - target[test].mean()) ** 2).sum()
        assert one.gain == pytest.approx(better / spread, abs=0.02)  # the house fits (a) from the twelfth hour on


def test_an_open_interest_of_nothing_is_unknown(lines, tmp_path):
    at = lines[0].split(",").index("oi_close")
    body = [lines[0]]
    for number, line in enumerate(lines[1:]):
        cells = line.split(",")
        body.append(",".join([*cells[:at], "0" if number % 9 == 4 else cells[at], *cells[at + 1 :]]))
    (tmp_path / "bars.csv").write_text("\n".join(body))
    bars = read_bars(tmp_path / "bars.csv")[0]
    assert np.flatnonzero(np.isnan(bars.open_interest_base[1:])).tolist() == list(range(4, 300, 9))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda lines: "\n".join(lines).encode("utf-16"), "no CSV in UTF-8"),
        (lambda _: bytes(range(256)), "no CSV in UTF-8"),
        (lambda _: b"", "it is empty"),
        (lambda lines: lines[0].encode(), "a header and no bars"),
        (lambda lines: "\n".join([*lines, lines[3].replace(",1000,", ",1001,")]).encode(), "lines 4 and 602 both say"),
        (
            lambda lines: "\n".join([*lines, "yesterday" + lines[3][20:]]).encode(),
            "line 602, open_time_utc: 'yesterday'",
        ),
        (lambda lines: "\n".join([*lines[:9], re.sub(r"USDT,", "USDT,x", lines[9])]).encode(), "line 10, open: 'x"),
        (lambda lines: "\n".join([*lines, lines[3].replace("BTCUSDT", "")]).encode(), "line 602 names no symbol"),
        (lambda lines: "\n".join([*lines, lines[3].replace("BTCUSDT", "ONE")]).encode(), "ONE: has one bar"),
        (lambda lines: "\n".join([*lines[:9], lines[9][:-2] + "-"]).encode(), "line 10"),
    ],
    ids=["utf-16", "binary", "empty", "header", "two truths", "time", "number", "symbol", "one bar", "mask"],
)
def test_what_cannot_be_read_is_said_with_its_line(lines, tmp_path, broken, said):
    (tmp_path / "bars.csv").write_bytes(broken(lines))
    with pytest.raises(InputError, match=said) as error:
        read_bars(tmp_path / "bars.csv")
    assert "bars.csv" in str(error.value)


def test_a_market_that_cannot_be_used_spoils_no_other(lines, tmp_path):
    (tmp_path / "bars.csv").write_text("\n".join([*lines, lines[3].replace("BTCUSDT", "ONE")]))
    usable, unusable = read_usable_bars(tmp_path / "bars.csv")
    assert [bars.symbol for bars in usable] == ["BTCUSDT", "ETHUSDT"]
    assert list(unusable) == ["ONE"]


def test_a_market_without_open_interest_is_named_and_the_others_are_answered(lines, predicted, tmp_path):
    """Predictions, scores and maps of the others, with the reason for the one left out."""
    held = [lines[0].split(",").index(name) for name in ("oi_open", "oi_close")]
    unknown = [line.replace("BTCUSDT", "BARE").split(",") for line in lines[1:] if ",BTCUSDT," in line]
    for cells in unknown:
        for at in held:
            cells[at] = ""
    table = tmp_path / "bars.csv"
    table.write_text("\n".join([*lines, *map(",".join, unknown)]))
    reported = predict_file(table, CUT, tmp_path / "pred.csv")
    scored = score_bars(table, CUT, None, None)
    shown = maps_of_file(table).liquidation_map("BTC")
    assert (tmp_path / "pred.csv").read_bytes() == predicted
    assert list(reported.calibration.absent) == list(scored.absent) == ["BARE"]
    assert "open interest" in scored.absent["BARE"]
    assert {one.symbol for one in scored.cards[0].series} == {"BTCUSDT", "ETHUSDT"}
    assert shown.as_of_ns
    with pytest.raises(InputError, match=r"BARE.*open interest"):
        maps_of_file(table).liquidation_map("BARE")


def test_a_table_of_which_nothing_can_be_used_says_why(lines, tmp_path):
    (tmp_path / "bars.csv").write_text("\n".join(lines[:2]))
    with pytest.raises(InputError, match=r"bars\.csv: \w+: has one bar"):
        read_usable_bars(tmp_path / "bars.csv")


def test_a_coin_hardly_known_before_the_cut_is_predicted_and_not_scored(lines, tmp_path):
    """No baseline, no gain over it: it is named, and the mean is that of the others."""
    start = format_instant(START_NS + 180 * NS_PER_HOUR)
    body = [line for line in lines if ",ETHUSDT," not in line or line >= start]
    (tmp_path / "bars.csv").write_text("\n".join(body))
    assert predict_file(tmp_path / "bars.csv", CUT, tmp_path / "pred.csv").row_count == 400
    card = score_bars(tmp_path / "bars.csv", CUT, None, None).cards[0]
    assert [one.symbol for one in card.series] == ["BTCUSDT", "BTCUSDT"]
    assert card.mean["gain"] == pytest.approx(np.mean([one.gain for one in card.series]))
    assert any(said.startswith("ETHUSDT longs are not scored: 8 bars") for said in card.sentences)


def test_a_walk_goes_on_over_a_stretch_that_is_not_known(lines, tmp_path):
    """Two days without liquidations have no card; the days before and after have theirs."""
    at = lines[0].split(",").index("liq_long_base")
    first, last = (format_instant(START_NS + hours * NS_PER_HOUR) for hours in (224, 272))
    body = [lines[0]]
    for line in lines[1:]:
        cells = line.split(",")
        body.append(",".join([*cells[:at], "", "", cells[-1]]) if first <= line < last else line)
    (tmp_path / "bars.csv").write_text("\n".join(body))
    cards = score_bars(tmp_path / "bars.csv", CUT, "24h", None).cards
    assert [(card.trained_until_ns - START_NS) // NS_PER_HOUR for card in cards] == [200, 272, 296]
    with pytest.raises(InputError, match="no bar after 2025"):
        score_bars(tmp_path / "bars.csv", "2025-01-01", "24h", None)


@pytest.mark.parametrize(("cut", "said"), [("2024-01-01", "0 bars"), ("2025-01-01", "until an earlier time")])
def test_a_cut_outside_the_bars_is_said(lines, tmp_path, cut, said):
    (tmp_path / "bars.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=said):
        predict_file(tmp_path / "bars.csv", cut, tmp_path / "pred.csv")
    with pytest.raises(InputError, match=said):
        score_bars(tmp_path / "bars.csv", cut, None, None)
    assert not (tmp_path / "pred.csv").exists()
