"""Maps are scored once a day by whatever clock, and calibrated before anyone asks."""

from __future__ import annotations

import numpy as np
import pytest
from map_samples import hourly_table

import powderkeg
from powderkeg.app.map_scores import ENOUGH_HOURS, MAX_SCORED, scored_bars
from powderkeg.app.map_upkeep import calibrate_ahead, coins_to_map, score_daily
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, parse_instant
from powderkeg.liqmap.bars import Bars
from powderkeg.store.calibrations import FOLDER
from powderkeg.store.importers.run import import_file
from powderkeg.store.scorecards import read_scores

NOW_NS = parse_instant("2024-03-14T09:30:00Z")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return hourly_table(tmp_path_factory.mktemp("bars") / "binance_usdm_1h.csv")


@pytest.fixture
def library(table, tmp_path):
    import_file(tmp_path / "data", table)
    with powderkeg.open(tmp_path / "data") as opened:
        yield opened


def test_once_a_day_by_the_clock_that_is_given(library, monkeypatch):
    """Every market and side on the first call of a day, nothing on the next ones, the next day again."""
    first = score_daily(library, NOW_NS)
    assert first.written == 4
    kept = read_scores(library.data_dir).records
    assert {one.scored_at_ns for one in kept} == {NOW_NS}
    assert {one.coin for one in kept} == {"BTC", "ETH"}
    asked = []

    def counted(*_, **named):
        asked.append(named["now_ns"])
        raise powderkeg.domain.errors.InputError("nothing new")

    monkeypatch.setattr("powderkeg.app.map_upkeep.score_library", counted)
    assert score_daily(library, NOW_NS + 10 * NS_PER_HOUR).reason == "scored today already"
    assert asked == []
    assert score_daily(library, NOW_NS + NS_PER_DAY).reason == "nothing new"
    assert asked == [NOW_NS + NS_PER_DAY]


def test_too_little_to_score_is_no_failure(tmp_path):
    """An empty directory: said, nothing written, tried again later."""
    with powderkeg.open(tmp_path) as empty:
        told = score_daily(empty, NOW_NS)
        assert told.written is None
        assert "no market with prices" in told.reason
        assert coins_to_map(empty) == []
        calibrate_ahead(empty, "BTC")
    assert not (tmp_path / "scorecards").exists()


def test_what_is_calibrated_ahead_is_all_a_question_needs(library, monkeypatch):
    """Then neither the map nor the heatmaps people open fit anything."""
    assert coins_to_map(library) == ["BTC", "ETH"]
    calibrate_ahead(library, "BTC")
    assert any((library.data_dir / FOLDER).iterdir())
    for name in ("shared_settings", "distance_weights", "crossing_ratios", "bootstrap"):
        monkeypatch.setattr(f"powderkeg.liqmap.calibrator.{name}", None)
    with powderkeg.open(library.data_dir) as again:
        assert again.liquidation_map("BTC").kernel.origin == "calibrated"
        again.heatmap("BTC", window="24h")
        again.heatmap("BTC", window="7d")


def minute_bars(symbol, hours, known=1.0):
    """Flat bars of 15 minutes, liquidations known in the last share of them."""
    count = hours * 4
    liquidated = np.ones((count, 2))
    liquidated[: round(count * (1.0 - known))] = np.nan
    return Bars(
        symbol=symbol,
        interval_ns=15 * NS_PER_MINUTE,
        open_ns=NOW_NS // NS_PER_DAY * NS_PER_DAY + np.arange(count) * 15 * NS_PER_MINUTE,
        prices=np.ones((count, 4)),
        volume_base=np.ones(count),
        open_interest_base=np.ones(count + 1),
        liquidated_base=liquidated,
    )


def test_hours_are_scored_where_there_are_enough():
    """Short bars of a long recording become hours that sum what they hold; a short recording stays as it is."""
    short = minute_bars("A", ENOUGH_HOURS - 1)
    assert scored_bars([short]) == [short]
    (long,) = scored_bars([minute_bars("A", ENOUGH_HOURS)])
    assert long.interval_ns == NS_PER_HOUR
    assert len(long) == ENOUGH_HOURS
    np.testing.assert_array_equal(long.liquidated_base, np.full((ENOUGH_HOURS, 2), 4.0))


def test_the_number_scored_is_bounded():
    """Those that are known longest, in their order."""
    known = [1.0 - n / 100 for n in range(MAX_SCORED + 5)]
    found = scored_bars([minute_bars(f"M{n:02}", 300, share) for n, share in enumerate(known)][::-1])
    assert [one.symbol for one in found] == [f"M{n:02}" for n in range(MAX_SCORED)][::-1]
