"""Questions and orders to a running server over HTTP, for tests whose servers run in another process.

| path | does |
|---|---|
| `/simulator/ledger` | the ledger so far, and whether the story has ended |
| `/simulator/begin` | lets the story begin |
| `/simulator/fault/<name>?share_ratio=0.5&delay_ms=200` | switches a fault on |
| `/simulator/stop/<name>` | switches it off |
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import parse_qsl

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.testing.venues.faults import FAULTS, Fault, FaultName


class Controlled(Protocol):
    """What can be asked and ordered; see `SimulatedVenue`."""

    def begin(self) -> None:
        """Let the story begin."""
        ...

    def start_fault(self, fault: Fault) -> None:
        """Switch a fault on now."""
        ...

    def stop_fault(self, name: FaultName) -> None:
        """Switch a fault off now."""
        ...

    def document(self) -> dict[str, object]:
        """What to tell, ready for JSON."""
        ...


def control(venue: Controlled, order: str, query: str) -> tuple[int, bytes]:
    """HTTP status and JSON body of the answer to an order.

    Args:
        venue: whom to ask.
        order: the path behind `/simulator/`.
        query: of the URL: the numbers of a fault by name.
    """
    verb, _, name = order.partition("/")
    try:
        if order == "begin":
            venue.begin()
        elif verb == "fault":
            venue.start_fault(msgspec.convert({"name": name, **dict(parse_qsl(query))}, Fault, strict=False))
        elif verb == "stop":
            venue.stop_fault(_fault_name(name))
        elif order != "ledger":
            return 404, b'{"msg":"orders are ledger, begin, fault/<name>, stop/<name>"}'
    except (msgspec.ValidationError, InputError) as error:
        return 400, msgspec.json.encode({"msg": str(error)})
    return 200, msgspec.json.encode(venue.document())


def _fault_name(name: str) -> FaultName:
    for known in FAULTS:
        if name == known:
            return known
    raise InputError(f"there is no fault {name!r}; there are {', '.join(FAULTS)}")
