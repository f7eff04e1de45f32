"""A data directory, opened for a command: what of it is damaged is said before any number."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from powderkeg.app.library import Library


@contextmanager
def opened(folder: Path) -> Generator[Library]:
    """A data directory, closed at the end.

    Raises:
        InputError: there is none.
    """
    from powderkeg.app.library import open_library

    with open_library(folder) as library:
        for problem in library.problems:
            print(f"powderkeg: warning: {problem.path}: {problem.reason}", file=sys.stderr)
        yield library
