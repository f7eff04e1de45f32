"""Settings made into rules, a policy and sinks; wrong ones are errors that name the setting."""

from __future__ import annotations

import zoneinfo
from typing import Any

import msgspec

from powderkeg.alerts.engine import Mode, Policy
from powderkeg.alerts.quiet import QuietHours
from powderkeg.alerts.rules import (
    RULE_NAMES,
    CascadeStarted,
    FeedGapRule,
    FuelNearPrice,
    FundingExtreme,
    LargeLiquidation,
    OpenInterestSurge,
    ReproductionAboveOne,
)
from powderkeg.alerts.rules.base import Rule
from powderkeg.alerts.rules.cascade_started import CascadeParams
from powderkeg.alerts.rules.feed_gap import FeedGapParams
from powderkeg.alerts.rules.fuel_near_price import FuelParams
from powderkeg.alerts.rules.funding_extreme import FundingParams
from powderkeg.alerts.rules.large_liquidation import LargeLiquidationParams
from powderkeg.alerts.rules.open_interest_surge import OpenInterestParams
from powderkeg.alerts.rules.reproduction_above_one import ReproductionParams
from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.domain.errors import ConfigError, InputError
from powderkeg.domain.time import NS_PER_MINUTE, parse_duration
from powderkeg.notify.addresses import Allowed, parse_allowed
from powderkeg.notify.deliver import check
from powderkeg.notify.sinks import SINK_KINDS, Sink, SinkKind

OFF_OVER_ON = 2 / 3
"""Where an episode ends, as a share of where it begins, for the levels a person sets."""


class AlertPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the settings mean.

    Attributes:
        allowed: addresses beyond public ones.
        dashboard: begin of links.
        coins: whose map is looked at; empty for the largest.
        map_every_ns: how often.
    """

    rules: tuple[Rule, ...]
    policy: Policy
    sinks: tuple[Sink, ...]
    allowed: Allowed
    dashboard: str
    coins: tuple[str, ...]
    map_every_ns: int
    fuel_within_ratio: float

    @property
    def modes(self) -> dict[str, Mode]:
        """Rule -> mode, all of them."""
        return {name: self.policy.modes.get(name, "on") for name in RULE_NAMES}


def is_wanted(settings: AlertSettings) -> bool:
    """Whether alerts are watched for beside a session."""
    return settings.enabled or any(_url(settings, kind) for kind in SINK_KINDS)


def plan_of(settings: AlertSettings, *, is_simulated: bool = False) -> AlertPlan:
    """Read the settings.

    Raises:
        ConfigError: a setting cannot be used.
    """
    try:
        digest_ns = parse_duration(settings.digest) if settings.digest.strip() not in {"", "0"} else 0
        map_every_ns = parse_duration(settings.map_every)
        quiet = QuietHours.parse(settings.quiet_hours, zone_of(settings.zone)) if settings.quiet_hours else None
    except InputError as error:
        raise ConfigError(f"[alerts]: {error}") from error
    if map_every_ns < NS_PER_MINUTE:
        raise ConfigError(f"alerts.map_every is {settings.map_every}; a map is read once a minute at most")
    return AlertPlan(
        rules=rules_of(settings),
        policy=Policy(
            modes={name: getattr(settings, name) for name in RULE_NAMES},
            digest_ns=digest_ns,
            quiet=quiet,
            is_simulated=is_simulated,
        ),
        sinks=tuple(Sink(kind, url) for kind in SINK_KINDS if (url := _url(settings, kind))),
        allowed=parse_allowed(settings.allow),
        dashboard=settings.dashboard.rstrip("/"),
        coins=tuple(coin.strip().upper() for coin in settings.coins.split(",") if coin.strip()),
        map_every_ns=map_every_ns,
        fuel_within_ratio=settings.fuel_within_ratio,
    )


def checked(plan: AlertPlan) -> AlertPlan:
    """The plan, with every sink's address judged before anything is sent.

    Raises:
        ConfigError: an address is wrong, or leads where messages must not go.
    """
    for sink in plan.sinks:
        check(sink, plan.allowed)
    return plan


def rules_of(settings: AlertSettings) -> tuple[Rule, ...]:
    """The rules with their thresholds, in the order in which they are told."""
    fuel, funding, rise = settings.fuel_multiple, settings.funding_year_ratio, settings.open_interest_ratio
    ratio = settings.reproduction_ratio
    return (
        CascadeStarted(CascadeParams(min_usd=settings.cascade_min_usd, multiple=settings.cascade_multiple)),
        ReproductionAboveOne(ReproductionParams(on_ratio=ratio, off_ratio=0.8 * ratio)),
        FuelNearPrice(
            FuelParams(within_ratio=settings.fuel_within_ratio, on_multiple=fuel, off_multiple=OFF_OVER_ON * fuel)
        ),
        LargeLiquidation(LargeLiquidationParams(min_usd=settings.liquidation_min_usd)),
        FundingExtreme(FundingParams(on_ratio=funding, off_ratio=OFF_OVER_ON * funding)),
        OpenInterestSurge(OpenInterestParams(on_ratio=rise, off_ratio=OFF_OVER_ON * rise)),
        FeedGapRule(FeedGapParams(min_s=settings.gap_s)),
    )


def sink_named(plan: AlertPlan, name: str) -> Sink:
    """The sink a person names.

    Raises:
        ConfigError: there is no such kind, or it has no address.
    """
    found = next((sink for sink in plan.sinks if sink.kind == name), None)
    if found is not None:
        return found
    if name not in SINK_KINDS:
        raise ConfigError(f"no sink is called {name!r}; there are {', '.join(SINK_KINDS)}")
    raise ConfigError(f"alerts.{name}_url is not set; write it into the configuration, or into the environment")


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """A time zone by its name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"alerts.zone {name!r} is no time zone; write it like UTC or Europe/Berlin") from None


def thresholds(plan: AlertPlan) -> list[dict[str, Any]]:
    """Every rule with its mode and parameters, for showing."""
    found: list[dict[str, Any]] = []
    for rule in plan.rules:
        params: dict[str, Any] = msgspec.to_builtins(getattr(rule, "params", None)) or {}
        params["cooldown_s"] = params.pop("cooldown_ns", 0) / 1e9
        found.append({"rule": rule.name, "mode": plan.modes[rule.name], "parameters": params})
    return found


def _url(settings: AlertSettings, kind: SinkKind) -> str:
    return str(getattr(settings, f"{kind}_url")).strip()
