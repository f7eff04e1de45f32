"""The days before the served demo, made by a process of their own while its venues come up, then scored by another.

Making takes two or three seconds of processor time, scoring ten in which the demo runs already; what they need is no
burden of the collector.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from powderkeg.store.journal_file import journal_paths

WAIT_S: Final = 45.0
LEAST_URGENT: Final = 19


class PastBeingMade:
    """The process at work on it; none where something is recorded already."""

    def __init__(self, data_dir: Path, process: subprocess.Popen[bytes] | None) -> None:
        self._data_dir = data_dir
        self._process = process

    def wait(self, tell: Callable[[str], None]) -> None:
        """Wait until it is there; `tell` is told when it is not going to be, and the demo begins without."""
        if self._process is None:
            return
        try:
            code = self._process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.stop()
            tell(f"the days before the squeeze were not made within {WAIT_S:.0f} s; the demo begins without them")
            return
        if code:
            tell("the days before the squeeze could not be made; the demo begins without them")
        else:
            self._process = _python(str(self._data_dir), "--score", niceness=LEAST_URGENT)

    def stop(self) -> None:
        """End it, whether it is done or not."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(WAIT_S)


@contextmanager
def past_being_made(data_dir: Path, *, seed: int, start_ns: int) -> Generator[PastBeingMade]:
    """Make the days before `start_ns` in a directory that holds nothing; what is recorded already is left alone."""
    words = [str(data_dir), "--seed", str(seed), "--start-ns", str(start_ns)]
    past = PastBeingMade(data_dir, None if journal_paths(data_dir) else _python(*words))
    try:
        yield past
    finally:
        past.stop()


def _python(*words: str, niceness: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "powderkeg.app.demo_days", *words, "--niceness", str(niceness)]
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603 - this very package
