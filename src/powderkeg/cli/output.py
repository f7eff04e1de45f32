"""How things look in a terminal, in one place."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

LONG_COLOR = "#e69f00"
SHORT_COLOR = "#56b4e9"
"""Orange and sky blue of the Okabe-Ito palette: told apart with any color vision. Words always stand beside them."""


def console(*, stderr: bool = False) -> Console:
    """A console that never wraps numbers into markup."""
    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def print_json(content: Any) -> None:
    """One line of JSON on standard output, whole whatever signal comes while a slow reader keeps it waiting.

    Without a buffer (`PYTHONUNBUFFERED`, as containers set it) a signal amid the write of a long line to a full pipe
    ends that write early; the rest is then still to be written.
    """
    line = memoryview(msgspec.json.encode(content) + b"\n")
    while line:
        line = line[sys.stdout.buffer.write(line) :]
    sys.stdout.flush()


KEPT_WHOLE = frozenset({"coin", "venue", "side"})
"""Short words that are never broken over lines."""


def table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table; headings in `right` are aligned right."""
    view = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        is_number = heading in right
        view.add_column(
            heading,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number or heading in KEPT_WHOLE,
        )
    return view


def compact_usd(usd: float | None) -> str:
    """Dollars in at most seven characters: `831`, `12.3 k`, `4.57 M`, `1.20 B`; unknown is a dash."""
    if usd is None:
        return "–"
    if usd == 0:
        return "0"
    for limit, divisor, unit in ((1e3, 1.0, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M"), (float("inf"), 1e9, " B")):
        if abs(usd) < limit * 0.9995:
            scaled = usd / divisor
            digits = 0 if unit == "" and abs(scaled) >= 1 else max(0, 2 - len(str(int(abs(scaled)))) + 1)
            return f"{scaled:.{digits}f}{unit}"
    raise AssertionError("the last limit is infinite")
