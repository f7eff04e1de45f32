"""`powderkeg serve`, `watch --serve` and `demo`: as a person starts and stops them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from metrics_grammar import read_metrics
from web_kit import Events

from powderkeg.app.demo import run_demo
from powderkeg.web.gate.tokens import FILE_NAME, kept_hash, make_token

POWDERKEG = [sys.executable, "-m", "powderkeg.cli.main"]


def environment(tmp_path, **more):
    """This user's own settings stay out of it."""
    return {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "none"), "XDG_DATA_HOME": str(tmp_path / "none"), **more}


def run(tmp_path, *words, **more):
    """A command to its end."""
    return subprocess.run(
        [*POWDERKEG, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
        env=environment(tmp_path, **more),
    )


@contextlib.contextmanager
def started(tmp_path, *words, for_s=60):
    """A command that serves: its process, its first line and its address."""
    process = subprocess.Popen(
        [*POWDERKEG, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=for_s)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.communicate()


def gathered(listened, wanted, *, for_s=90):
    """The newest message of every topic, once all that are wanted came."""
    seen = {}
    deadline = time.monotonic() + for_s
    while not wanted <= set(seen):
        assert time.monotonic() < deadline, f"only {sorted(map(str, seen))} came"
        topic, _, content = next(listened)
        seen[topic] = content
    return seen


def children_of(pid):
    """Processes below one, by id."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *children_of(int(child))]
    return found


def is_alive(pid):
    """Whether a process runs, zombies not counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", "localhost.example.org"])
def test_beyond_this_machine_only_with_a_token(tmp_path, host):
    """S1: exit 2 before anything listens, and it says how."""
    answer = run(tmp_path, "serve", "--host", host, "--port", 0, "--data", tmp_path)
    assert answer.returncode == 2
    assert "--new-token" in answer.stderr
    assert answer.stdout == ""


def test_the_token_is_made_once_printed_once_and_kept_for_the_owner(tmp_path):
    """S1: 0600, a hash and not the token; the second start says nothing of it."""
    data = tmp_path / "data"
    first = run(tmp_path, "serve", "--data", data, "--port", 0, "--for", "1s")
    token = re.search(r"^token +(\S+)$", first.stdout, re.MULTILINE)[1]
    kept = data / FILE_NAME
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert token not in kept.read_text()
    second = run(tmp_path, "serve", "--data", data, "--port", 0, "--for", "1s")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "token" not in second.stdout
    kept.chmod(0o644)
    assert run(tmp_path, "serve", "--data", data, "--port", 0, "--for", "1s").returncode == 2


def test_beyond_this_machine_with_a_token_it_asks_for_it(tmp_path):
    """Bound to all addresses: 401 without, 200 with; its log and its page never hold the token."""
    data = tmp_path / "data"
    token = make_token(data)
    assert token != make_token(tmp_path / "other")
    words = ["serve", "--host", "0.0.0.0", "--port", 0, "--data", data, "--json"]
    with started(tmp_path, *words) as (process, told):
        assert httpx.get(told["address"] + "/metrics").status_code == 401
        with_token = httpx.get(told["address"] + "/metrics", headers={"Authorization": f"Bearer {token}"})
        assert with_token.status_code == 200
        assert token not in with_token.text
        assert kept_hash(data).hex() not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_secrets_stay_secret(tmp_path):
    """S14: a token in the settings shows in no output, no error, no command line of a child and no answer."""
    canary = "canary-4f1d9c-0123456789-abcdef"
    more = {"POWDERKEG__WEB__TOKEN": canary}
    shown = run(tmp_path, "config", "show", **more)
    refused = run(tmp_path, "serve", "--host", "0.0.0.0", "--port", "70000", "--data", tmp_path, **more)
    short = run(tmp_path, "serve", "--port", 0, "--data", tmp_path, POWDERKEG__WEB__TOKEN=canary[:20])
    assert short.returncode == 2
    for answer in (shown, refused, short):
        assert canary[:20] not in answer.stdout + answer.stderr
    process = subprocess.Popen(
        [*POWDERKEG, "serve", "--port", "0", "--json", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path, **more),
    )
    try:
        address = json.loads(process.stdout.readline())["address"]
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {canary}"}, timeout=30) as client:
            answers = [client.get(path).text for path in ("/metrics", "/schema", "/api/v1/health", "/nothing", "/?x=1")]
            answers.append(client.get("/api/v1/health", params={"venue": canary}).text.replace(f"'{canary}'", ""))
        family = [process.pid, *children_of(process.pid)]
        answers += [Path(f"/proc/{pid}/cmdline").read_text() for pid in family]
        assert not [text for text in answers if canary in text]
    finally:
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert canary.encode() not in out + errors


def test_serve_ends_cleanly_and_takes_its_workers_along(tmp_path, squeeze_dir):
    """Ctrl-C with an open stream: exit 0, nothing on standard error, no process left."""
    with contextlib.ExitStack() as held:
        words = ["serve", "--data", squeeze_dir, "--port", 0, "--json"]
        with started(tmp_path, *words) as (process, told):
            assert httpx.get(told["address"] + "/readyz", timeout=30).status_code == 200
            stream = held.enter_context(Events(int(told["address"].rpartition(":")[2])))
            workers = children_of(process.pid)
            assert workers
        list(stream)  # it ends by itself
    assert not [pid for pid in workers if is_alive(pid)]


def test_what_another_process_records_is_told_as_it_comes(tmp_path):
    """A server without a collector follows the directory: news, liquidations, then answers that have them."""
    data = tmp_path / "data"
    data.mkdir()
    with started(tmp_path, "serve", "--data", data, "--port", 0, "--json") as (_, told):
        with Events(int(told["address"].rpartition(":")[2])) as events:
            listened = iter(events)
            assert next(listened)[0] is None
            run_demo(seed=3, data_dir=data)
            seen = gathered(listened, {"liquidation", "data"})
        assert seen["liquidation"]["simulated"] is True
        answer = httpx.get(f"{told['address']}/api/v1/liquidations/totals?as_of=2026-09-16T15:00Z", timeout=30).json()
        assert sum(row["count"] for row in answer["rows"]) > 0


def test_a_port_that_is_taken_is_busy(tmp_path):
    """Exit 3, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        answer = run(tmp_path, "serve", "--port", other.getsockname()[1], "--data", tmp_path)
    assert answer.returncode == 3
    assert "--port" in answer.stderr


def test_the_demo_is_live_labeled_and_ends(tmp_path):
    """Simulated venues, the real collector, the dashboard: states, totals and liquidations come by themselves.

    And a day before them is there from the beginning, from which prices go on.
    """
    words = ["demo", "--serve", "--no-open", "--port", 0, "--json", "--data", tmp_path / "demo"]
    with started(tmp_path, *words) as (process, told):
        port = int(told["address"].rpartition(":")[2])
        with Events(port) as events:
            seen = gathered(iter(events), {"liquidation", "totals", "health", "data"})
        assert seen["totals"]["simulated"] is True
        assert set(seen["totals"]["windows"]) == {"1h", "4h", "12h", "24h"}
        assert {one["venue"] for one in seen["health"]["venues"]} == {"binance-usdm", "bybit", "okx", "bitget"}
        assert seen["liquidation"]["simulated"] is True
        assert set(seen["liquidation"]) >= {"at", "received_at", "coin", "notional_usd", "position_side", "coverage"}
        health = httpx.get(told["address"] + "/api/v1/health", timeout=30).json()
        assert (health["simulated"], bool(health["live"]["venues"])) == (True, True)
        metrics = read_metrics(httpx.get(told["address"] + "/metrics", timeout=30).text)
        for name in ("frames", "events", "gaps", "rejects"):
            assert (f"powderkeg_{name}_total", (("venue", "bybit"),)) in metrics
        assert metrics["powderkeg_web_untold_total", ()] == 0
        assert "powderkeg_stream_state" in {name for name, _ in metrics}
        totals = httpx.get(told["address"] + "/api/v1/liquidations/totals?window=1h", timeout=30).json()
        assert totals["simulated"] is True
        assert sum(row["count"] for row in totals["rows"]) > 0
        day = httpx.get(told["address"] + "/api/v1/liquidations/totals?window=24h&by=venue", timeout=30).json()
        assert {row["venue"] for row in day["rows"]} == {"binance-usdm", "bybit", "okx", "bitget"}
        assert min(row["coverage"] for row in day["rows"]) > 0.99
        asked = {"coin": "BTC", "window": "24h", "interval": "1h"}
        prices = httpx.get(told["address"] + "/api/v1/prices", params=asked, timeout=30).json()
        assert len(prices["rows"]) >= 24
        closes = [row["close_price"] for row in prices["rows"][-3:]]
        assert max(closes) < 1.02 * min(closes)
        family = children_of(process.pid)
    assert not [pid for pid in family if is_alive(pid)]


def test_the_printed_demo_still_ends_by_itself(tmp_path):
    """Without a terminal `powderkeg demo` prints and ends, as `make demo` in a script needs it."""
    answer = run(tmp_path, "demo")
    assert answer.returncode == 0
    assert "SIMULATED" in answer.stdout


def test_collection_goes_on_without_its_server(tmp_path):
    """Killing the server does not end the collector; it says so."""
    words = ["demo", "--serve", "--no-open", "--port", 0, "--json", "--data", tmp_path / "demo", "--exit-after", "12s"]
    process = subprocess.Popen(
        [*POWDERKEG, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path)
    )
    try:
        address = json.loads(process.stdout.readline())["address"]
        servers = [
            pid
            for pid in children_of(process.pid)
            if "powderkeg.web.process" in Path(f"/proc/{pid}/cmdline").read_text()
        ]
        assert len(servers) == 1
        os.kill(servers[0], signal.SIGKILL)
        time.sleep(1)
        with pytest.raises(httpx.TransportError):
            httpx.get(address + "/healthz", timeout=5)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert b"goes on without it" in errors
    finally:
        process.kill()
        process.communicate()
