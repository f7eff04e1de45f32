"""Slow, obvious twins of what `powderkeg.stats` computes, and builders of its inputs."""

from __future__ import annotations

import math
from fractions import Fraction

from powderkeg.domain.events import Liquidation
from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_S
from powderkeg.stats.slots import PRIOR_CV, PRIOR_ORDERS

T0 = 1_768_348_800_000_000_000  # 2026-01-14T00:00:00Z


def liquidation(
    ts_ns=T0,
    notional_usd=1_000.0,
    *,
    venue="bybit",
    symbol="BTC/USDT:USDT",
    position_side="short",
    coverage="all",
    event_id=None,
    **more,
):
    """A liquidation; what a test does not care about is filled in."""
    fields = {
        "qty": 1.0,
        "qty_unit": "base",
        "qty_base": 1.0,
        "price": 100.0,
        "price_kind": "fill",
        "order_price": None,
        "fill_price": None,
        "bankruptcy_price": None,
        "ts_received_ns": ts_ns,
        "ts_is_received": False,
        **more,
    }
    return Liquidation(
        venue=venue,
        symbol=symbol,
        position_side=position_side,
        notional_usd=notional_usd,
        coverage=coverage,
        event_id=event_id,
        ts_event_ns=ts_ns,
        **fields,
    )


def exact_sum(numbers):
    """Sum without rounding, rounded once at the end."""
    return float(sum((Fraction(number) for number in numbers), Fraction(0)))


def window_sum(events, from_ns, to_ns, **wanted):
    """Sum of the notionals in [from, to) whose fields are as wanted."""
    return exact_sum(
        event.notional_usd
        for event in events
        if from_ns <= event.ts_event_ns < to_ns
        and event.notional_usd is not None
        and all(getattr(event, name) == meant for name, meant in wanted.items())
    )


def _harmonic(first, last):
    return sum(1.0 / k for k in range(first, last + 1))


def _minutes(events, from_ns, to_ns):
    """(slots, events) of every minute with events, counted from `from_ns`."""
    start = from_ns
    while start < to_ns:
        end = min(start + NS_PER_MINUTE, to_ns)
        inside = [event for event in events if start <= event.ts_event_ns < end]
        if inside:
            yield math.ceil((end - start) / NS_PER_S), inside
        start = end


def _pool(events):
    notionals = [event.notional_usd for event in events]
    mean = sum(notionals) / len(notionals)
    squares = sum((notional - mean) ** 2 for notional in notionals)
    variance = (squares + PRIOR_ORDERS * (PRIOR_CV * mean) ** 2) / (len(notionals) - 1 + PRIOR_ORDERS)
    longs = sum(event.position_side == "long" for event in events)
    return mean, variance / mean**2, (longs + 0.5) / (len(events) + 1)


def latest(events, from_ns, to_ns, position_side=None):
    """(floor, estimate, variance, minutes, saturated minutes) of one feed, by the formulas as they are written."""
    pool_mean, cv2, pool_share = _pool(events)
    floor = estimate = variance = 0.0
    minutes = saturated = 0
    for slots, inside in _minutes(events, from_ns, to_ns):
        n = len(inside)
        pushed = sum(event.notional_usd for event in inside if position_side in (None, event.position_side))
        minutes += 1
        floor += pushed
        if n >= slots:
            saturated += 1
            estimate += pushed
            continue
        lam = _harmonic(slots - n + 1, slots)
        count = slots * lam
        estimate += count * (pushed / n)
        share = (sum(event.position_side == "long" for event in inside) + pool_share) / (n + 1)
        q = {None: 1.0, "long": share, "short": 1.0 - share}[position_side]
        mean = max(sum(event.notional_usd for event in inside) / n, pool_mean)
        second = q * (cv2 * mean**2 + mean**2)
        variance += (q * mean) ** 2 * slots * (n / (slots - n) - lam)
        variance += (second - (q * mean) ** 2) * count * (count - n) / n
    return floor, estimate, variance, minutes, saturated


def largest(events, from_ns, to_ns, position_side):
    """(floor, estimate, variance, saturated minutes) of one side of one feed."""
    floor = estimate = variance = 0.0
    saturated = 0
    of_side = [event for event in events if event.position_side == position_side]
    for slots, inside in _minutes(of_side, from_ns, to_ns):
        sizes = sorted(event.notional_usd for event in inside)
        n = len(sizes)
        floor += sum(sizes)
        if n >= slots:
            saturated += 1
            estimate += sum(sizes)
            continue
        previous = 0.0
        for below, x in enumerate(sizes, start=slots - n):  # slots with nothing above `previous`
            minus_ln_g = _harmonic(below + 1, slots)
            estimate += slots * minus_ln_g * (x - previous)
            variance += slots * (x**2 - previous**2) * (slots / below - 1 - minus_ln_g)
            previous = x
    return floor, estimate, variance, saturated
