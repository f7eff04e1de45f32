"""What tests of sweeps share."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FUEL = "price,long_usd,short_usd\n98000,40000000,0\n97000,90000000,0\n102000,0,60000000\n103000,0,120000000\n"
SWEEP = """
kind = "simulate"
[base]
fuel = "fuel.csv"
price = 100000.0
horizon = "6h"
paths = 2000
levels = [102000.0]
depth_usd = 5e7
[grid]
coin = ["BTC", "ETH"]
shock_usd = [0.0, 3e7, 6e7]
[sample]
count = 3
[sample.uniform]
daily_sigma = [0.02, 0.05]
"""


@pytest.fixture
def sweep_file(tmp_path):
    """A sweep of eighteen small simulations beside its table of fuel."""
    (tmp_path / "fuel.csv").write_text(FUEL)
    path = tmp_path / "squeeze.toml"
    path.write_text(SWEEP)
    return path


@pytest.fixture(scope="session")
def child_env():
    """The environment of a child that can import the product and the tests' work functions."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)]),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # Ray lets nobody in without the cluster's token; the cluster of these tests gets one of its own.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


def sweep_command(sweep_file, out, *options):
    return [sys.executable, "-m", "powderkeg.cli.main", "sweep", str(sweep_file), "--out", str(out), *options]


def run_sweep_cli(sweep_file, out, env, *options):
    """Run a sweep to its end; what it printed."""
    done = subprocess.run(
        sweep_command(sweep_file, out, *options), env=env, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def kill_when_some_are_done(sweep_file, out, env, *options):
    """Start a sweep and SIGKILL it and its processes once a few parts are written; how many there are then."""
    child = subprocess.Popen(
        sweep_command(sweep_file, out, *options),
        env=env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 200
    while len(finished(out)) < 2 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    told = child.communicate()[1]
    assert child.returncode == -signal.SIGKILL, told.decode()[-2_000:]
    return len(finished(out))


def finished(out):
    return sorted(out.glob("parts/*.sha256"))
