"""Silences of a recording: a hole where many contracts fell silent, nothing said of a few."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.time import NS_PER_MINUTE
from powderkeg.stats.silence import MAX_SILENCE_NS, MIN_SYMBOLS, Islands, islands, split_at

times = st.lists(st.integers(0, 300 * NS_PER_MINUTE), min_size=1, max_size=60)


def naive(stamps):
    """Walk the sorted times and cut at every pause too long."""
    ordered = sorted(stamps)
    found = [[ordered[0]]]
    for stamp in ordered[1:]:
        if stamp - found[-1][-1] > MAX_SILENCE_NS:
            found.append([])
        found[-1].append(stamp)
    return tuple((group[0], group[-1]) for group in found)


def noted(stamps, symbols):
    spoken = Islands()
    for number, stamp in enumerate(stamps):
        spoken.note(stamp, f"S{number % symbols}")
    for number in range(symbols):
        spoken.note(stamps[0], f"S{number}")
    return spoken


@given(times)
def test_islands_do_not_depend_on_the_order_of_events(stamps):
    """Fed in any order, the islands are those of the sorted times."""
    assert noted(stamps, MIN_SYMBOLS).spans() == naive(stamps)
    assert islands((stamp, stamp) for stamp in stamps) == naive(stamps)


@given(times)
def test_pieces_join_to_the_same_islands(stamps):
    """Cut into days, say, and joined again: nothing changes."""
    half = len(stamps) // 2
    pieces = [*naive(stamps[:half] or stamps), *naive(stamps[half:])]
    assert islands(pieces) == naive(stamps)


@given(times)
def test_a_span_without_its_silences_is_its_islands(stamps):
    """The archive keeps the silences, a replay the islands: they say the same."""
    ordered = sorted(stamps)
    silences = [(before, after) for before, after in pairwise(ordered) if after - before > MAX_SILENCE_NS]
    assert split_at((ordered[0], ordered[-1]), silences) == naive(stamps)


@given(times)
def test_of_a_few_symbols_nothing_is_said(stamps):
    """One contract may well be silent for hours: its whole span counts."""
    assert noted(stamps, MIN_SYMBOLS - 1).spans() == ((min(stamps), max(stamps)),)
