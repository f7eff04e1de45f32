"""`powderkeg position`: JSON for programs, 80 columns for people, exit code 2 for bad use."""

from __future__ import annotations

import io
import json
import re

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from powderkeg.app.position import position_report
from powderkeg.app.position_inputs import PositionQuery
from powderkeg.cli.position import position
from powderkeg.cli.position_view import print_position
from powderkeg.domain.errors import InputError

ARGUMENTS = [
    *("--venue", "binance-usdm", "--symbol", "BTCUSDT", "--side", "short"),
    *("--qty", "1", "--entry", "94000", "--leverage", "25"),
]

app = typer.Typer()
app.command()(position)


def run(*more):
    return CliRunner().invoke(app, [*ARGUMENTS, *more])


def test_json_is_one_object_with_the_tier_used():
    """The example of the documentation: the notional at the price lies inside the tier it was computed with."""
    done = run("--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    tier = answer["tier"]
    assert tier["floor"] <= answer["qty"] * answer["liquidation_price"] < tier["cap"]
    assert answer["method"] == "modeled"
    assert answer["assumptions"]
    assert answer["unknown"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        (["--qty", "nan"], "qty"),
        (["--qty", "0"], "qty"),
        (["--entry", "-1"], "entry_price"),
        (["--leverage", "nan"], "leverage"),
        (["--leverage", "126"], "the limit is 100"),
        (["--horizon", "soon"], "not a duration"),
    ],
)
def test_bad_use_is_an_input_error_with_exit_code_two(more, field):
    """The message names the field; the program answers 2."""
    done = run(*more)
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
    assert field in str(done.exception)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tranches": 25, "to_price": 97_000.0},
        {"venue": "deribit", "symbol": "BTC-PERPETUAL", "qty": 1e7},
        {"venue": "okx", "symbol": "PEPE-USDT-SWAP", "qty": 1e9, "entry_price": 0.00001234},
        {"position_side": "long", "leverage": 1.0, "qty": 9_000.0},
    ],
)
def test_people_get_it_in_eighty_columns(change):
    """Every line fits, prices come first, and what is assumed and unknown is said."""
    query = {
        "venue": "binance-usdm",
        "symbol": "BTCUSDT",
        "position_side": "short",
        "qty": 1.0,
        "entry_price": 94_000.0,
        "leverage": 10.0,
    }
    out = Console(file=io.StringIO(), width=80, highlight=False)
    print_position(position_report(PositionQuery(**{**query, **change})), out=out)
    text = out.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 80
    for word in ("liquidation", "bankruptcy", "tier", "funding", "survives", "assumed:", "unknown:"):
        assert word in text
    assert not re.search(r"\b(nan|inf|None)\b", text)
