"""One step of one coin: what its move triggers, and what executing that does to the price.

Everything is in log price relative to the start. Upwards, shorts are triggered and bought back from the asks;
downwards, longs are triggered and sold into the bids; both go through the same text with distances measured outwards,
so a mirrored market gives a mirrored path. In a step

1. fuel between the old extreme and the new price is triggered, once: what was crossed never comes back;
2. the share of it that reaches the book waits, and of what waits a share is executed in a step (all without latency);
   forced buying and selling of one step meet each other first;
3. the rest sweeps the book, and what the sweep itself triggers is executed with it in the same share: within a step
   this is the ladder's fixed point, ∫ depth = need + share·φ·∫ fuel;
4. the book thins with the forced move and refills with time.

The text runs interpreted, compiled, and on a CUDA device.
"""

from __future__ import annotations

from typing import Any, Final

LONGS, SHORTS = 0, 1
"""Rows of two-sided arrays: longs are liquidated into bids below the price, shorts into asks above it."""

SIGMA, SHARE, REACHES, STRESS, THINNEST, KEPT, PER_LOG, SHOCK, USD_UNIT, LAW_COLUMNS = range(10)
"""Columns of a coin's law: standard deviation of a step; share of what waits executed in a step; share of a
liquidation that reaches the book; thinning per unit of forced log move; the thinnest; share of the thinning kept over
a step; bins per unit of log price; first market order, USD, selling is negative; unit of dollar sums."""

PRICE, HIGH, LOW, BUYING, SELLING, THIN, BOUGHT, SOLD, FORCED, FREE, FREE_HIGH, FREE_LOW, STATE_COLUMNS = range(13)
"""Columns of a coin's state: log price, extremes (LOW is a distance, >= 0), USD waiting per side, thinning of the book
(>= 1), USD liquidated per side, forced move not spread yet, and price and extremes of the path without feedback."""

SPENT: Final = 1e5
"""What waits is executed whole once it is below so many dollar units, a millionth of the fuel: no decay is endless."""


def fuel_to(cumulative: Any, distance: Any, per_log: Any) -> Any:
    """USD between the start and a distance, linear within a bin."""
    if distance <= 0.0:
        return 0.0
    at = distance * per_log
    last = cumulative.shape[0] - 1
    if at >= last:
        return cumulative[last]
    bin_at = int(at)
    return cumulative[bin_at] + (at - bin_at) * (cumulative[bin_at + 1] - cumulative[bin_at])


def sweep(start: Any, front: Any, need: Any, feeding: Any, thin: Any, per_log: Any, cumulative: Any, depth: Any) -> Any:
    """How far a market order gets, with the share of the fuel beyond `front` that it triggers added as it goes.

    Args:
        start: distance of the price, may be negative.
        front: fuel nearer than this is gone.
        need: USD to trade, > 0.
        feeding: USD that joins per USD of fuel.
        thin: the book holds its depth divided by this.
        per_log: bins per unit of log price.
        cumulative: [B + 1] fuel.
        depth: [B] USD per bin; beyond the last bin its depth goes on, without fuel.
    """
    bins = depth.shape[0]
    at = int(start * per_log) if start > 0.0 else 0
    while at < bins:
        stop = (at + 1) / per_log
        end = front if start < front < stop else stop
        joins = feeding * (cumulative[at + 1] - cumulative[at]) if start >= front else 0.0
        resistance = (depth[at] / thin - joins) * per_log
        taken = (end - start) * resistance
        if taken >= need and resistance > 0.0:
            return start + need / resistance
        need -= taken
        start = end
        if end == stop:
            at += 1
    return start + need * thin / (per_log * depth[bins - 1])


def forced(one: Any, law: Any, cumulative: Any, depth: Any) -> None:
    """Execute what waits: the two sides against each other, the rest into the book.

    Args:
        one: [12] the coin's state.
        law: [9] its law.
        cumulative: [2, B + 1] fuel.
        depth: [2, B] USD per bin.
    """
    share = law[SHARE] if one[BUYING] + one[SELLING] > SPENT * law[USD_UNIT] else 1.0
    net = share * (one[BUYING] - one[SELLING])
    one[BUYING] -= share * one[BUYING]
    one[SELLING] -= share * one[SELLING]
    before = one[PRICE]
    if net > 0.0:
        push(one, law, cumulative[SHORTS], depth[SHORTS], net, share, 1.0)
    elif net < 0.0:
        push(one, law, cumulative[LONGS], depth[LONGS], -net, share, -1.0)
    moved = one[PRICE] - before
    one[FORCED] += moved
    one[THIN] = min(one[THIN] + law[STRESS] * abs(moved), law[THINNEST])


def push(one: Any, law: Any, cumulative: Any, depth: Any, need: Any, share: Any, sign: Any) -> None:
    """Sweep one side of the book; what that triggers and is not executed yet waits."""
    front = one[HIGH] if sign > 0.0 else one[LOW]
    per_log = law[PER_LOG]
    end = sweep(sign * one[PRICE], front, need, share * law[REACHES], one[THIN], per_log, cumulative, depth)
    one[PRICE] = sign * end
    if end > front:
        triggered = fuel_to(cumulative, end, per_log) - fuel_to(cumulative, front, per_log)
        waits = (1.0 - share) * law[REACHES] * triggered
        if sign > 0.0:
            one[HIGH] = end
            one[BOUGHT] += triggered
            one[BUYING] += waits
        else:
            one[LOW] = end
            one[SOLD] += triggered
            one[SELLING] += waits


def trigger(one: Any, law: Any, cumulative: Any) -> None:
    """Fuel between the extreme so far and the price waits for execution."""
    distance = one[PRICE]
    if distance > one[HIGH]:
        triggered = fuel_to(cumulative[SHORTS], distance, law[PER_LOG]) - fuel_to(
            cumulative[SHORTS], one[HIGH], law[PER_LOG]
        )
        one[HIGH] = distance
        one[BOUGHT] += triggered
        one[BUYING] += law[REACHES] * triggered
    elif -distance > one[LOW]:
        triggered = fuel_to(cumulative[LONGS], -distance, law[PER_LOG]) - fuel_to(
            cumulative[LONGS], one[LOW], law[PER_LOG]
        )
        one[LOW] = -distance
        one[SOLD] += triggered
        one[SELLING] += law[REACHES] * triggered
