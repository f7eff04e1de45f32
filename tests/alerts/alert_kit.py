"""Events and rules as tests write them."""

from __future__ import annotations

from powderkeg.alerts.observations import FuelReading, LadderReading
from powderkeg.alerts.rules.base import Signal, Words
from powderkeg.domain.events import FeedGap, FundingRate, Liquidation, OpenInterest
from powderkeg.domain.time import NS_PER_S, parse_instant

START_NS = parse_instant("2026-01-14T12:00:00Z")


def at(seconds):
    """An instant, seconds after the start."""
    return START_NS + round(seconds * NS_PER_S)


def liquidation(seconds, usd, *, coin="BTC", side="short", venue="bybit", coverage="all", event_id=None):
    return Liquidation(
        venue=venue,
        symbol=f"{coin}/USDT:USDT",
        position_side=side,
        qty=1.0 if usd is None else usd / 95_000.0,
        qty_unit="base",
        qty_base=None,
        notional_usd=usd,
        price=95_000.0,
        price_kind="bankruptcy",
        order_price=None,
        fill_price=None,
        bankruptcy_price=95_000.0,
        coverage=coverage,
        event_id=event_id,
        ts_event_ns=at(seconds),
        ts_received_ns=at(seconds) + 50_000_000,
        ts_is_received=False,
    )


def funding(seconds, rate, *, hours=8.0, venue="bybit"):
    return FundingRate(venue, "BTC/USDT:USDT", rate, hours, None, at(seconds), at(seconds))


def open_interest(seconds, base, *, usd=None, contracts=None):
    return OpenInterest("okx", "BTC/USDT:USDT", base, contracts, usd, at(seconds), at(seconds))


def gap(from_s, to_s, venue="okx"):
    return FeedGap(venue, "liquidation", at(from_s), at(to_s), "nothing was received")


def fuel(seconds, near_usd, mean_usd, **more):
    told = {"lower_usd": near_usd / 2, "upper_usd": near_usd * 2, "price_peak": 95_500.0, "method": "modelled"}
    told |= {"is_floor": True, "gain": None, "placed_ratio": 0.4, "absent": 0, "coin": "BTC", "position_side": "short"}
    told |= {"mark_price": 95_000.0, "within_ratio": 0.01, "reach_ratio": 0.1, **more}
    return FuelReading(near_usd=near_usd, mean_usd=mean_usd, ts_event_ns=at(seconds), **told)


def rung(seconds, reproduction, trigger, **more):
    told = {"coin": "BTC", "position_side": "short", "mark_price": 95_000.0, "price_stop": 96_000.0, "fuel_usd": 3e8}
    told |= {"depth_usd": 2e8, "fuel_method": "modelled", "depth_method": "measured", "depth_source": "books of okx"}
    return LadderReading(
        reproduction=reproduction, price_trigger=trigger, is_floor=True, ts_event_ns=at(seconds), **told, **more
    )


class Levels:
    """A rule that reads its level from an open interest event: a test says what the level is."""

    name = "cascade_started"  # any known name

    def __init__(self, thresholds):
        self.thresholds = thresholds

    def read(self, observation):
        if isinstance(observation, OpenInterest):
            words = Words(headline="level", detail="d", sureness="s", path="/map")
            level = observation.open_interest_base
            yield Signal(subject="X", at_ns=observation.ts_event_ns, level=level, words=lambda: words)

    def memory(self):
        return None

    def remember(self, memory):
        assert memory is None
