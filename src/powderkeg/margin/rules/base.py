"""What a venue's rules differ in, as a record."""

from __future__ import annotations

import msgspec

from powderkeg.margin.checks import MaintenanceOn


class MarginRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one venue charges maintenance and closes what falls below it.

    Attributes:
        venue: our slug.
        maintenance_on: whether maintenance is charged on the notional at mark or at entry.
        close_fee: the close fee is part of what a position must hold.
        funding_interval_hours: hours between funding payments of its main contracts.
        liquidation: how a position is closed, in a sentence.
        deleveraging: how the other side is ranked when it cannot be.
        source: where that is stated, and when it was read.
    """

    venue: str
    maintenance_on: MaintenanceOn = "mark"
    close_fee: bool = False
    funding_interval_hours: float = 8.0
    liquidation: str
    deleveraging: str
    source: str
