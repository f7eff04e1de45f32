"""The ladder's loops without the compiler: the same laws hold for the text as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_suite_passes_without_compilation():
    """Sweep, rungs and reach, interpreted (`NUMBA_DISABLE_JIT=1`)."""
    chosen = "slow_twin or rungs_are or shock_to_reach or closed_form"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-k", chosen, str(HERE / "test_ladder.py")],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
