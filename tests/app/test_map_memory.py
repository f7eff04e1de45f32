"""Calibrations outlive their process: the next one answers with the same numbers, and without any of them too."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from map_samples import hourly_table

import powderkeg
from powderkeg.app.map_memory import MapMemory
from powderkeg.liqmap.estimate import MapSettings
from powderkeg.store.calibrations import FOLDER
from powderkeg.store.importers.run import import_file

FITTED = ("shared_settings", "distance_weights", "crossing_ratios", "bootstrap")


@pytest.fixture
def data_dir(tmp_path):
    import_file(tmp_path / "data", hourly_table(tmp_path / "hours.csv"))
    return tmp_path / "data"


def map_of(data_dir):
    with powderkeg.open(data_dir) as library:
        return library.liquidation_map("BTC"), library.heatmap("BTC", window="3d")


def forbid_fitting(monkeypatch):
    def refuse(*_):
        raise AssertionError("fitted again")

    for name in FITTED:
        monkeypatch.setattr(f"powderkeg.liqmap.calibrator.{name}", refuse)


def same(one, other):
    return all(
        np.array_equal(getattr(one[0], name), getattr(other[0], name))
        for name in ("notional_usd", "lower_usd", "upper_usd")
    ) and np.array_equal(one[1].cells, other[1].cells)


def test_the_next_process_fits_nothing(data_dir, monkeypatch):
    """The same map to the last bit, from what was kept."""
    first = map_of(data_dir)
    assert first[0].kernel.origin == "calibrated"
    forbid_fitting(monkeypatch)
    assert same(map_of(data_dir), first)


def test_it_is_a_cache_and_nothing_more(data_dir):
    """Deleted, emptied or overwritten, the same map is made anew and kept again."""
    first = map_of(data_dir)
    kept = sorted((data_dir / FOLDER).iterdir())
    assert kept
    for path in kept:
        path.write_bytes(b"\x00" * 40)
    assert same(map_of(data_dir), first)
    shutil.rmtree(data_dir / "cache")
    assert same(map_of(data_dir), first)
    assert sorted((data_dir / FOLDER).iterdir()) == kept


def test_other_bars_are_other_keys(data_dir, monkeypatch, tmp_path):
    """What was kept of one market's past is not taken for another's."""
    map_of(data_dir)
    other = tmp_path / "other"
    import_file(other, hourly_table(tmp_path / "more.csv", symbols=("SOLUSDT", "BTCUSDT")))
    shutil.copytree(data_dir / "cache", other / "cache")
    forbid_fitting(monkeypatch)
    with pytest.raises(AssertionError, match="fitted again"):
        map_of(other)


def test_settings_and_numbers_come_back_as_they_were(tmp_path):
    """Infinite half-lives, shapes and the last bit of every number."""
    numbers = np.random.default_rng(3).standard_normal((5, 2, 13))
    settings = MapSettings(churn=0.1, half_life_hours=float("inf"))
    memory = MapMemory(tmp_path)
    memory["numbers", 1.5], memory["settings", 1] = numbers, settings
    again = MapMemory(tmp_path)
    np.testing.assert_array_equal(again["numbers", 1.5], numbers)
    assert again["settings", 1] == settings
    assert again.get(("numbers", 1.25)) is None
    again["numbers", 1.5][0] = 0.0
    assert again["numbers", 1.5][0].sum() == 0.0
    assert len(again) == 2
    del again["numbers", 1.5]
    assert len(again) == 1
