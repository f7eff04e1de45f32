"""How long a person waits for `powderkeg --help`."""

from __future__ import annotations

import subprocess
import sys

from powderkeg.bench.base import Measure, best_seconds


def run() -> list[Measure]:
    """Wall time of the help text in a fresh process, and of the bare interpreter beside it."""
    help_s = best_seconds(
        lambda: subprocess.run([sys.executable, "-m", "powderkeg.cli.main", "--help"], check=True, capture_output=True)
    )
    bare_s = best_seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    return [
        Measure(name="powderkeg --help", figure=help_s * 1e3, unit="ms", claim="< 300 ms", holds=help_s < 0.3),
        Measure(name="bare interpreter", figure=bare_s * 1e3, unit="ms", note="for comparison"),
    ]
