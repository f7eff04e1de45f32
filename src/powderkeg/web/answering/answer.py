"""An answer before it is bytes, and the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from powderkeg.app.library import Library
from powderkeg.domain.errors import InputError
from powderkeg.store.exporters import table_bytes
from powderkeg.web.frames import Form


class Answer(NamedTuple):
    """A document for JSON, and its rows as a `pyarrow.Table` where they are a table."""

    document: dict[str, Any]
    rows: Callable[[], Any] | None = None


def encode(answer: Answer, library: Library, form: Form) -> bytes:
    """The bytes of an answer; JSON says whether anything here is simulated, and what of the data is damaged.

    Raises:
        InputError: the answer is no table, and a table was asked for.
    """
    if form == "json":
        head: dict[str, Any] = {"simulated": library.is_simulated}
        if library.problems:
            head["problems"] = [f"{problem.path.rpartition('/')[2]}: {problem.reason}" for problem in library.problems]
        return msgspec.json.encode({**head, **answer.document})
    if answer.rows is None:
        raise InputError(f"this answer is no table and has no {form} form; ask for json")
    return table_bytes(answer.rows(), form)
