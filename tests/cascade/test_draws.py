"""Draws: the published words, the distribution they make, and that nothing but their place decides them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from monte_carlo_kit import drawn_normals
from scipy import stats

from powderkeg.cascade.draws import philox, ziggurat_tables

KNOWN_ANSWERS = [
    # From kat_vectors of Random123 1.14 (D. E. Shaw Research), philox4x32 with 10 rounds: counter, key, words.
    ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
DRAWS = 4_000_000


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS, ids=["zeros", "ones", "digits of pi"])
def test_words_are_the_published_ones(counter, key, words):
    """Bit for bit the reference implementation's known answers."""
    given_words = [np.uint64(int(word, 16)) for word in (counter + " " + key).split()]
    assert [int(word) for word in philox(*given_words)] == [int(word, 16) for word in words.split()]


@pytest.fixture(scope="module")
def normals():
    return drawn_normals(seed=1, paths=DRAWS // 4_000, steps=4_000)


def test_normals_are_normal(normals):
    """Kolmogorov–Smirnov against Φ, the first six moments, and each coarse bin, all within sampling error."""
    flat = normals.ravel()
    assert stats.kstest(flat, "norm").pvalue > 1e-3
    for order, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10_170)):
        assert abs((flat**order).mean() - expected) < 4 * math.sqrt(variance / flat.size), order
    edges = stats.norm.ppf(np.linspace(0, 1, 513))
    assert stats.chisquare(np.histogram(flat, edges)[0]).pvalue > 1e-3


@pytest.mark.parametrize("beyond", [2.5, 3.0, 3.5, 3.6541528853610088, 4.0, 4.5])
def test_tails_have_the_right_weight(normals, beyond):
    """Counts beyond a bound, both sides: the base layer's tail joins without a seam."""
    expected = stats.norm.sf(beyond) * normals.size
    for count in ((normals > beyond).sum(), (normals < -beyond).sum()):
        assert abs(count - expected) < 4.5 * math.sqrt(expected) + 1


def test_neighbors_are_not_correlated(normals):
    """Between steps up to eight apart, squares too, and between neighboring paths."""
    for held in (normals, normals**2 - 1):
        spread = 4.5 * held.std() ** 2 / math.sqrt(held.size)
        for lag in (1, 2, 3, 4, 8):
            assert abs((held[:, lag:] * held[:, :-lag]).mean()) < spread
        assert abs((held[1:] * held[:-1]).mean()) < spread


def test_layers_have_equal_area():
    """Every layer of the ziggurat holds as much as the base with its tail."""
    edges, densities = ziggurat_tables()
    areas = edges[1:-1] * np.diff(densities[1:])
    assert np.allclose(areas[:-1], areas[0], rtol=1e-9)
    assert areas[-1] == pytest.approx(areas[0], rel=1e-6)
    assert edges[0] * densities[1] == pytest.approx(areas[0], rel=1e-9)


@given(seed=st.integers(0, 2**64 - 1))
def test_a_seed_of_64_bits_counts_in_full(seed):
    """Seeds that differ in one bit give other draws."""
    one, other = drawn_normals(seed, 1, 8), drawn_normals(seed ^ (1 << (seed % 64)), 1, 8)
    assert (one != other).any()
