"""A command of powderkeg that serves the dashboard, in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ENDING_S: Final = 60.0


@contextmanager
def running(words: list[str], data_dir: Path) -> Generator[str]:
    """The address of a command that serves the directory, until the block ends.

    Args:
        words: of the command, without `--json` and `--data`.
        data_dir: the data directory.
    """
    command = [sys.executable, "-m", "powderkeg.cli.main", *words, "--json", "--data", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(ENDING_S)
