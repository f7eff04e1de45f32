"""The process that archives while a collector collects: one order a line on standard input, one answer a line back.

It ends when its input ends, so it cannot outlive its collector, however that dies.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, Literal

import msgspec

from powderkeg.domain.errors import PowderkegError
from powderkeg.store import archive

NICENESS: Final = 10  # sockets come first


class Order(msgspec.Struct, frozen=True):
    """What to archive: `grow` adds a part, `seal` makes one file a day of a journal."""

    work: Literal["grow", "seal"]
    data_dir: str
    journal_id: str


class Answer(msgspec.Struct, frozen=True):
    """What came of it; `problem` is empty where it went well."""

    journal_id: str
    records: int = 0
    problem: str = ""


def obey(order: Order) -> Answer:
    """Do it."""
    work = archive.grow if order.work == "grow" else archive.seal
    try:
        manifest = work(Path(order.data_dir), order.journal_id)
    except (PowderkegError, OSError) as error:
        return Answer(order.journal_id, problem=str(error))
    return Answer(order.journal_id, manifest.records)


def main() -> None:
    """Obey until the input ends."""
    os.nice(NICENESS)
    for line in sys.stdin.buffer:
        answer = obey(msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
