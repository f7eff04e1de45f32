"""The dashboard's files, read once: a name that is not among them does not exist, so no path can lead elsewhere."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Final, NamedTuple

UI_DIR: Final = Path(__file__).parent / "ui"

MEDIA: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
"""Kinds of files that are served; anything else in the folder (sources of the build, lock files) is not."""

NOT_SERVED: Final = ("node_modules", "tests")
COMPRESSED_ABOVE: Final = 1_024


class StaticFile(NamedTuple):
    """One file as it is sent; `squeezed` is gzip, empty where that gains nothing."""

    media: str
    content: bytes
    squeezed: bytes
    tag: str


def load_files(folder: Path = UI_DIR) -> dict[str, StaticFile]:
    """Every file to serve, by its path below the folder with `/` between."""
    found: dict[str, StaticFile] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") or part in NOT_SERVED for part in name.split("/"))
        if path.suffix in MEDIA and not hidden and path.is_file() and not path.is_symlink():
            found[name] = _static(path)
    return found


def _static(path: Path) -> StaticFile:
    content = path.read_bytes()
    squeezed = gzip.compress(content, mtime=0) if len(content) > COMPRESSED_ABOVE else b""
    return StaticFile(
        media=MEDIA[path.suffix],
        content=content,
        squeezed=squeezed if len(squeezed) < len(content) * 0.9 else b"",
        tag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
