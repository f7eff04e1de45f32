"""The examples of docs/liquidation-map.md give what they say, and its table is the score of the recorded hours."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from powderkeg.app.liquidation_map_files import read_bars
from powderkeg.domain.time import parse_instant
from powderkeg.liqmap.score import score

PAGE = Path(__file__).resolve().parents[2] / "docs" / "liquidation-map.md"


def test_examples_of_the_page_run():
    done = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert done.attempted > 0
    assert done.failed == 0


def test_the_table_of_the_page_is_what_is_measured(shared_data):
    """Gain over (a) of every coin and side, to the third decimal as printed."""
    hours = shared_data / "hourly_2024/binance_usdm_1h_2024-06-19_2024-07-31.csv"
    card = score(read_bars(hours), parse_instant("2024-07-15"))
    written = re.findall(r"^\| (BTC|ETH|SOL) (long|short)s \| (\S+) ", PAGE.read_text("utf-8"), re.MULTILINE)
    measured = {(one.symbol[:3], one.position_side): one.gain for one in card.series}
    assert len(written) == 6
    for coin, side, gain in written:
        assert float(gain) == pytest.approx(measured[coin, side], abs=0.002)
