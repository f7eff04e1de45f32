"""Sweeps as a person runs them, to their end or killed on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time


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
