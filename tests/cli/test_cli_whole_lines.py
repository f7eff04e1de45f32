"""Lines for programs are whole, however slow the program that reads them and whatever signal comes meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from time import sleep

import pytest

LINES = 12
PRINTING = f"""
import signal, sys
from powderkeg.cli.output import print_json

signal.signal(signal.SIGUSR1, lambda *_: None)
for number in range({LINES}):
    sys.stderr.write("x")
    sys.stderr.flush()
    print_json([number, *["word" * 20] * 300])
"""


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_a_signal_amid_a_waiting_line_takes_nothing_of_it(unbuffered):
    """Twelve lines of 25 kB into a pipe of 64 kB that nobody reads, signaled while they wait, read at last."""
    with subprocess.Popen(
        [sys.executable, "-c", PRINTING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as process:
        os.read(process.stderr.fileno(), 1)
        for _ in range(5):
            sleep(0.1)  # the third line waits by now, or a later signal finds it waiting
            process.send_signal(signal.SIGUSR1)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [json.loads(line)[0] for line in out.splitlines()] == list(range(LINES))
