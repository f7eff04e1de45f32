"""Liquidation totals: how fast they take events in, and how fast the table of a day is there."""

from __future__ import annotations

import random
from typing import Final

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.domain.events import Liquidation
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS
from powderkeg.domain.units import LONG, SHORT, Coverage
from powderkeg.stats.liquidations import LiquidationTotals

SYMBOLS: Final = 500
EVENTS: Final = 200_000
START_NS: Final = 1_768_348_800_000_000_000  # 2026-01-14, the day of the squeeze


def run() -> list[Measure]:
    """Updates per second of `LiquidationTotals`, and the latency of the table of 24 h over 500 symbols."""
    events = _day(EVENTS)
    filled = LiquidationTotals()

    def take_in() -> None:
        nonlocal filled
        filled = LiquidationTotals()
        update = filled.update
        for event in events:
            update(event)

    update_s = best_seconds(take_in) / EVENTS
    as_of_ns = START_NS + 24 * NS_PER_HOUR
    table_s = best_seconds(lambda: filled.totals(as_of_ns, 24 * NS_PER_HOUR))
    groups_s = best_seconds(lambda: filled.groups(as_of_ns, 24 * NS_PER_HOUR))
    note = f"{EVENTS:,} orders of a day over {SYMBOLS} symbols, half of them on a sampled feed"
    return [
        Measure(
            name="LiquidationTotals.update",
            figure=1.0 / update_s,
            unit="events/s",
            claim=">= 650,000",
            holds=update_s <= 1.5e-6,
            note=f"{note}; {update_s * 1e6:.2f} us each",
        ),
        Measure(
            name="LiquidationTotals.totals, 24 h",
            figure=table_s * 1e3,
            unit="ms",
            claim="<= 250",
            holds=table_s <= 0.25,
            note=f"{note}; by coin and venue, with estimates; the sums alone take {groups_s * 1e3:.1f} ms",
        ),
    ]


def _day(count: int) -> list[Liquidation]:
    """A seeded day of orders: Zipf over symbols, lognormal notionals, in order of time."""
    rng = random.Random(20260114)  # noqa: S311 - a reproducible load, no secret
    weights = [1.0 / rank for rank in range(1, SYMBOLS + 1)]
    picks = rng.choices(range(SYMBOLS), weights, k=count)
    times = sorted(rng.randrange(24 * NS_PER_HOUR // NS_PER_MS) for _ in range(count))
    return [_order(rng, pick, START_NS + time_ms * NS_PER_MS) for pick, time_ms in zip(picks, times, strict=True)]


def _order(rng: random.Random, pick: int, ts_ns: int) -> Liquidation:
    notional_usd = rng.lognormvariate(7.0, 1.8)
    coverage: Coverage = "latest_per_second" if pick % 2 else "all"
    return Liquidation(
        venue="binance-usdm" if pick % 2 else "bybit",
        symbol=f"C{pick}/USDT:USDT",
        position_side=LONG if rng.random() < 0.5 else SHORT,
        qty=notional_usd,
        qty_unit="base",
        qty_base=notional_usd,
        notional_usd=notional_usd,
        price=1.0,
        price_kind="fill",
        order_price=None,
        fill_price=1.0,
        bankruptcy_price=None,
        coverage=coverage,
        event_id=None,
        ts_event_ns=ts_ns,
        ts_received_ns=ts_ns,
        ts_is_received=False,
    )
