"""The accumulation/distribution line and its laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.stats.accumulation import AccumulationDistribution

bars = st.builds(
    lambda low, span, where, volume: {"high": low + span, "low": low, "close": low + span * where, "volume": volume},
    st.integers(1, 1_000),
    st.integers(0, 64),
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    st.integers(0, 10_000),
)


@given(several=st.lists(bars, max_size=20))
def test_line_is_the_batch_sum_after_every_bar(several):
    """Close at the high counts whole, at the low against, in the middle nothing; no range counts nothing."""
    line, expected = AccumulationDistribution(), 0.0
    for bar in several:
        line.update(**bar)
        if bar["high"] > bar["low"]:
            place = (bar["close"] - bar["low"]) / (bar["high"] - bar["low"])
            expected += bar["volume"] * (2 * place - 1)
        assert math.isclose(line.value, expected, abs_tol=1e-6)


@pytest.mark.parametrize(
    "bar",
    [
        {"high": 2, "low": 1, "close": 3, "volume": 1},
        {"high": 1, "low": 2, "close": 1.5, "volume": 1},
        {"high": 2, "low": 1, "close": 1, "volume": -1},
        {"high": math.nan, "low": 1, "close": 1, "volume": 1},
    ],
)
def test_what_is_not_a_bar_is_refused(bar):
    """And leaves the line as it was."""
    line = AccumulationDistribution()
    with pytest.raises(InputError, match="not a bar"):
        line.update(**bar)
    assert line.value == 0.0
