"""What a task is, and how it is done wherever that may be.

A task is a text (JSON) given to a function named by its import path, and its answer is a text again: nothing else
passes between machines, so any engine gives the same answer, and nothing is unpickled from a file.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from powderkeg.domain.errors import ConfigError, InputError, InvariantError, PowderkegError, StoreBusyError, StoreError

Work = Callable[[str], str]


class Task(NamedTuple):
    """One independent piece of work.

    Attributes:
        number: its place among the others; results are merged in this order.
        key: a hash of everything its answer depends on.
        spec: JSON for the work function.
    """

    number: int
    key: str
    spec: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: the text, or an error by its name and sentence."""

    text: str = ""
    error: str | None = None
    message: str = ""


Engine = Callable[[Sequence[Task], str], Iterator[tuple[Task, Answer]]]
"""Does tasks with the work function of a name, and gives answers as they come, in any order."""

_ERRORS: dict[str, type[PowderkegError]] = {
    one.__name__: one for one in (ConfigError, InputError, InvariantError, StoreBusyError, StoreError)
}


def answer_of(work: str, spec: str) -> Answer:
    """Do a task here; a deliberate error becomes an answer, anything else is a bug and rises.

    Args:
        work: import path of the function, `package.module:function`.
        spec: its argument.
    """
    module, _, function = work.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), function)
        return Answer(text=found(spec))
    except PowderkegError as error:
        return Answer(error=type(error).__name__, message=str(error))


def text_of(task: Task, answer: Answer) -> str:
    """The text of an answer.

    Raises:
        PowderkegError: the task ended in one, of the same kind, with the task's number.
    """
    if answer.error is None:
        return answer.text
    kind = _ERRORS.get(answer.error, StoreError)
    raise kind(f"task {task.number + 1}: {answer.message}")
