"""Tables and histories: what a row says, what it refuses to say, and its shape in every form."""

from __future__ import annotations

import builtins
import importlib
import json
import sys

import numpy as np
import pytest
from stats_naive import T0, liquidation

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_S
from powderkeg.stats import liquidation_table
from powderkeg.stats.coverage import Observed
from powderkeg.stats.liquidation_rows import LiquidationGroup
from powderkeg.stats.liquidation_table import bar_span, build_history, build_table
from powderkeg.stats.undercount import sampled_orders_of

HOUR = NS_PER_HOUR
AS_OF = T0 + HOUR


def group(usd=100.0, count=1, *, venue="bybit", symbol="BTC/USDT:USDT", side="short", coverage="all", **more):
    fields = {"largest_usd": usd, "unknown_notional_count": 0, **more}
    return LiquidationGroup(venue, symbol, side, coverage, usd, count, **fields)


def observed(venue="bybit", start=T0, end=AS_OF):
    return Observed(venue, "liquidation", start, end, "connection", "j1")


def table(groups, by=("coin", "venue"), **more):
    return build_table(groups, by=by, as_of_ns=AS_OF, window_ns=HOUR, **more)


def only_row(groups, by=("coin", "venue"), **more):
    (row,) = table(groups, by, **more).rows
    return row


def test_the_json_shape_is_the_published_one():
    """Programs rely on these names; `json` takes the result as it is."""
    gap = FeedGap("bybit", "liquidation", T0, T0 + HOUR // 4, "silent")
    groups = [group(largest_price=95_000.0, largest_ts_ns=T0 + 1_500_000_000), group(30.0, side="long")]
    told = table(groups, observed=[observed()], gaps=[gap]).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    silent = {
        "venue": "bybit",
        "stream": "liquidation",
        "from": "2026-01-14T00:00:00Z",
        "to": "2026-01-14T00:15:00Z",
        "reason": "silent",
    }
    assert told == {
        "as_of": "2026-01-14T01:00:00Z",
        "window": "1h",
        "method": "measured",
        "by": ["coin", "venue"],
        "sources": [
            {
                "venue": "bybit",
                "stream": "liquidation",
                "feed_coverage": ["all"],
                "coverage": 0.75,
                "gaps": [silent],
                "backfilled": [],
            }
        ],
        "rows": [
            {
                "coin": "BTC",
                "venue": "bybit",
                "symbol": None,
                "position_side": None,
                "long_usd": 30.0,
                "short_usd": 100.0,
                "total_usd": 130.0,
                "count": 2,
                "long_count": 1,
                "short_count": 1,
                "unknown_notional_count": 0,
                "largest_usd": 100.0,
                "largest": {
                    "venue": "bybit",
                    "symbol": "BTC/USDT:USDT",
                    "position_side": "short",
                    "notional_usd": 100.0,
                    "price": 95_000.0,
                    "at": "2026-01-14T00:00:01.500Z",
                },
                "coverage": 0.75,
                "feed_coverage": ["all"],
                "is_floor": True,
                "estimate_usd": 130.0,
                "estimate_low_usd": 130.0,
                "estimate_high_usd": 130.0,
                "ceiling_usd": None,
                "saturated_ratio": None,
                "gaps": [silent],
            }
        ],
    }


@pytest.mark.parametrize(
    ("changes", "share", "is_floor"),
    [
        ({}, 1.0, False),
        ({"coverage": "latest_per_second"}, 1.0, True),
        ({"coverage": "unknown"}, 1.0, True),
        ({"count": 2, "unknown_notional_count": 1}, 1.0, True),
        ({}, 0.5, True),
        ({}, None, True),
    ],
)
def test_a_total_is_a_floor_unless_everything_is_known(changes, share, is_floor):
    """Whole feed, whole window, every notional: only then is the sum the total."""
    records = [] if share is None else [observed(end=T0 + int(share * HOUR))]
    row = only_row([group(**changes)], observed=records)
    assert row.is_floor is is_floor
    assert row.coverage == share


def test_unknown_is_none_never_zero():
    """Orders without a notional are counted; a sum of nothing known is not 0."""
    row = only_row([group(0.0, 3, unknown_notional_count=3, largest_usd=None), group(50.0, 1, side="long")])
    assert (row.short_usd, row.long_usd, row.total_usd) == (None, 50.0, 50.0)
    assert (row.short_count, row.count, row.unknown_notional_count) == (3, 4, 3)
    assert row.estimate_high_usd is None
    alone = only_row([group(0.0, 3, unknown_notional_count=3, largest_usd=None)])
    assert (alone.total_usd, alone.largest, alone.largest_usd) == (None, None, None)
    assert alone.long_usd == 0.0


def test_a_row_of_one_side_says_nothing_about_the_other():
    row = only_row([group()], ("coin", "position_side"))
    assert (row.position_side, row.short_usd, row.total_usd) == ("short", 100.0, 100.0)
    assert (row.long_usd, row.long_count) == (None, None)


def test_summing_over_venues_counts_every_watched_venue():
    """A venue that was down for half the window lowers the coverage of the sum, also with nothing from it in it."""
    row = only_row([group()], ("coin",), observed=[observed(), observed("okx", end=T0 + HOUR // 2)])
    assert row.coverage == 0.75
    assert [gap.venue for gap in row.gaps] == ["okx"]
    assert only_row([group(), group(venue="gate")], ("coin",), observed=[observed()]).coverage is None


def test_an_empty_window_is_zero_where_watched_and_absent_where_not():
    """No events, not recorded and not known are three answers."""
    watched = table([], (), observed=[observed()])
    assert [(row.total_usd, row.count, row.coverage) for row in watched.rows] == [(0.0, 0, 1.0)]
    off = table([], (), observed=[observed(start=T0 - HOUR, end=T0)])
    assert off.rows == ()
    assert [(source.coverage, source.gaps[0].reason) for source in off.sources] == [(0.0, "not recorded")]
    unknown = table([], ())
    assert (unknown.rows, unknown.sources) == ((), ())


def test_estimates_and_ceilings_stand_beside_the_floor():
    """A sampled feed is estimated from its orders; without them it is a floor only."""
    made = [liquidation(T0 + s * NS_PER_S, 10.0, coverage="latest_per_second") for s in range(0, 120, 2)]
    groups = [group(600.0, 60, coverage="latest_per_second")]
    fall = {("bybit", "BTC/USDT:USDT"): 900.0}
    row = only_row(groups, orders=sampled_orders_of(made), open_interest_fall_usd=fall)
    per_minute = 60 * sum(1 / k for k in range(31, 61))
    assert row.estimate_usd == pytest.approx(2 * per_minute * 10.0)
    assert 600.0 < row.estimate_low_usd < row.estimate_usd < row.estimate_high_usd
    assert (row.saturated_ratio, row.ceiling_usd) == (0.0, 900.0)
    bare = only_row(groups)
    assert (bare.total_usd, bare.estimate_usd, bare.estimate_high_usd) == (600.0, None, None)
    mixed = only_row([*groups, group(5.0, venue="okx")], ("coin",), orders=sampled_orders_of(made))
    assert mixed.estimate_usd == pytest.approx(row.estimate_usd + 5.0)
    assert mixed.ceiling_usd is None
    assert mixed.feed_coverage == ("all", "latest_per_second")


def test_the_largest_order_is_the_earliest_of_equals():
    late, early = group(largest_ts_ns=T0 + 9, venue="okx"), group(largest_ts_ns=T0 + 5)
    assert only_row([late, early], ()).largest.ts_event_ns == T0 + 5


def test_rows_come_largest_first():
    rows = table([group(5.0), group(50.0, symbol="ETH/USDT:USDT"), group(5.0, venue="gate")]).rows
    assert [(row.coin, row.venue) for row in rows] == [("ETH", "bybit"), ("BTC", "bybit"), ("BTC", "gate")]


@pytest.mark.parametrize("by", [("side",), ("coin", "coin")])
def test_grouping_by_something_else_is_refused(by):
    with pytest.raises(InputError, match="coin, venue, symbol, position_side"):
        table([], by)


def history(groups, **more):
    span = (T0, T0 + 4 * NS_PER_MINUTE)
    return build_history(groups, **{"by": ("coin", "venue"), "span": span, "interval_ns": NS_PER_MINUTE, **more})


def test_a_quiet_bar_is_zero_where_watched_and_absent_where_not():
    """Of four minutes: one with an order, one watched, one half watched, one not."""
    end = T0 + 2 * NS_PER_MINUTE + 30 * NS_PER_S
    told = history([group(open_ns=T0)], observed=[observed(end=end)])
    assert [((row.open_ns - T0) // NS_PER_MINUTE, row.total_usd, row.coverage) for row in told.rows] == [
        (0, 100.0, 1.0),
        (1, 0.0, 1.0),
        (2, 0.0, 0.5),
    ]
    assert [row.is_floor for row in told.rows] == [False, False, True]
    assert [(row.open_ns, row.coverage) for row in history([group(open_ns=T0)]).rows] == [(T0, None)]
    said = told.to_dict()
    assert (said["from"], said["to"], said["interval"]) == ("2026-01-14T00:00:00Z", "2026-01-14T00:04:00Z", "1m")
    assert [row["open"] for row in said["rows"]] == [f"2026-01-14T00:0{minute}:00Z" for minute in range(3)]


def test_a_quiet_bar_of_a_sampled_feed_is_estimated_zero():
    """Such a feed shows something of every second in which something happens; an unknown rule promises nothing."""
    for coverage, estimate in (("latest_per_second", 0.0), ("unknown", None)):
        told = history([group(open_ns=T0, coverage=coverage)], observed=[observed()])
        assert told.rows[1].total_usd == 0.0
        assert told.rows[1].estimate_usd == estimate


def test_quiet_bars_of_a_side_know_nothing_of_the_other():
    """Shorts in the first minute and longs in the second: the quiet minutes of each side are plain zeros."""
    made = [
        liquidation(T0 + 5 * NS_PER_S, coverage="latest_per_second"),
        liquidation(T0 + 65 * NS_PER_S, position_side="long", coverage="latest_per_second"),
    ]
    groups = [
        group(1_000.0, open_ns=T0, coverage="latest_per_second"),
        group(1_000.0, open_ns=T0 + NS_PER_MINUTE, side="long", coverage="latest_per_second"),
    ]
    told = history(groups, by=("position_side",), observed=[observed()], orders=sampled_orders_of(made))
    assert len(told.rows) == 8
    quiet = [row for row in told.rows if row.count == 0]
    assert {(row.total_usd, row.estimate_usd, row.estimate_high_usd) for row in quiet} == {(0.0, 0.0, 0.0)}
    assert len(quiet) == 6


def test_bars_stand_on_their_grid():
    """Spans are rounded out to whole bars; groups off the grid and absurd requests are refused."""
    assert bar_span((T0 + 1, T0 + NS_PER_MINUTE + 1), NS_PER_MINUTE) == (T0, T0 + 2 * NS_PER_MINUTE)
    assert bar_span((T0, T0 + NS_PER_MINUTE), NS_PER_MINUTE) == (T0, T0 + NS_PER_MINUTE)
    with pytest.raises(InputError, match="from 1s to 1d"):
        bar_span((T0, AS_OF), 7 * 24 * HOUR)
    with pytest.raises(InputError, match="whole bars"):
        history([], span=(T0 + 1, T0 + NS_PER_MINUTE))
    for open_ns in (None, T0 + 1, T0 - NS_PER_MINUTE):
        with pytest.raises(InputError, match="no open on the grid"):
            history([group(open_ns=open_ns)])


def test_a_history_of_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(liquidation_table, "MAX_ROWS", 7)
    with pytest.raises(InputError, match="over 7 rows"):
        history([group(open_ns=T0), group(open_ns=T0, venue="okx")])


@pytest.fixture
def sample():
    """A table with a known row and one of unknown notional."""
    unknown = group(0.0, 2, venue="okx", coverage="unknown", unknown_notional_count=2, largest_usd=None)
    return table([group(largest_price=1.5, largest_ts_ns=T0 + 7), unknown], observed=[observed()])


def test_every_form_holds_the_same_figures(sample):
    """Arrow, pandas, Polars and NumPy agree; unknown stays null, times stay instants."""
    arrow = sample.to_arrow()
    assert arrow.column_names[:4] == ["coin", "venue", "symbol", "position_side"]
    rows = arrow.to_pylist()
    assert [row["total_usd"] for row in rows] == [100.0, None]
    assert [row["long_usd"] for row in rows] == [0.0, 0.0]
    assert [row["feed_coverage"] for row in rows] == ["all", "unknown"]
    assert rows[0]["largest_at"].isoformat().startswith("2026-01-14T00:00:00")
    assert sample.to_polars().to_dicts()[1]["total_usd"] is None
    assert sample.to_polars()["count"].to_list() == [1, 2]
    frame = sample.to_pandas()
    assert frame["total_usd"].isna().tolist() == [False, True]
    assert frame["venue"].tolist() == ["bybit", "okx"]
    array = sample.to_numpy()
    assert array["total_usd"][0] == 100.0
    assert np.isnan(array["total_usd"][1])
    assert array["largest_at"][0] == np.datetime64(T0 + 7, "ns")
    assert np.isnat(array["largest_at"][1])
    assert array.dtype.names == tuple(arrow.column_names)


def test_bars_add_the_column_of_their_open():
    told = history([group(open_ns=T0)])
    assert told.to_arrow().column_names[0] == "open"
    assert told.to_numpy()["open"][0] == np.datetime64(T0, "ns")
    assert told.to_polars().height == told.to_pandas().shape[0] == 1


@pytest.mark.parametrize(
    ("method", "package"), [("to_arrow", "pyarrow"), ("to_pandas", "pandas"), ("to_polars", "polars")]
)
def test_a_missing_package_is_named(sample, monkeypatch, method, package):
    """The message says what to install."""

    def import_module(name):
        if name == package:
            raise ModuleNotFoundError(name)
        return builtins.__import__(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    with pytest.raises(InputError, match=f"pip install {package}"):
        getattr(sample, method)()


def test_tables_do_not_import_frames_libraries():
    """Start-up stays fast: pandas and Polars come in when they are asked for."""
    source = sys.modules["powderkeg.stats.frames"]
    assert not {"pandas", "polars", "pyarrow", "pd", "pl", "pa"} & set(vars(source))
