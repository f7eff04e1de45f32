"""Every error the package raises on purpose, split by who must act.

    PowderkegError
    ├── ConfigError            the user: a setting is wrong
    ├── InputError             the user: an argument, a file or a symbol is wrong
    ├── VenueUnreachable       retry: the venue did not answer
    ├── VenueProtocolError     quarantine the frame, count it, go on
    ├── StoreError             the operator: disk, permissions, a damaged file
    │   └── StoreBusyError     another process holds the data directory
    └── InvariantError         our bug: crash

Every message says what was wrong, where, and what to do. `exit_code` is what the command line returns for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # every command imports the errors; events are needed by few
    from powderkeg.domain.events import Event


class PowderkegError(Exception):
    """Base of every deliberate error; `exit_code` is the command line's answer to it."""

    exit_code: ClassVar[int] = 1


class ConfigError(PowderkegError):
    """A setting is missing, unknown or out of range."""

    exit_code = 2


class InputError(PowderkegError, ValueError):
    """An argument, file or symbol cannot be used as given."""

    exit_code = 2


class VenueUnreachable(PowderkegError):  # noqa: N818 - the state is the name people use
    """A venue could not be reached or closed the connection; trying again may help."""


class VenueProtocolError(PowderkegError):
    """A venue sent something that cannot be what it says it is: quarantine the frame, count it, go on.

    Args:
        venue: our slug of the venue.
        reason: what is wrong, in one sentence.
        frame: the offending bytes; the message shows the beginning of them.
        events: what the entries of the frame that are in order say, where only others are at fault.
    """

    def __init__(self, venue: str, reason: str, frame: bytes = b"", events: tuple[Event, ...] = ()) -> None:
        self.venue = venue
        self.reason = reason
        self.events = events
        excerpt = frame[:EXCERPT_BYTES].decode("utf-8", "replace")
        tail = f"; frame of {len(frame)} bytes begins {excerpt!r}" if frame else ""
        super().__init__(f"{venue}: {reason}{tail}")


class StoreError(PowderkegError):
    """The disk, its permissions or a stored file is at fault."""


class StoreBusyError(StoreError):
    """Another process holds what this one wants to write."""

    exit_code = 3


class InvariantError(PowderkegError):
    """Something that cannot happen did: a bug of ours, never of the input."""


EXCERPT_BYTES = 120  # enough to recognize a message in a log line, short enough to keep one line
