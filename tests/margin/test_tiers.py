"""Tier tables: continuity, dates, the bundled ones, and files of one's own."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from margin_strategies import tier_tables

from powderkeg.domain.errors import InputError
from powderkeg.margin import TierTable, known_tables, tier_table

BUNDLED = known_tables()


def build(*rows, **more):
    return TierTable.from_rows(rows, unit="USDT", date="2024-10-24", source="test", **more)


@given(table=tier_tables())
def test_maintenance_is_continuous_at_every_floor(table):
    """Just below a floor and at it the need is the same; it rises, and never above half the notional."""
    for tier, above in zip(table.tiers, table.tiers[1:], strict=False):
        floor = above.floor
        assert math.isclose(floor * tier.mmr - tier.maintenance_amount, table.maintenance_margin(floor), rel_tol=1e-9)
        assert tier.cap == floor


@given(table=tier_tables(), x=st.floats(1, 1e12), y=st.floats(1, 1e12))
def test_maintenance_is_convex(table, x, y):
    """Two positions need no more apart than together: what the account engine's shortcut rests on."""
    apart = table.maintenance_margin(x) + table.maintenance_margin(y)
    assert apart <= table.maintenance_margin(x + y) * (1 + 1e-9)


@given(table=tier_tables(), data=st.data())
def test_rows_may_come_in_any_order(table, data):
    """A table is its set of rows."""
    rows = [{"floor": tier.floor, "mmr": tier.mmr} for tier in table.tiers]
    assert build(*data.draw(st.permutations(rows))).tiers == table.tiers


@pytest.mark.parametrize("key", BUNDLED, ids=" ".join)
def test_bundled_tables_are_sound(key):
    """Dated and sourced; no tier asks two thirds of the initial margin at its highest leverage, or over half."""
    for table in BUNDLED[key].revisions or (BUNDLED[key],):
        assert table.date
        assert table.source
        assert table.venue == key[0]
        assert table.symbol == key[1]
        for tier in table.tiers:
            assert tier.mmr <= 0.5
            assert tier.max_leverage is None or tier.mmr * tier.max_leverage < 2 / 3


def test_short_rows_are_the_same_table():
    """(floor, mmr) and (floor, mmr, max_leverage) say what the named fields say."""
    named = [{"floor": 0, "mmr": 0.01, "max_leverage": 50}, {"floor": 9, "mmr": 0.02}]
    assert build((0, 0.01, 50), (9, 0.02)).tiers == build(*named).tiers


def test_published_maintenance_amounts_come_out():
    """Binance 2021, Hyperliquid and Bybit print their deductions; the recursion gives the same numbers."""
    old = tier_table("binance-usdm", "BTCUSDT").at("2021-03-18")
    assert [tier.maintenance_amount for tier in old.tiers] == [
        0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300, 5_016_300, 25_016_300, 100_016_300,
    ]  # fmt: skip
    assert tier_table("hyperliquid", "BTC").tiers[1].maintenance_amount == 1_875_000
    assert round(tier_table("hyperliquid", "ETH").tiers[1].maintenance_amount, 2) == 1_333_333.33
    assert tier_table("hyperliquid", "SOL").tiers[1].maintenance_amount == 1_750_000
    amounts = [tier.maintenance_amount for tier in tier_table("bybit", "BTCUSDT").tiers]
    assert amounts[1:6] == [1_200, 3_020, 4_300, 5_820, 8_460]
    assert amounts[-1] == 1_482_000


def test_a_day_gets_the_table_known_on_it():
    """Never a later one: 2022 is answered with 2021, before that there is none."""
    table = tier_table("binance-usdm", "BTC/USDT:USDT")
    assert table.date == "2024-10-24"
    assert table.at("2024-10-23").date == "2021-03-18"
    assert table.at("2021-03-18").at("2026-01-14").date == "2024-10-24"
    with pytest.raises(InputError, match="USDT is known for 2020-01-01; the first is of 2021-03-18"):
        table.at("2020-01-01")
    with pytest.raises(InputError, match="write a day such as"):
        table.at("last week")


def test_unknown_tables_are_refused_with_what_there_is():
    """The message lists what comes with the package."""
    with pytest.raises(InputError, match=r"no tier table of DOGE/USDT:USDT on binance-usdm.*hyperliquid BTC"):
        tier_table("binance-usdm", "DOGEUSDT")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "at least one row"),
        ([{"floor": 1, "mmr": 0.01}], "begin at 0"),
        ([{"floor": 0, "mmr": 0.01}, {"floor": 0, "mmr": 0.02}], "floor must rise"),
        ([{"floor": 0, "mmr": 0.02}, {"floor": 9, "mmr": 0.01}], "mmr must not fall"),
        ([{"floor": 0, "mmr": 0.01, "cap": 5}, {"floor": 9, "mmr": 0.02}], "cap is 5"),
        ([{"floor": 0, "mmr": 0.01}, {"floor": 900, "mmr": 0.02, "maintenance_amount": 8}], "continuous only with 9"),
        ([{"floor": 0, "mmr": 0.5, "max_leverage": math.inf}], "max_leverage is inf"),
        ([{"floor": 0, "mmr": 1}], "row 1: mmr is 1.0; it must be below 1"),
        ([{"floor": 0, "mmr": math.nan}], "mmr is nan"),
        ([{"floor": 0, "mmr": "x"}], "not a number"),
        ([{"floor": 0}], "mmr is missing"),
        ([(0,)], "row 1 has 1 numbers"),
        ([{"floor": 0, "mmr": 0.1, "rate": 1}], "unknown field 'rate'"),
    ],
)
def test_wrong_rows_are_named(rows, message):
    """Row, field and reason."""
    with pytest.raises(InputError, match=message):
        build(*rows)
