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

from powderkeg.domain.errors import InputError

ENDING_S: Final = 60.0


@contextmanager
def running(words: list[str], data_dir: Path) -> Generator[str]:
    """The address of a command that serves the directory, until the block ends.

    Args:
        words: of the command, without `--json` and `--data`.
        data_dir: the data directory.

    Raises:
        InputError: it ended at once.
    """
    command = [sys.executable, "-m", "powderkeg.cli.main", *words, "--json", "--data", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            told = process.stdout.readline()
            if not told:
                raise InputError(f"powderkeg {' '.join(words)} ended before it served; run it by hand to see why")
            yield json.loads(told)["address"]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(ENDING_S)
