"""What people read: empty is never silent, a mistake gets a sentence and an exit code, a narrow screen cuts nothing."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys

import force_orders
import pytest

START_MS = 1_766_844_000_000
AS_OF = "2025-12-28T14:00:00Z"
COMMANDS = ("demo", "replay", "import", "export", "liquidations", "doctor", "config", "config show", "bench")


@pytest.fixture
def data_dir(keg, tmp_path):
    """Force orders of a day and a half, all of Binance."""
    source = tmp_path / "orders.csv"
    source.write_text("\n".join(force_orders.recording(random.Random(6), START_MS, 300)), "utf-8")
    assert keg("import", source, "--data", tmp_path / "keg").code == 0
    return tmp_path / "keg"


def test_each_kind_of_nothing_has_its_own_sentence(keg, tmp_path, data_dir):
    """Nothing connected, venue silent by design, filtered out, not watched then, truly none: five answers."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    for arguments, said in (
        (["--data", nothing], "not connected: no liquidations are recorded here"),
        (["--data", data_dir, "--venue", "bybit", "--as-of", AS_OF], "not connected: no liquidations of bybit"),
        (["--data", data_dir, "--venue", "hyperliquid", "--as-of", AS_OF], "does not publish its liquidations"),
        (["--data", data_dir, "--coin", "XYZQQ", "--as-of", AS_OF], "filtered out; there are"),
        (["--data", data_dir, "--as-of", "2025-11-01"], "not watched then; what is recorded lies between"),
        (["--data", data_dir, "--window", "1ms", "--as-of", "2025-12-28T13:00:00Z"], "none in what was recorded"),
    ):
        answer = keg("liquidations", *arguments)
        assert answer.code == 0, answer.err
        assert said in " ".join(answer.out.split()), (arguments, answer.out)
        assert keg("liquidations", *arguments, "--json").json["rows"] == [] or said.startswith("none")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--as-of", "1766930400"], "did you mean 1766930400000"),
        (["--as-of", "yesterday"], "yesterday"),
        (["--window", "24"], "not a duration"),
        (["--window", "0h"], "not a duration"),
        (["--by", "side"], "position_side"),
        (["--by", "coin,coin"], "once"),
        (["--venue", "mtgox"], "binance-usdm"),
        (["--venue", "bybt"], "did you mean bybit"),
        (["--coin", "PEPEE"], "did you mean PEPE"),
        (["--coin", ""], "not a symbol"),
        (["--bars", "2d"], "1d"),
        (["--top", "-1"], "--top"),
        (["--nonsense"], "--nonsense"),
        (["--config", "absent.toml"], "absent.toml"),
    ],
)
def test_mistakes_get_a_sentence_and_exit_2(keg, data_dir, arguments, said):
    """On standard error, without a traceback, and nothing on standard output."""
    data = [] if "--config" in arguments else ["--data", data_dir]
    answer = keg("liquidations", *arguments, *data)
    assert (answer.code, answer.out) == (2, ""), answer
    assert said in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("command", ["liquidations", "export"])
def test_an_absent_data_directory_is_refused(keg, tmp_path, command):
    """And none is made."""
    answer = keg(command, "--data", tmp_path / "absent")
    assert answer.code == 2
    assert "import a file first" in answer.err
    assert not (tmp_path / "absent").exists()


def test_an_unknown_kind_of_file_lists_the_kinds(keg, tmp_path):
    """Exit 2; the other files of the same call are imported all the same."""
    (tmp_path / "shopping.txt").write_text("milk\neggs\n")
    good = tmp_path / "orders.csv"
    good.write_text("ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883281,3000.0\n")
    answer = keg("import", tmp_path / "shopping.txt", tmp_path / "gone.csv", good, "--data", tmp_path / "keg")
    assert answer.code == 2
    for kind in ("binance-force-orders", "binance-vision-aggtrades", "capture-feed-handler", "messages-json"):
        assert kind in answer.err
    assert "gone.csv" in answer.err
    assert "1 liquidation" in answer.out


def test_a_table_on_sixty_columns_keeps_its_figures_whole(keg, data_dir, monkeypatch):
    """Columns are left out and named rather than cut; every grouping fits."""
    monkeypatch.setenv("COLUMNS", "60")
    for by in ("coin", "coin,venue", "venue", "position_side", "coin,symbol,venue,position_side"):
        wide = keg("liquidations", "--by", by, "--as-of", AS_OF, "--top", "3", "--data", data_dir, "--json").json
        answer = keg("liquidations", "--by", by, "--as-of", AS_OF, "--top", "3", "--data", data_dir)
        lines = answer.out.splitlines()
        assert max(map(len, lines)) <= 60
        rows = [line for line in lines if "≥" in line and "floor" not in line]
        assert len(rows) == min(3, len(wide["rows"]))
        for line, row in zip(rows, wide["rows"], strict=False):
            figure = re.search(r"≥ ([\d.]+)( [kMB])?", line)
            shown = float(figure[1]) * {None: 1.0, " k": 1e3, " M": 1e6, " B": 1e9}[figure[2]]
            assert shown == pytest.approx(row["total_usd"], rel=0.006)
            assert all(row[key] in line for key in by.split(","))


def test_bars_fit_and_sum_to_the_total(keg, data_dir, monkeypatch):
    """The bars of a window add up to its total, and their chart fits the screen."""
    monkeypatch.setenv("COLUMNS", "60")
    ask = ("liquidations", "--as-of", AS_OF, "--data", data_dir)
    (total,) = keg(*ask, "--by", "venue", "--json").json["rows"]
    bars = keg(*ask, "--bars", "1h", "--json").json["rows"]
    assert len(bars) == 24
    assert sum(bar["total_usd"] for bar in bars) == pytest.approx(total["total_usd"], abs=0.005)
    assert max(map(len, keg(*ask, "--bars", "1h").out.splitlines())) <= 60


def test_colors_only_where_they_are_wanted(keg, data_dir, monkeypatch):
    """No escape codes into a pipe; none with NO_COLOR even where colors are forced otherwise."""
    ask = ("liquidations", "--as-of", AS_OF, "--data", data_dir)
    assert "\x1b" not in keg(*ask).out
    for name, setting in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor")):
        monkeypatch.setenv(name, setting)
    assert "\x1b[38;2;230;159;0m" in keg(*ask).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert re.search(r"\x1b\[[\d;]*[34][0-9]", keg(*ask).out) is None


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(keg, monkeypatch, command):
    """--help and -h end with 0 and fit sixty columns."""
    monkeypatch.setenv("COLUMNS", "60")
    answer = keg(*command.split(), "--help")
    assert answer.code == 0
    assert command.rpartition(" ")[2] in answer.out
    assert keg(*command.split(), "-h").out == answer.out


def test_every_answer_can_be_had_as_json_from_any_data_directory(keg):
    """Every command has --json; those that work on a data directory have --data."""
    for command in COMMANDS:
        told = keg(*command.split(), "--help").out
        assert command == "config" or "--json" in told, command
        assert command in ("config", "config show", "replay", "bench") or "--data" in told, command


def test_config_show_tells_where_a_setting_comes_from(keg, tmp_path, monkeypatch):
    """The environment wins over the file; --data of a command wins over both."""
    path = tmp_path / "c.toml"
    path.write_text(f'[data]\ndir = "{tmp_path}/from-file"\n')
    rows = {row["name"]: row for row in keg("config", "show", "--config", path, "--json").json["settings"]}
    assert rows["data.dir"]["current"] == f"{tmp_path}/from-file"
    monkeypatch.setenv("POWDERKEG__DATA__DIR", f"{tmp_path}/from-environment")
    rows = {row["name"]: row for row in keg("config", "show", "--config", path, "--json").json["settings"]}
    assert (rows["data.dir"]["current"], rows["data.dir"]["default"]) == (f"{tmp_path}/from-environment", "")
    assert "from-environment" in keg("liquidations").err
    assert "named" in keg("liquidations", "--data", tmp_path / "named").err
    monkeypatch.setenv("POWDERKEG__DATA__DIRR", "x")
    mistake = keg("config", "show")
    assert mistake.code == 2
    assert "did you mean dir" in mistake.err


def test_a_reader_that_goes_away_is_no_error(data_dir):
    """`powderkeg ... | head -1`, as a real process: exit 0 and nothing on standard error."""
    command = [sys.executable, "-m", "powderkeg.cli.main", "liquidations", "--as-of", AS_OF, "--top", "0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "POWDERKEG__DATA__DIR": str(data_dir)},
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0
