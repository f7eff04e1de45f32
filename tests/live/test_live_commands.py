"""`collect`, `watch` and `demo --live` as a person runs them, against simulated venues on real sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from powderkeg.app.live.markets import DEFAULT_VENUES, main_perpetual, symbols_of
from powderkeg.app.live.running import options_of
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.query import Database
from powderkeg.venues import VENUES

COINS = ("BTC", "ETH", "SOL", "DOGE", "PEPE")


def powderkeg(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "powderkeg.cli.main", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "120"},
        **options,
    )


@pytest.fixture
def simulator(tmp_path):
    """Two simulated venues in another process; their overrides as words of a command."""
    ports = tmp_path / "ports.json"
    words = ["--venues", "bybit,okx", "--rate", "3000", "--seconds", "60", "--now", "--bound", "60"]
    with subprocess.Popen(
        [sys.executable, "-m", "powderkeg.testing.venues", *words, "--port-file", str(ports)]
    ) as process:
        deadline = time.monotonic() + 30
        while not ports.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        urls = json.loads(ports.read_bytes())["base_urls"]
        yield [word for venue, url in urls.items() for word in ("--url-override", f"{venue}={url}")]
        process.terminate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_r14_collect_records_until_it_is_told_to_stop(tmp_path, simulator, end):
    """Status lines come, the stop is orderly: exit 0, connections closed, and all that was taken is stored."""
    command = ["collect", "--coin", "BTC", "--data", tmp_path / "d", "--every", "500ms", "--json", *simulator]
    with powderkeg(*command) as process:
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        with powderkeg(*command) as second:
            _, refusal = second.communicate(timeout=30)
        process.send_signal(end)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert (second.returncode, "in use" in refusal) == (3, True)
    last = json.loads(rest.splitlines()[-1])
    assert lines[0]["simulated"]
    assert last["counters"]["frames"] == last["counters"]["durable_records"] > 0
    (path,) = journal_paths(tmp_path / "d")
    with JournalReader(path) as reader:
        assert reader.meta.kind == "simulated"
        assert reader.progress.records == last["counters"]["frames"]
        assert all(connection.closed_ns for connection in reader.connections.values())
    counted = sum(row["count"] for row in last["windows"]["24h"]["rows"])
    with Database(tmp_path / "d") as database:
        assert database.rows("SELECT count(*) AS orders FROM liquidation") == [{"orders": counted}]


def test_watch_prints_snapshots_and_leaves_by_itself(tmp_path, simulator):
    """With `--json` a snapshot a line, four a second at most; without a terminal a status line a second."""
    with powderkeg("watch", "BTC", "--for", "3s", "--data", tmp_path / "d", "--json", *simulator) as process:
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    snapshots = [json.loads(line) for line in out.splitlines()]
    assert 3 <= len(snapshots) <= 13
    assert set(snapshots[-1]["windows"]) == {"1h", "4h", "12h", "24h"}
    assert {venue["venue"] for venue in snapshots[-1]["venues"]} == {"bybit", "okx"}
    assert {"LIVE"} <= {state for venue in snapshots[-1]["venues"] for state in venue["states"].values()}
    with powderkeg("watch", "BTC", "--for", "2500ms", "--data", tmp_path / "d", *simulator) as process:
        out, _ = process.communicate(timeout=30)
    assert "SIMULATED" in out
    assert "frames/s" in out


def test_demo_live_says_what_was_told_and_what_is_true():
    """Everything sent is stored; no venue's floor is above its truth; all of it is marked as simulated."""
    with powderkeg("demo", "--live", "--seconds", "5", "--json") as process:
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    told = json.loads(out)
    assert told["simulated"]
    assert told["sent"] == told["stored"] > 10_000
    seen = dict.fromkeys(told["truth_usd"], 0.0)
    for row in told["windows"]["24h"]["rows"]:
        seen[row["venue"]] += row["total_usd"]
    assert seen == pytest.approx(told["told_usd"], abs=0.01)
    assert all(seen[venue] <= truth + 0.01 for venue, truth in told["truth_usd"].items())
    assert seen["binance-usdm"] < 0.5 * told["truth_usd"]["binance-usdm"]


def test_every_venue_has_a_name_for_the_main_coins():
    """The name chosen is a contract of that coin, by the venue's own rules."""
    for venue in VENUES:
        for coin in COINS:
            assert coin_of(VENUES[venue].infer_instrument(main_perpetual(venue, coin)).symbol) == coin
    assert main_perpetual("lighter", "NOSUCHCOIN") is None
    assert set(symbols_of(["btc"], ())) == set(DEFAULT_VENUES)
    assert symbols_of(["BTC", "btc", "1000PEPE"], ["binance"]) == {"binance-usdm": ("BTCUSDT", "1000PEPEUSDT")}


@pytest.mark.parametrize("words", [{"coins": []}, {"coins": ["B/C"]}, {"venues": ["mtgox"]}, {"overrides": ["bybit"]}])
def test_words_that_cannot_be_read_are_named(tmp_path, words):
    """Bad use is an input error, before anything is connected or written."""
    with pytest.raises(InputError):
        options_of(words.pop("coins", ["BTC"]), data_dir=tmp_path / "d", **words)
    assert not (tmp_path / "d").exists()


def test_simulated_and_real_recordings_do_not_share_a_directory(tmp_path):
    """Neither way round: totals must never mix them."""
    from live_kit import Bench

    Bench(tmp_path / "real").start().session.stop()
    Bench(tmp_path / "made", kind="simulated").start().session.stop()
    override = ["bybit=ws://127.0.0.1:1"]
    assert options_of(["BTC"], data_dir=tmp_path / "made", overrides=override).kind == "simulated"
    assert options_of(["BTC"], data_dir=tmp_path / "real").kind == "live"
    for folder, overrides in (("real", override), ("made", [])):
        with pytest.raises(InputError, match="mixed"):
            options_of(["BTC"], data_dir=tmp_path / folder, overrides=overrides)
