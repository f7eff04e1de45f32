"""Progress bars, on standard error so that standard output stays clean for pipes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from powderkeg.cli.output import console

if TYPE_CHECKING:
    from powderkeg.store.importers.run import ImportProgress


class import_progress:  # noqa: N801 - used as a context manager, reads as a verb
    """One bar per file; silent where standard error is not a terminal."""

    def __init__(self) -> None:
        out = console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bars.stop()

    def of(self, path: Path) -> Callable[[ImportProgress], None]:
        """The callback that moves the bar of one file."""
        task = self._bars.add_task(path.name, total=1.0)
        return lambda state: self._bars.update(task, total=state.total_bytes, completed=state.done_bytes)


class work_progress:  # noqa: N801 - as above
    """One bar over pieces of work; silent where standard error is not a terminal.

    Args:
        what: is being done.
    """

    def __init__(self, what: str) -> None:
        out = console(stderr=True)
        self._what = what
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )

    def __enter__(self) -> Callable[[int, int], None]:
        """The callback that moves the bar: pieces done, and in all."""
        self._bars.start()
        task = self._bars.add_task(self._what, total=None)
        return lambda done, total: self._bars.update(task, total=total, completed=done)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bars.stop()
