"""How often a venue charges funding, where it only tells when it does so next."""

from __future__ import annotations

import pytest

from powderkeg.app.library import Library
from powderkeg.app.market_series import market_series
from powderkeg.bench.ui_data import END_NS, make_data
from powderkeg.domain.time import format_instant

EIGHT_HOURLY = 8_760 / 8


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A day of four simulated venues that charge every eight hours, and do not say so."""
    folder = tmp_path_factory.mktemp("market")
    make_data(folder, days=1)
    with Library(folder) as opened:
        yield opened


def rows(library, window):
    return market_series(library, "funding", coin="BTC", end=format_instant(END_NS), window=window).to_dict()["rows"]


def test_it_is_the_step_between_the_times_it_announced(library):
    """A year holds 1,095 charges of eight hours; every bar says that its interval is derived."""
    found = rows(library, "24h")
    assert {row["venue"] for row in found} == {"binance-usdm", "bitget", "bybit", "okx"}
    for row in found:
        assert row["is_interval_derived"]
        assert row["funding_interval_hours"] == 8.0
        assert row["annualized_ratio"] == pytest.approx(row["funding_rate"] * EIGHT_HOURLY, rel=1e-12)


def test_one_announcement_tells_nothing(library):
    """Inside one interval there is no step: unknown, not eight."""
    found = rows(library, "2h")
    assert found
    assert {row["funding_interval_hours"] for row in found} == {None}
    assert {row["annualized_ratio"] for row in found} == {None}
    assert not any(row["is_interval_derived"] for row in found)
