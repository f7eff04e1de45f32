"""The account engine against the decimal twin: cross, isolated, hedged, linear and inverse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from margin_strategies import tier_tables
from naive_margin import account_check

from powderkeg.domain.errors import InputError
from powderkeg.margin import build_accounts, check, liquidation_price, state, tier_table

BTC, ETH = tier_table("binance-usdm", "BTCUSDT"), tier_table("binance-usdm", "ETHUSDT")


def laid_out(accounts, tiers, **more):
    """Arrays from lists of (wallet, [(qty, entry, instrument, isolated margin or None)])."""
    width = max(len(positions) for _, positions in accounts)
    padded = [[*positions, *[(0.0, 0.0, 0, None)] * (width - len(positions))] for _, positions in accounts]
    own = np.array([[np.nan if p[3] is None else p[3] for p in row] for row in padded])
    return build_accounts(
        wallet_balance=np.array([wallet for wallet, _ in accounts]),
        qty=np.array([[p[0] for p in row] for row in padded]),
        entry_price=np.array([[p[1] for p in row] for row in padded]),
        instrument=np.array([[p[2] for p in row] for row in padded]),
        tiers=tiers,
        isolated_margin=None if np.isnan(own).all() else own,
        **more,
    )


@st.composite
def cases(draw):
    tiers = draw(st.lists(tier_tables(), min_size=1, max_size=3))
    entries = [draw(st.floats(0.01, 1e5)) for _ in tiers]
    marks = [entry * draw(st.floats(0.5, 2)) for entry in entries]
    accounts = []
    for _ in range(draw(st.integers(1, 5))):
        positions = []
        for _ in range(draw(st.integers(1, 4))):
            instrument = draw(st.integers(0, len(tiers) - 1))
            notional = draw(st.floats(1, 1e8)) * draw(st.sampled_from([-1, 0, 1]))
            own = draw(st.none() | st.floats(0, 1e7))
            positions.append((notional / entries[instrument], entries[instrument], instrument, own))
        accounts.append((draw(st.floats(-1e6, 1e8)), positions))
    return accounts, np.array(marks), tiers


@settings(deadline=None)  # the first example loads the compiler
@given(case=cases())
def test_equals_the_decimal_twin(case):
    """Equity, maintenance and verdict of every account, and the quick check agrees with the full state."""
    accounts, marks, tiers = case
    engine = laid_out(accounts, tiers)
    now, verdict, expected = state(engine, marks), check(engine, marks), account_check(accounts, marks, tiers)
    scale = [abs(w) + sum(abs(p[0]) * max(p[1], marks[p[2]]) for p in positions) for w, positions in accounts]
    np.testing.assert_allclose(now.equity, [e[0] for e in expected], atol=1e-9 * max(scale))
    np.testing.assert_allclose(now.maintenance_margin, [e[1] for e in expected], rtol=1e-9)
    for got, (equity, needed, hit) in zip(verdict, expected, strict=True):
        assert got == hit or abs(equity - needed) < 1e-9 * max(scale)
    np.testing.assert_array_equal(verdict, now.cross_liquidatable | now.isolated_liquidatable.any(axis=1))


@settings(deadline=None)
@given(case=cases())
def test_the_shortcut_never_changes_the_answer(case):
    """All-cross accounts take the bounded path; the full state takes none."""
    accounts, marks, tiers = case
    cross = laid_out([(wallet, [(*p[:3], None) for p in positions]) for wallet, positions in accounts], tiers)
    assert cross.isolated_margin is None
    np.testing.assert_array_equal(check(cross, marks), state(cross, marks).cross_liquidatable)


@pytest.mark.parametrize("contract", ["linear", "inverse"])
@pytest.mark.parametrize("side", [1, -1])
def test_turns_at_the_liquidation_price(side, contract):
    """One position: safe a hair before its liquidation price, liquidatable a hair beyond, cross and isolated."""
    qty = 3.0 if contract == "linear" else 300_000.0
    margin = 30_000.0 if contract == "linear" else 0.3
    price = liquidation_price(side=side, qty=qty, entry_price=94_000.0, margin=margin, tiers=BTC, contract=contract)
    for wallet, own in ((margin, None), (0.0, margin)):
        engine = laid_out([(wallet, [(side * qty, 94_000.0, 0, own)])], [BTC], contract=contract)
        assert not check(engine, np.array([price * (1 + side * 1e-9)]))[0]
        assert check(engine, np.array([price * (1 - side * 1e-9)]))[0]


def test_cross_liquidation_price_agrees_with_the_engine():
    """Two symbols in one wallet: the price of one, with the other held at its mark, is where the engine turns."""
    held = [(2.0, 94_000.0, 0, None), (-50.0, 3_300.0, 1, None)]
    engine = laid_out([(20_000.0, held)], [BTC, ETH])
    eth_mark = 3_350.0
    price = liquidation_price(
        side="long",
        qty=2.0,
        entry_price=94_000.0,
        margin=20_000.0,
        tiers=BTC,
        other_maintenance_margin=ETH.maintenance_margin(50 * eth_mark),
        other_unrealized_pnl=-50 * (eth_mark - 3_300),
    )
    assert not check(engine, np.array([price * (1 + 1e-9), eth_mark]))[0]
    assert check(engine, np.array([price * (1 - 1e-9), eth_mark]))[0]


def test_margin_ratio_reads_as_venues_show_it():
    """0 without positions, maintenance over equity, infinite where equity is gone."""
    engine = laid_out(
        [(0.0, [(0.0, 0.0, 0, None)]), (1_000.0, [(0.1, 94_000.0, 0, None)]), (10.0, [(1.0, 95_000.0, 0, None)])], [BTC]
    )
    ratio = state(engine, np.array([94_000.0])).margin_ratio
    assert ratio[0] == 0
    assert ratio[1] == pytest.approx(0.0376)
    assert ratio[2] == np.inf
    assert check(engine, np.array([94_000.0])).tolist() == [False, False, True]


def test_layout_mistakes_are_named():
    """Shapes, instruments, prices, marks, currencies."""
    good = {
        "wallet_balance": np.ones(1),
        "qty": np.ones((1, 1)),
        "entry_price": np.ones((1, 1)),
        "instrument": np.zeros((1, 1), dtype=int),
        "tiers": [BTC],
    }
    engine = build_accounts(**good)
    for change, message in (
        ({"qty": np.ones((1, 2))}, "do not fit"),
        ({"qty": np.full((1, 1), np.nan)}, "qty is nan at element 0"),
        ({"entry_price": np.zeros((1, 1))}, "entry_price is 0.0 at element 0"),
        ({"instrument": np.ones((1, 1), dtype=int)}, "there are 1 tier tables"),
        ({"instrument": -np.ones((1, 1), dtype=int)}, "instrument runs from -1"),
        ({"isolated_margin": np.ones(1)}, "isolated_margin is"),
        ({"isolated_margin": np.full((1, 1), np.inf)}, "isolated_margin is inf"),
        ({"wallet_balance": np.array([1e300])}, "wallet_balance is 1e"),
        ({"tiers": []}, "there are 0 tier tables"),
        ({"tiers": [BTC, tier_table("hyperliquid", "BTC")]}, "one currency"),
        ({"contract": "quanto"}, "quanto"),
    ):
        with pytest.raises(InputError, match=message):
            build_accounts(**{**good, **change})
    for marks, message in (
        (np.ones(2), "one per instrument"),
        (np.array([0.0]), "marks is 0.0 at element 0"),
        (np.array([np.nan]), "marks is nan at element 0"),
    ):
        with pytest.raises(InputError, match=message):
            check(engine, marks)
