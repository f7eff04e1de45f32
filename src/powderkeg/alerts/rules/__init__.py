"""The rules, one per file, in the order in which their alerts are told."""

from __future__ import annotations

from typing import Final

from powderkeg.alerts.rules.cascade_started import CascadeStarted
from powderkeg.alerts.rules.feed_gap import FeedGapRule
from powderkeg.alerts.rules.fuel_near_price import FuelNearPrice
from powderkeg.alerts.rules.funding_extreme import FundingExtreme
from powderkeg.alerts.rules.large_liquidation import LargeLiquidation
from powderkeg.alerts.rules.open_interest_surge import OpenInterestSurge
from powderkeg.alerts.rules.reproduction_above_one import ReproductionAboveOne

RULE_NAMES: Final = (
    CascadeStarted.name,
    ReproductionAboveOne.name,
    FuelNearPrice.name,
    LargeLiquidation.name,
    FundingExtreme.name,
    OpenInterestSurge.name,
    FeedGapRule.name,
)

__all__ = [
    "RULE_NAMES",
    "CascadeStarted",
    "FeedGapRule",
    "FuelNearPrice",
    "FundingExtreme",
    "LargeLiquidation",
    "OpenInterestSurge",
    "ReproductionAboveOne",
]
