"""A sweep: tasks not done yet are done by an engine, every answer becomes a part at once, all parts become one file.

It may be stopped at any time, however rudely: what is written counts, and the next run does the rest. The merged file
depends on the tasks alone, not on the engine, its workers, or how often it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from powderkeg.scale.parts import Parts
from powderkeg.scale.tasks import Engine, Task, text_of


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sweep.

    Attributes:
        out: the merged file.
        sha256: of its bytes.
        tasks: in all.
        done_before: found finished from an earlier run.
    """

    out: str
    sha256: str
    tasks: int
    done_before: int


def run_sweep(
    tasks: Sequence[Task],
    work: str,
    engine: Engine,
    out: Path,
    name: str,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> SweepResult:
    """Do what is left to do and merge everything.

    Args:
        tasks: numbered from 0 in the order results are merged.
        work: import path of the function that does one.
        engine: where.
        out: folder of the results.
        name: of the merged file.
        progress: told tasks done and in all.

    Raises:
        InputError, StoreError: of a task, or of the disk; what was done until then stays done.
    """
    parts = Parts(out, name)
    left = [task for task in tasks if not parts.is_done(task)]
    before = done = len(tasks) - len(left)
    if progress is not None:
        progress(done, len(tasks))
    if left:
        for task, answer in engine(left, work):
            parts.write(task, text_of(task, answer))
            done += 1
            if progress is not None:
                progress(done, len(tasks))
    return SweepResult(out=str(parts.merged), sha256=parts.merge(tasks), tasks=len(tasks), done_before=before)
