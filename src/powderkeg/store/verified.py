"""Which archived files were already found to be what was written, so that opening an archive need not read all of it.

    archive/verified.json      {"<path below archive>": ["<sha256>", size, mtime_ns, ctime_ns, inode], ...}

A file is trusted without being read while everything the file system says about it is as it was when its checksum was
last compared: a byte changed by any program changes its times, a file put in its place has another inode. The memory
is only a cache: absent, damaged or from another copy of the directory, every file is read once more.

Limit: a bit that flips on the disk itself changes no times. It is found when Parquet's page checksums or the decoder
stumble over it, and for certain by `powderkeg doctor`, which always reads everything and makes this module forget what
it found damaged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from powderkeg.store.manifest import archive_dir, file_sha256


class _Seen(NamedTuple):
    """What a file was when its checksum was compared."""

    sha256: str
    file_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class VerifiedFiles:
    """Compares archived files with their checksums, each state of a file once.

    Args:
        data_dir: the data directory; need not exist, and need not be writable.
    """

    def __init__(self, data_dir: Path) -> None:
        self._archive = archive_dir(data_dir)
        self._seen = _load(self._cache_path)
        self._is_saved = True

    @property
    def _cache_path(self) -> Path:
        return self._archive / "verified.json"

    def is_intact(self, path: str, sha256: str) -> bool:
        """Whether a file (below the archive folder) is what was written; reads it unless that is known already."""
        try:
            seen = _look(self._archive / path, sha256)
            if self._seen.get(path) == seen:
                return True
            # Looked at again behind the reading: what changes meanwhile must not be remembered.
            is_intact = file_sha256(self._archive / path) == sha256 and _look(self._archive / path, sha256) == seen
        except OSError:
            return False
        if is_intact:
            self._seen[path] = seen
            self._is_saved = False
        return is_intact

    def forget(self, paths: Iterable[str]) -> None:
        """These were found damaged: do not trust them again."""
        for path in paths:
            if self._seen.pop(path, None) is not None:
                self._is_saved = False

    def save(self, listed: Iterable[str]) -> None:
        """Keep for the next opening what was learned about the files that are still listed, where that can be kept."""
        if self._is_saved:
            return
        self._is_saved = True
        kept = {path: self._seen[path] for path in sorted(listed) if path in self._seen}
        temporary = self._cache_path.with_suffix(f".{os.getpid()}.tmp")
        with suppress(OSError):  # a read-only or full disk: the files are read again next time
            temporary.write_bytes(msgspec.json.encode(kept))
            temporary.replace(self._cache_path)
            return
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _load(path: Path) -> dict[str, _Seen]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, _Seen])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _look(path: Path, sha256: str) -> _Seen:
    found = path.stat()
    return _Seen(sha256, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
