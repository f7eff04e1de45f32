"""One liquidation as JSON has it, the same from the archive and from the live session."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from powderkeg.domain.events import Liquidation
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import format_instant

_TOLD: Final = (
    "venue",
    "symbol",
    "position_side",
    "notional_usd",
    "qty_base",
    "price",
    "price_kind",
    "coverage",
    "event_id",
)


def order_dict(row: dict[str, Any]) -> dict[str, Any]:
    """One liquidation as JSON has it, from its columns."""
    return {
        "at": format_instant(row["ts_event_ns"]),
        "received_at": format_instant(row["ts_received_ns"]),
        "coin": coin_of(row["symbol"]),
        **{name: row[name] for name in _TOLD},
    }


def event_dict(event: Liquidation) -> dict[str, Any]:
    """One liquidation as JSON has it, from the event."""
    return order_dict(msgspec.structs.asdict(event))
