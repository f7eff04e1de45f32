"""Tasks on a Ray cluster: one that runs already, or one started on this machine for the sweep.

A worker or node that dies takes its tasks with it; Ray does them again elsewhere. Nodes need powderkeg installed and
see input files under the same paths.
"""

# ray's types are partial; tasks pass through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from typing import Any, Final

import msgspec

from powderkeg.domain.errors import InputError, StoreError
from powderkeg.scale.tasks import Answer, Engine, Task, answer_of

MAX_RETRIES: Final = 8
"""Deaths of its worker a task survives."""

AHEAD: Final = 4
"""Tasks submitted per processor of the cluster: enough to keep it busy, few enough to stop soon."""

_QUIET: Final = {
    # A local cluster tells nobody that it exists, and leaves accelerators' variables as they are.
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def ray_engine(
    address: str | None = None, workers: int | None = None, *, processors_per_task: int = 1, keep: bool = False
) -> Engine:
    """An engine on Ray.

    Args:
        address: of a cluster that runs; None starts one on this machine and stops it in the end.
        workers: processors of the cluster started here; None takes those at hand.
        processors_per_task: reserved on the cluster for each task.
        keep: stay connected for further sweeps of this process, until `disconnect`.

    Raises:
        InputError: ray is not installed, or no cluster answers at the address.
    """
    try:
        import ray  # noqa: PLC0415 - an extra, and seconds of import
    except ImportError:
        raise InputError("Ray is not installed; install the extra (pip install 'powderkeg[ray]')") from None

    def engine(tasks: Sequence[Task], work: str) -> Iterator[tuple[Task, Answer]]:
        # Ray tells of dead workers on standard output, which is for results.
        with redirect_stdout(sys.stderr):
            _connect(ray, address, workers)
            try:
                yield from _on_cluster(ray, tasks, work, processors_per_task)
            finally:
                if not keep:
                    ray.shutdown()

    return engine


def disconnect() -> None:
    """Let go of the cluster; one that was started for this process ends."""
    import ray  # noqa: PLC0415 - an extra, and seconds of import

    ray.shutdown()


def _connect(ray: Any, address: str | None, workers: int | None) -> None:
    for name, setting in _QUIET.items():
        os.environ.setdefault(name, setting)
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False, "ignore_reinit_error": True}
    try:
        if address is None:
            count = len(os.sched_getaffinity(0)) if workers is None else workers
            ray.init(address="local", num_cpus=count, include_dashboard=False, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        where = "on this machine" if address is None else f"at {address}"
        raise InputError(f"no Ray cluster {where}: {error}") from None


def _on_cluster(ray: Any, tasks: Sequence[Task], work: str, processors: int) -> Iterator[tuple[Task, Answer]]:
    remote = ray.remote(num_cpus=processors, max_retries=MAX_RETRIES)(_answer_text)
    most = max(int(ray.cluster_resources().get("CPU", 1)), 1) * AHEAD
    waiting = list(reversed(tasks))
    asked: dict[Any, Task] = {}
    while waiting or asked:
        while waiting and len(asked) < most:
            task = waiting.pop()
            asked[remote.remote(work, task.spec)] = task
        done, _ = ray.wait(list(asked), num_returns=1)
        task = asked.pop(done[0])
        try:
            text = ray.get(done[0])
        except ray.exceptions.WorkerCrashedError as error:
            raise StoreError(
                f"task {task.number + 1} lost its worker {MAX_RETRIES + 1} times ({error}); look for what kills it "
                "(memory?) and run the sweep again to go on"
            ) from None
        yield task, msgspec.json.decode(text, type=Answer)


def _answer_text(work: str, spec: str) -> bytes:
    """What runs on a worker."""
    return msgspec.json.encode(answer_of(work, spec))
