"""The ladder the slow way: the balance as exact fractions at every edge, read off as a broken line."""

from __future__ import annotations

from fractions import Fraction


def balance(fuel, depth, share):
    """[bins + 1] depth less market share times fuel, summed from the start, exact."""
    edges = [Fraction(0)]
    for one, other in zip(fuel, depth, strict=True):
        edges.append(edges[-1] + Fraction(float(other)) - Fraction(float(share)) * Fraction(float(one)))
    return edges


def first_above(edges, needed):
    """Bins from the start at which the broken line first reaches `needed`; None if it never does."""
    if edges[0] >= needed:
        return Fraction(0)
    for i in range(1, len(edges)):
        if edges[i] >= needed:
            return i - 1 + (needed - edges[i - 1]) / (edges[i] - edges[i - 1])
    return None


def passed(dollars, bins):
    """Dollars in the first `bins` bins, the last one in part."""
    whole = int(bins)
    total = sum((Fraction(float(one)) for one in dollars[:whole]), Fraction(0))
    return total if whole == len(dollars) else total + (bins - whole) * Fraction(float(dollars[whole]))


def jumps(fuel, depth, share):
    """(trigger, stop) in bins of every stretch in which the balance lies below all it was before; stop None at the end.

    Found from the definition: outside of them the balance is the largest so far.
    """
    edges = balance(fuel, depth, share)
    found, i = [], 0
    while i < len(edges) - 1:
        if edges[i + 1] >= edges[i]:
            i += 1
            continue
        start, level = i, edges[i]
        stop = next((k for k in range(start + 1, len(edges)) if edges[k] >= level), None)
        if stop is None:
            found.append((start, None))
            break
        found.append((start, stop - 1 + (level - edges[stop - 1]) / (edges[stop] - edges[stop - 1])))
        # The rest of the bin climbs above all before it, so the next stretch starts at a later edge.
        i = stop
    return found
