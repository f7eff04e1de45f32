"""What was calibrated, kept for the next process: DIR/cache/calibrations/<hash of what it depends on>.

A cache and nothing more: it may be deleted at any time, a file that is torn, flipped or of another program's making is
ignored and made anew, and a directory that cannot be written is as good as one without a cache. A key names everything
a result depends on, bars by their hash among it, so what is found is what would be computed. A file appears under its
name only once it is whole, so several processes may write at once; the oldest go when there are too many.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from powderkeg.store.lock import make_private

FOLDER: Final = "cache/calibrations"
MAX_FILES: Final = 4_096
"""Each a few hundred bytes to 30 KB: below 100 MB."""

DIGEST_BYTES: Final = 16


class KeptCalibrations:
    """Contents by key, on disk.

    Args:
        data_dir: the data directory; need not exist, and need not be writable.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._data_dir = data_dir
        self._written = 0

    def read(self, key: bytes) -> bytes | None:
        """What was kept under a key; None where nothing was, or it is damaged."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        return body if digest == _digest(key, body) else None

    def write(self, key: bytes, body: bytes) -> None:
        """Keep it, where that is possible."""
        if not self._data_dir.is_dir():
            return  # nothing was recorded yet: a question makes no directory
        path = self._path(key)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            make_private(self._folder)
            temporary.write_bytes(_digest(key, body) + body)
            temporary.replace(path)
        except OSError:  # a read-only or full disk: it is computed again next time
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            return
        if self._written % (MAX_FILES // 8) == 0:
            self._sweep()
        self._written += 1

    def _path(self, key: bytes) -> Path:
        return self._folder / blake2b(key, digest_size=DIGEST_BYTES).hexdigest()

    def _sweep(self) -> None:
        """Drop the oldest beyond the limit, and what a killed writer left behind."""
        with suppress(OSError):
            found = sorted((entry.stat().st_mtime_ns, entry.path) for entry in os.scandir(self._folder))
            for _, path in found[:-MAX_FILES]:
                Path(path).unlink(missing_ok=True)


def _digest(key: bytes, body: bytes) -> bytes:
    """Of key and body: a file that was renamed is as good as damaged."""
    return blake2b(body, digest_size=DIGEST_BYTES, key=blake2b(key).digest()).digest()
