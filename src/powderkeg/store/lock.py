"""A lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from powderkeg.domain.errors import StoreBusyError, StoreError


class FileLock:
    """An exclusive lock on a file, released by the kernel when the process ends, however it ends.

    Args:
        path: made if absent; its folder must exist.
        what: what is held, for the message of a second holder.

    Raises:
        StoreBusyError: another holder has it.
        StoreError: the file cannot be opened.
    """

    def __init__(self, path: Path, what: str) -> None:
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot open the lock: {error.strerror}; check the folder's permissions"
            ) from error
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self.fd)
            raise StoreBusyError(
                f"{what} is in use by another process; stop it first, or use another --data"
            ) from error

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def make_private(folder: Path) -> None:
    """Make a folder and what is missing above it, for this user alone; what is there already stays as it is."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a renamed file is only there after power loss once this returned."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
