"""What every picture file has in common."""

from __future__ import annotations

from pathlib import Path

from powderkeg.domain.errors import InputError


def picture_path(path: Path) -> None:
    """Refuse a file no picture can be written to.

    Raises:
        InputError: an ending other than .png or .svg, or no such folder.
    """
    if path.suffix.lower() not in {".png", ".svg"}:
        raise InputError(f"{path.name}: pictures are .png or .svg")
    if not path.absolute().parent.is_dir():
        raise InputError(f"no folder {path.absolute().parent} to write {path.name} to; create it first")
