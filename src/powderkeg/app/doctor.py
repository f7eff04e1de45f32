"""Checks that tell whether this installation and its data directory can be trusted; each with its fix."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"

LOW_DISK_BYTES: Final = 2 * 1024**3
"""About a day of all venues' raw frames at the rates of 2025, compressed."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was looked at, how it stands, and what to do."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


def examine(data_dir: Path) -> list[Finding]:
    """Every check, in the order a person would make them."""
    return [*_python(), *_folder(data_dir), *_disk(data_dir), *_contents(data_dir)]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(name="python", status=OK, detail=f"{version}, powderkeg {_version()}")


def _version() -> str:
    from powderkeg import __version__  # noqa: PLC0415 - the package imports this layer lazily; keep it one-way

    return __version__


def _folder(data_dir: Path) -> Iterator[Finding]:
    if not data_dir.exists():
        yield Finding(
            name="data directory",
            status=WARN,
            detail=f"{data_dir} does not exist yet",
            fix="run `powderkeg import FILE` or `powderkeg demo`; or name another with --data",
        )
    elif not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            name="data directory",
            status=FAIL,
            detail=f"{data_dir} cannot be written by this user",
            fix=f"change its owner or permissions (chmod u+rwx {data_dir})",
        )
    else:
        mode = data_dir.stat().st_mode & 0o777
        open_to_others = bool(mode & 0o077)
        yield Finding(
            name="data directory",
            status=WARN if open_to_others else OK,
            detail=f"{data_dir}, mode {mode:o}",
            fix=f"chmod 700 {data_dir}" if open_to_others else "",
        )


def _disk(data_dir: Path) -> Iterator[Finding]:
    there = next(folder for folder in (data_dir, *data_dir.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    low = free < LOW_DISK_BYTES
    yield Finding(
        name="disk",
        status=WARN if low else OK,
        detail=f"{free / 1e9:,.1f} GB free",
        fix="free some space or move the data directory: collection pauses when the disk is full" if low else "",
    )


def _contents(data_dir: Path) -> Iterator[Finding]:
    if not data_dir.exists():
        return
    from powderkeg.store.health import Health, health  # noqa: PLC0415 - heavy, and pointless without data

    report: Health = health(data_dir)
    yield Finding(name="journals", status=OK, detail=f"{report.journal_count} with {report.record_count:,} records")
    for damage in report.damages:
        yield Finding(
            name="journal",
            status=FAIL,
            detail=damage,
            fix="what is archived of it still counts; restore it from a copy, or move it aside and import again",
        )
    for problem in report.archive_problems:
        yield Finding(
            name="archive",
            status=FAIL,
            detail=problem,
            fix="powderkeg doctor --repair makes it anew from its journal, which queries read meanwhile",
        )
    if report.unarchived:
        yield Finding(
            name="archive",
            status=WARN,
            detail=f"{len(report.unarchived)} complete journals are not archived: queries decode them each time",
            fix="powderkeg doctor --repair archives them",
        )
    if report.reject_count:
        yield Finding(
            name="quarantine",
            status=WARN,
            detail=f"{report.reject_count:,} rows or frames not understood, see {data_dir}/archive/rejects",
            fix="look at the reasons; nothing of them is in any total",
        )
