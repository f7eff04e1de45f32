"""The kernels without the compiler: the same laws hold for the text as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_suite_passes_without_compilation():
    """Prices and accounts, interpreted (`NUMBA_DISABLE_JIT=1`)."""
    chosen = "test_arrays_equal_scalars or shapes_broadcast or limits or turns_at or shortcut"
    files = [str(HERE / "test_prices.py"), str(HERE / "test_accounts.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-k", chosen, *files],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE.parents[1],
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
