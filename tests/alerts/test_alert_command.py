"""`powderkeg alerts` and alerts beside sessions, as a person runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sink_kit import serving, told

from powderkeg.app.alerts.plan import is_wanted, plan_of
from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.app.config import load_config, settings
from powderkeg.app.library import Library
from powderkeg.domain.errors import ConfigError
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_MINUTE
from powderkeg.store.lock import FileLock, make_private

CANARY = "s3cr3tcanary"


def powderkeg(*words, **environ):
    return subprocess.run(
        [sys.executable, "-m", "powderkeg.cli.main", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "COLUMNS": "80", **environ},
    )


def config(tmp_path, **lines):
    path = tmp_path / "config.toml"
    path.write_text("[alerts]\n" + "".join(f"{name} = {json.dumps(held)}\n" for name, held in lines.items()))
    return path


def cascading(data_dir, needed_usd=5e6):
    """Coins and sides with five minutes of at least so much, by looking at every order's five minutes."""
    with Library(data_dir) as library:
        rows = library.events("liquidation").to_pylist()
    found = set()
    for symbol, side in {(row["symbol"], row["position_side"]) for row in rows}:
        alike = [row for row in rows if (row["symbol"], row["position_side"]) == (symbol, side)]
        stamps = np.array([row["ts_event_ns"] for row in alike])
        dollars = np.array([row["notional_usd"] for row in alike])
        first_ns = (stamps // NS_PER_MINUTE - 4) * NS_PER_MINUTE
        sums = [
            dollars[(stamps >= first) & (stamps <= last)].sum() for first, last in zip(first_ns, stamps, strict=True)
        ]
        if max(sums) >= needed_usd:
            found.add(f"{coin_of(symbol)} {side}s")
    return found


def test_preview_tells_what_would_have_been_sent(squeeze_dir):
    """The squeeze gives cascades; their times are those of the events; nothing is written."""
    before = sorted(path.name for path in squeeze_dir.iterdir())
    answer = powderkeg("alerts", "preview", "--data", squeeze_dir, "--json")
    told = json.loads(answer.stdout)
    assert told["simulated"]
    assert (
        {row["subject"] for row in told["rows"] if row["rule"] == "cascade_started"} == cascading(squeeze_dir) != set()
    )
    assert all("2026-09-16T14:5" in row["at"] for row in told["rows"])
    assert told["alert_count"] == len(told["rows"]) == len(told["messages"])
    assert sorted(path.name for path in squeeze_dir.iterdir()) == before
    shown = powderkeg("alerts", "preview", "--data", squeeze_dir).stdout
    assert "SIMULATED" in shown
    assert "BTC: a cascade started" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_preview_reads_the_map_where_it_is_asked_to(squeeze_dir):
    """As it stood every two minutes; a map of minutes gives no alert about fuel, and a coin without one its reason."""
    words = ("--json", "--map", "--start", "2026-09-16T14:55:00Z", "--end", "2026-09-16T15:00:00Z")
    asked = {"POWDERKEG__ALERTS__MAP_EVERY": "2m", "POWDERKEG__ALERTS__COINS": "BTC,XRP"}
    told = json.loads(powderkeg("alerts", "preview", "--data", squeeze_dir, *words, **asked).stdout)
    assert told["with_map"]
    assert list(told["missing"]) == ["XRP"]
    assert {row["rule"] for row in told["rows"]} <= {"cascade_started", "large_liquidation", "reproduction_above_one"}


def test_list_shows_modes_and_never_an_address(tmp_path):
    url = f"https://discord.com/api/webhooks/123456/{CANARY}"
    path = config(tmp_path, discord_url=url, quiet_hours="22:00-07:00", funding_extreme="silent")
    answer = powderkeg("alerts", "list", "--config", path, "--json")
    told = json.loads(answer.stdout)
    assert {row["rule"]: row["mode"] for row in told["rules"]}["funding_extreme"] == "silent"
    assert {row["sink"]: row["is_set"] for row in told["sinks"]}["discord"]
    plain = powderkeg("alerts", "list", "--config", path)
    shown = powderkeg("config", "show", "--config", path)
    assert "quiet 22:00 to 07:00 UTC" in plain.stdout
    assert CANARY not in answer.stdout + answer.stderr + plain.stdout + plain.stderr + shown.stdout + shown.stderr


def test_test_sends_one_message_and_says_what_came_of_it(tmp_path):
    with serving((200, {}, b""), (401, {}, b"")) as server:
        path = config(tmp_path, webhook_url=f"http://{server.address}/", allow="127.0.0.1")
        sent = powderkeg("alerts", "test", "webhook", "--config", path)
        refused = powderkeg("alerts", "test", "webhook", "--config", path, "--json")
        assert [body["title"] for body in told(server)] == ["powderkeg: this is a test"] * 2
    assert (sent.returncode, "sent" in sent.stdout) == (0, True)
    assert (refused.returncode, json.loads(refused.stdout)["outcome"]) == (1, "unauthorized")
    blocked = powderkeg("alerts", "test", "webhook", "--config", config(tmp_path, webhook_url="http://127.0.0.1:1/"))
    assert (blocked.returncode, "not a public address" in blocked.stdout) == (1, True)


@pytest.mark.parametrize("sink", ["telegram", "pigeon"])
def test_a_sink_that_is_not_set_or_not_known_is_bad_use(tmp_path, sink):
    answer = powderkeg("alerts", "test", sink, "--config", config(tmp_path))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert sink in answer.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"telegram_ur": "x"}, "did you mean telegram_url"),
        ({"feed_gap": "loud"}, "feed_gap"),
        ({"gap_s": 0}, "> 0"),
        ({"dashboard": "ftp://x"}, "dashboard"),
    ],
    ids=str,
)
def test_wrong_settings_are_named(tmp_path, line, message):
    with pytest.raises(ConfigError, match=message):
        load_config(config(tmp_path, **line), {})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"quiet_hours": "late"}, "22:00-07:00"),
        ({"zone": "Mars/Base", "quiet_hours": "22:00-07:00"}, "no time zone"),
        ({"digest": "often"}, r"\[alerts\]"),
        ({"map_every": "5s"}, "once a minute"),
        ({"allow": "10.0.0.0/99"}, "no network"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_named(line, message):
    with pytest.raises(ConfigError, match=message):
        plan_of(AlertSettings(**line))


def test_addresses_are_redacted_in_the_table_of_settings():
    told = {row.name: row.current for row in settings(load_config(environ={"POWDERKEG__ALERTS__MAIL_URL": CANARY}))}
    assert told["alerts.mail_url"] == "***"


def test_alerts_run_where_a_sink_or_the_switch_is_set():
    assert not is_wanted(AlertSettings())
    assert is_wanted(AlertSettings(enabled=True))
    assert is_wanted(AlertSettings(slack_url="slack://x"))


def order(data_dir, **more):
    return (
        json.dumps({"data_dir": str(data_dir), "settings": {"enabled": True, **more}, "turn_s": 0.1}).encode() + b"\n"
    )


def worker():
    return subprocess.Popen(
        [sys.executable, "-m", "powderkeg.app.alerts.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_worker_ends_with_its_input_and_is_alone(tmp_path):
    """Whoever started it dies: it ends. Another one watches already: it says so and exits 3."""
    with worker() as process:
        process.stdin.write(order(tmp_path))
        process.stdin.flush()
        outbox = tmp_path / "alerts" / "outbox.sqlite"
        deadline = time.monotonic() + 30
        while not outbox.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.stdin.close()
        assert process.wait(30) == 0
    make_private(tmp_path / "alerts")
    with FileLock(tmp_path / "alerts" / "watch.lock", "the watch"), worker() as process:
        out, err = process.communicate(order(tmp_path), timeout=30)
        assert (process.returncode, json.loads(out)["exit_code"], err) == (3, 3, b"")


@pytest.mark.parametrize(
    "command", [("collect", "--coin", "BTC"), ("watch", "BTC"), ("serve", "--port", "0")], ids=" ".join
)
def test_a_session_does_not_start_towards_an_address_that_is_not_public(tmp_path, command):
    """Refused when it is set, before anything is collected or sent; the address is not shown."""
    path = config(tmp_path, webhook_url=f"http://169.254.169.254/{CANARY}")
    answer = powderkeg(*command, "--data", tmp_path / "d", "--config", path, "--for", "20s")
    assert answer.returncode == 2
    assert "169.254.169.254" in answer.stderr
    assert "alerts.allow" in answer.stderr
    assert CANARY not in answer.stdout + answer.stderr
    assert not (tmp_path / "d" / "journal").exists()


def test_serving_watches_for_alerts_beside(tmp_path):
    """`powderkeg serve` has what other processes record watched, and ends the watch with itself."""
    answer = powderkeg("serve", "--port", "0", "--data", tmp_path, "--for", "4s", POWDERKEG__ALERTS__ENABLED="true")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "alerts" / "outbox.sqlite").exists()
    with FileLock(tmp_path / "alerts" / "watch.lock", "the watch"):
        pass


def test_collecting_tells_alerts_beside(tmp_path):
    """`powderkeg collect` with a webhook: alerts arrive, are shown, are kept, and the stop is orderly."""
    ports = tmp_path / "ports.json"
    words = ["--venues", "bybit,okx", "--rate", "300", "--seconds", "60", "--now", "--bound", "60"]
    simulator = [sys.executable, "-m", "powderkeg.testing.venues", *words, "--port-file", str(ports)]
    with serving() as server, subprocess.Popen(simulator) as venues:
        path = config(
            tmp_path, webhook_url=f"http://{server.address}/", allow="127.0.0.1", liquidation_min_usd=1.0, coins="BTC"
        )
        deadline = time.monotonic() + 30
        while not ports.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        urls = json.loads(ports.read_bytes())["base_urls"]
        overrides = [word for venue, url in urls.items() for word in ("--url-override", f"{venue}={url}")]
        command = [sys.executable, "-m", "powderkeg.cli.main", "collect", "--coin", "BTC", "--config", str(path)]
        command += ["--data", str(tmp_path / "d"), *overrides]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + 40
            while not server.requests and time.monotonic() < deadline:
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=40)
        venues.terminate()
        titles = [body["title"] for body in told(server)]
    assert process.returncode == 0, errors
    assert titles
    assert all(title.startswith("SIMULATED: ") for title in titles)
    assert "! SIMULATED: " in errors
    history = json.loads(powderkeg("alerts", "history", "--data", tmp_path / "d", "--json").stdout)
    assert "sent" in {one["state"] for row in history["rows"] for one in row["deliveries"]}
    shown = powderkeg("alerts", "history", "--data", tmp_path / "d").stdout
    assert "webhook sent" in shown
