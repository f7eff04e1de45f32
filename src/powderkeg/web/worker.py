"""The process that answers questions, so that no question ever keeps collection or a stream waiting.

It ends when its input ends, so it cannot outlive the server, however that dies.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from pathlib import Path
from typing import Final

import duckdb
import msgspec

from powderkeg.app.library import Library, open_library
from powderkeg.domain.errors import InputError, PowderkegError, StoreError
from powderkeg.web.answering.answer import encode
from powderkeg.web.answering.table import ANSWERERS
from powderkeg.web.faults import fault_bytes, fault_of
from powderkeg.web.frames import MEDIA, Question, Reply, pack, read_message

LOG: Final = logging.getLogger("powderkeg.web.worker")
NICENESS: Final = 5  # sockets come first
LAST_NICENESS: Final = 19  # and whoever is waited for before who is not
REFRESH_S: Final = 0.2
"""Questions that come closer together than this see the same data."""


class Worker:
    """Answers questions about one data directory, one at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._library: Library = open_library(data_dir, must_exist=False)
        self._refreshed_s = time.monotonic()

    def answer(self, question: Question) -> tuple[Reply, bytes]:
        """The reply and its bytes; whatever goes wrong is a reply too."""
        try:
            body = self._bytes(question)
            return Reply(200, MEDIA[question.form], self._library.is_simulated), body
        except InputError as error:
            return _refusal(400, "bad_input", str(error))
        except (MemoryError, duckdb.OutOfMemoryException):
            return _refusal(503, "too_large", "the answer does not fit into memory; ask for a shorter interval")
        except StoreError as error:
            return _refusal(503, "store", str(error))
        except PowderkegError as error:
            return _refusal(500, "failed", str(error))
        except Exception:  # a bug of ours in one question must not cost the others their worker
            LOG.exception("bug in the answer to %s", question.name)
            return _refusal(500, "failed", "this is a bug of ours; the server's log has it, please report it")

    def _bytes(self, question: Question) -> bytes:
        answerer = ANSWERERS[question.name]
        ask = msgspec.json.decode(question.parameters, type=answerer.ask)
        if time.monotonic() >= self._refreshed_s + REFRESH_S:
            self._library.refresh()
            self._refreshed_s = time.monotonic()
        return encode(answerer(self._library, ask), self._library, question.form)


def _refusal(status: int, code: str, message: str) -> tuple[Reply, bytes]:
    return Reply(status, MEDIA["json"]), fault_bytes(fault_of(code, message))


def main() -> None:
    """Answer until the input ends: `python -m powderkeg.web.worker DATA_DIR MEMORY_BYTES [last]`."""
    os.nice(LAST_NICENESS if sys.argv[3:] == ["last"] else NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not look like an answer
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    worker = Worker(Path(sys.argv[1]))
    while (message := read_message(sys.stdin.buffer)) is not None:
        reply, body = worker.answer(msgspec.json.decode(message[0], type=Question))
        answers.write(pack(reply, body))
        answers.flush()
    answers.close()
    os._exit(0)  # nothing here is to be saved, and what libraries say at an orderly end helps nobody


if __name__ == "__main__":
    main()
