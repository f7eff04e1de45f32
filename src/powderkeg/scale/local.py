"""Tasks on this machine: in this process, or in several of its own.

A process that dies takes its task with it; the task is done again by the others, a few times before it is given up.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from powderkeg.domain.errors import StoreError
from powderkeg.scale.tasks import Answer, Engine, Task, answer_of

MAX_DEATHS: Final = 5
"""Process deaths after which a sweep stops: something kills them, and trying for ever would hide it."""

_LOOK_S: Final = 1.0


def local_engine(workers: int | None = None) -> Engine:
    """An engine of this machine.

    Args:
        workers: processes; 1 works in this one, None takes the processors at hand.
    """
    count = len(os.sched_getaffinity(0)) if workers is None else workers
    return _in_line if count <= 1 else lambda tasks, work: _in_processes(tasks, work, count)


def _in_line(tasks: Sequence[Task], work: str) -> Iterator[tuple[Task, Answer]]:
    for task in tasks:
        yield task, answer_of(work, task.spec)


def _in_processes(tasks: Sequence[Task], work: str, workers: int) -> Iterator[tuple[Task, Answer]]:
    left = {task.number: task for task in tasks}
    deaths = 0
    while left:
        # Spawned, not forked: a fork of a process with compiled code and threads may hang.
        with ProcessPoolExecutor(
            min(workers, len(left)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with,
            initargs=(os.getpid(),),
        ) as pool:
            try:
                asked: dict[Future[Answer], Task] = {
                    pool.submit(answer_of, work, task.spec): task for task in left.values()
                }
                for done in as_completed(asked):
                    answer = done.result()
                    del left[asked[done].number]
                    yield asked[done], answer
            except BrokenProcessPool:
                deaths += 1
                if deaths > MAX_DEATHS:
                    raise StoreError(
                        f"worker processes died {deaths} times, {len(left)} tasks are left; look for what kills them "
                        "(memory?) and run the sweep again to go on"
                    ) from None
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _end_with(parent: int) -> None:
    """In a worker: end when the process that started it is gone, however it went; a pool alone would wait for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
