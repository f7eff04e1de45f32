"""Replaying is importing without keeping: the same numbers, from files and from data directories."""

from __future__ import annotations

import random

import force_orders
import pytest
from simulated import simulated, write_capture

BY = "coin,venue,position_side"


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """The squeeze as one feed handler's capture of four venues."""
    _, frames = simulated(11)
    return write_capture(tmp_path_factory.mktemp("capture") / "squeeze.ws.1.0", frames), len(frames)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Force orders, a day and a half."""
    path = tmp_path_factory.mktemp("table") / "orders.csv"
    path.write_text("\n".join(force_orders.recording(random.Random(4), 1_766_844_000_000, 300)), "utf-8")
    return path


def without(told, *keys):
    """A JSON answer less what only one command tells."""
    return {key: entry for key, entry in told.items() if key not in keys}


def assert_same_figures(one, other):
    """The same rows; sums may differ in the last digit of a double, never in a cent.

    The ceiling is left to the archive, which can look back at open interest: a replay says it does not know.
    """
    assert one["as_of"] == other["as_of"]
    assert len(one["rows"]) == len(other["rows"]) > 0
    key = lambda row: [str(row[name]) for name in ("coin", "venue", "symbol", "position_side")]  # noqa: E731
    for mine, theirs in zip(sorted(one["rows"], key=key), sorted(other["rows"], key=key), strict=True):
        assert mine["ceiling_usd"] is None
        for name, entry in without(mine, "ceiling_usd").items():
            if isinstance(entry, float):
                assert entry == pytest.approx(theirs[name], rel=1e-12, abs=1e-9), (name, key(mine))
            else:
                assert entry == theirs[name], (name, key(mine))


@pytest.mark.parametrize("window", ["10m", "24h"])
@pytest.mark.parametrize("kind", ["capture", "table"])
def test_replay_of_a_file_is_import_and_ask(keg, tmp_path, request, kind, window):
    """Every row of `replay FILE` is that of `import FILE` and `liquidations`, coverage and floor too."""
    recording = request.getfixturevalue(kind)
    path = recording[0] if kind == "capture" else recording
    replayed = keg("replay", path, "--window", window, "--by", BY, "--json")
    assert replayed.code == 0, replayed.err
    told = replayed.json
    assert keg("import", path, "--data", tmp_path / "keg").code == 0
    asked = keg(
        "liquidations", "--window", window, "--by", BY, "--as-of", told["as_of"], "--json", "--data", tmp_path / "keg"
    )
    assert_same_figures(told, asked.json)
    again = keg("replay", tmp_path / "keg", "--window", window, "--by", BY, "--json").json
    assert without(again, "records") == without(told, "records")


def test_a_capture_is_read_to_the_last_frame(keg, tmp_path, capture):
    """Every frame becomes at least one event, none is quarantined, and the receive time survives."""
    path, frames = capture
    result = keg("import", path, "--data", tmp_path / "keg", "--json").json["imports"][0]["result"]
    assert (result["rejects"], result["lines"]) == (0, frames + 4)
    assert result["events"].keys() >= {"liquidation", "trade", "mark_price", "open_interest"}
    assert sum(result["events"].values()) >= frames - 1


def test_replay_of_a_data_directory_is_the_answer_of_its_archive(keg, tmp_path):
    """The simulated recording, kept by `demo`: journals replayed and archive asked agree row by row."""
    assert keg("demo", "--seed", 5, "--data", tmp_path / "keg", "--json").code == 0
    told = keg("replay", tmp_path / "keg", "--window", "10m", "--by", BY, "--json").json
    asked = keg(
        "liquidations", "--window", "10m", "--by", BY, "--as-of", told["as_of"], "--json", "--data", tmp_path / "keg"
    ).json
    assert_same_figures(told, asked)
    assert asked["simulated"] is told["simulated"] is True


def test_replay_says_what_it_took_in(keg, table):
    """For people: the file, what became of it, the table."""
    answer = keg("replay", table)
    assert "300 liquidations" in answer.out
    assert "binance-usdm" in answer.out
    assert answer.err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing-here.csv"], "nothing-here.csv"),
        (["{table}", "--format", "nonsense"], "unknown format"),
        (["{table}", "--window", "24x"], "not a duration"),
        (["{table}", "--by", "side"], "position_side"),
        (["{table}", "--as-of", "1766844000"], "1766844000000"),
        (["{empty}"], "no journals"),
    ],
)
def test_bad_use_is_refused_with_exit_2(keg, tmp_path, table, arguments, said):
    """A sentence, no traceback, no output."""
    answer = keg("replay", *(argument.format(table=table, empty=tmp_path) for argument in arguments))
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
