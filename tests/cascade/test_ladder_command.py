"""`powderkeg ladder` and the Python way to it: tables, recorded books, archives, words, pictures."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from powderkeg.app.cascade_depth import DepthChoice, depth_for
from powderkeg.app.cascade_ladder import ask
from powderkeg.app.cascade_loading import inputs_of_table
from powderkeg.app.cascade_question import question_of
from powderkeg.app.cascade_words import millions, told_rungs
from powderkeg.cli.main import app
from powderkeg.domain.errors import InputError


def run(*words):
    return CliRunner().invoke(app, ["ladder", *map(str, words)], catch_exceptions=False)


@pytest.fixture
def tables(tmp_path):
    """A heap of shorts at 95,000 to 96,000 in an even book, and thin longs below; price 94,000."""
    fuel, depth = tmp_path / "fuel.csv", tmp_path / "depth.csv"
    prices = np.arange(85_000.0, 105_000.0, 10.0) + 5.0
    heap = (prices > 95_000) & (prices < 96_000)
    shorts = np.where(heap, 3.1e6, np.where(prices > 94_000, 0.2e6, 0.0))
    longs = np.where(prices < 94_000, 0.1e6, 0.0)
    rows = zip(prices, longs, shorts, strict=True)
    fuel.write_text("price,long_usd,short_usd\n" + "".join(f"{p},{a},{b}\n" for p, a, b in rows))
    depth.write_text("price,bid_usd,ask_usd\n" + "".join(f"{p},1.9e6,1.9e6\n" for p in prices))
    return fuel, depth


def of_tables(tables):
    fuel, depth = tables
    return "BTC", "--fuel", fuel, "--depth", depth, "--price", 94_000


def test_a_rung_is_told_in_a_sentence(tables):
    """Trigger, width, fuel, depth, R and the stop, in words; the table and what it rests on follow."""
    shown = " ".join(run(*of_tables(tables), "--shock-usd", "500e6").stdout.split())
    assert "Through 95,00" in shown
    assert "of shorts against 190 M of asks, R = 1.63; the book catches up at 96," in shown
    assert "→" in shown
    assert "fuel: given, fuel.csv" in shown
    assert "100% of every liquidation reaches the book" in shown


def test_json_holds_the_same_ladder(tables, tmp_path):
    """Rungs as rows, with the numbers of the closed form; a picture beside it."""
    picture = tmp_path / "ladder.svg"
    found = json.loads(run(*of_tables(tables), "--shock-usd", "50e6", "--json", "--out", picture).stdout)
    assert (found["coin"], found["method"], found["outcome"]) == ("BTC", "modelled", "stopped")
    # 50 M against 190 k less 20 k a dollar: 294.1 dollars farther, to a bin's spreading of levels.
    assert found["price_end"] == pytest.approx(94_000 + 50e6 / 170e3, abs=15.0)
    assert found["amplification"] == pytest.approx(190 / 170, rel=0.02)
    (rung,) = [row for row in found["rows"] if row["fuel_usd"] > 1e8]
    assert rung["price_trigger"] == pytest.approx(95_000, abs=20)
    assert rung["reproduction"] == pytest.approx(3.1 / 1.9, rel=0.02)
    assert not rung["is_reached"]
    bins = found["bins"]
    assert len(bins["price"]) == len(bins["fuel_usd"]) + 1 == len(bins["depth_usd"]) + 1
    farthest = found["steps"][-1]
    ends = zip(bins["price"][1:], bins["fuel_usd"], strict=True)
    within = [usd for price, usd in ends if price <= farthest["price_to"] * (1 + 1e-9)]
    assert sum(within) == pytest.approx(farthest["fuel_total_usd"])
    assert bins["price"][-1] >= 1.06 * bins["price"][0]  # what a chart can show, whatever the shock
    assert set(found["fuel"]) == {"method", "sources", "as_of"}
    assert picture.read_text().count("<svg") == 1


def test_a_price_to_reach_tells_the_shock(tables):
    """Fuel on the way by plain sums; the shock is that of the ladder's inverse."""
    found = json.loads(run(*of_tables(tables), "--to", 94_500, "--json").stdout)
    assert found["liquidated_usd"] == pytest.approx(50 * 0.2e6, rel=0.03)
    assert found["target"]["shock_usd"] == pytest.approx(50 * 1.7e6, rel=0.03)
    long = json.loads(run(*of_tables(tables), "--to", 93_000, "--side", "long", "--json").stdout)
    assert long["liquidated_usd"] == pytest.approx(100 * 0.1e6, rel=0.03)
    assert long["price_end"] == pytest.approx(93_000, abs=20)
    assert "net selling" in long["summary"]


def test_stress_and_market_share_change_what_they_say(tables):
    """A book ten times thinner goes at least ten times as far; nothing reaching the book, fuel adds nothing."""
    calm, thin, held = (
        json.loads(run(*of_tables(tables), "--shock-usd", "5e6", "--json", *more).stdout)
        for more in ([], ["--stress", "10"], ["--market-share", "0"])
    )
    assert math.log(thin["price_end"] / 94_000) >= 9.9 * math.log(calm["price_end"] / 94_000)
    assert held["amplification"] == 1.0
    assert "10 times thinner" in thin["assumptions"]["depth: stress"]


def test_a_total_is_a_book_of_the_power_law(tables):
    """--depth-usd swept as it is and through the power law with 1/γ as its shape are the same book."""
    words = ["BTC", "--fuel", tables[0], "--price", 94_000, "--depth-usd", "200e6", "--shock-usd", "80e6", "--json"]
    swept, power = (json.loads(run(*words, "--impact", one).stdout) for one in ("sweep", "power"))
    assert swept["price_end"] == pytest.approx(power["price_end"])
    assert swept["depth"]["within_usd"] == 200e6
    assert swept["depth"]["method"] == "assumed"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--shock-usd", "1e6", "--to", "95000"], "one of them"),
        ([], "one of them"),
        (["--shock-usd", "1e6", "--depth-usd", "1e6"], "both say"),
        (["--shock-usd", "1e6", "--as-of", "2026-01-13"], "instead of a map"),
        (["--shock-usd", "1e6", "--side", "up"], "side is 'up'"),
        (["--shock-usd", "1e6", "--impact", "cubic"], "unknown impact"),
        (["--shock-usd", "1e6", "--impact", "sqrt"], "two days of bars"),
        (["--shock-usd", "1e6", "--stress", "wild"], "stress is 'wild'"),
        (["--shock-usd", "1e6", "--stress", "0.5"], "at least 1"),
        (["--shock-usd", "-1"], "not negative"),
        (["--to", "90000"], "not above"),
        (["--to", "900000"], "beyond the grid"),
        (["--shock-usd", "1e6", "--shape", "0"], "shape"),
    ],
    ids=str,
)
def test_bad_questions_are_refused_with_a_sentence(tables, more, said):
    more = [*more, "--depth-usd", "1e8"] if "--shape" in more else more
    words = of_tables(tables)[:3] if "--shape" in more else of_tables(tables)
    with pytest.raises(InputError, match=said):
        run(*words, *(["--price", 94_000] if "--shape" in more else []), *more)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price\n", "no table of fuel"),
        ("price,short_usd\n", "no rows"),
        ("price,short_usd\n100,x\n", "line 2: short_usd is 'x'"),
        ("price,short_usd\n100,-5\n", "line 2"),
        ("price,short_usd\n0,5\n", "line 2: price"),
        ("price,short_usd\n100\n", "line 2"),
    ],
    ids=str,
)
def test_tables_that_cannot_be_read_name_the_line(tmp_path, text, said):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        inputs_of_table("BTC", path, 100.0)
    with pytest.raises(InputError, match="give --price"):
        inputs_of_table("BTC", path, None)
    with pytest.raises(InputError, match="no file"):
        inputs_of_table("BTC", tmp_path / "absent.csv", 100.0)


def test_one_side_of_a_table_may_be_missing(tmp_path):
    """Then that side is empty, and it is said."""
    path = tmp_path / "fuel.csv"
    path.write_text("price,short_usd\n101,5e6\n102,1e6\n90,7\n")
    inputs = inputs_of_table("BTC", path, 100.0)
    assert inputs.fuel["long"].fuel_usd.sum() == 0.0
    assert inputs.fuel["short"].fuel_usd.sum() == 6e6
    report = ask(inputs, question_of(side="long", shock_usd=1e6))
    assert "no long_usd" in report.assumptions["fuel: missing"]
    assert told_rungs(report) == []


def test_depth_of_a_coin_nobody_measured_is_asked_for():
    """A published figure where there is one, with its source; else an error that says what to give."""
    known = depth_for("BTC", 100.0, None, DepthChoice(), None)["short"]
    assert (known.method, known.within_usd) == ("assumed", 244e6)
    assert "October 2025" in known.source
    with pytest.raises(InputError, match="--depth-usd"):
        depth_for("OBSCURE", 100.0, None, DepthChoice(), None)


@given(usd=st.floats(0, 1e12))
def test_dollars_are_said_to_three_digits(usd):
    """At most eight characters, within half a percent (or half a dollar) of the number."""
    said = millions(usd)
    factor = {"B": 1e9, "M": 1e6, "k": 1e3, "USD": 1.0}.get(said.split()[-1], 1.0)
    assert len(said) <= 8
    assert float(said.split()[0]) * factor == pytest.approx(usd, rel=0.006, abs=0.5)
