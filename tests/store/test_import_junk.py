"""Junk takes nothing with it: exactly the bad lines are refused, wherever they stand and however lines are grouped."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_samples import TABLES, listed

from powderkeg.domain.events import Candle, EtfFlow, Liquidation, LiquidationBar
from powderkeg.domain.time import NS_PER_HOUR, format_instant, parse_instant
from powderkeg.store.importers import candles, tardis
from powderkeg.store.importers.formats import Sample
from powderkeg.store.importers.lines import read_lines
from powderkeg.store.importers.registry import format_named, recognize
from powderkeg.store.importers.sources import BLOCK_LINES

GLUE = ("\x00", "Traceback (most recent call last):", "{", " connected;", '"')

loose_junk = st.text(st.characters(exclude_characters="\n\r", exclude_categories=("Cs",)), min_size=1).filter(str.strip)


@pytest.fixture(autouse=True, scope="module")
def _listed():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tardis, "default_instruments", listed)
        patch.setattr(candles, "default_instruments", listed)
        yield


def parser_of(name: str):
    miniature = TABLES[name]
    format_ = format_named(name)
    context = format_.context(Sample(Path(miniature.name), miniature.text.encode(), whole=True), None)
    return lambda lines, first_line=1: format_.rows(lines, first_line, context)


@pytest.mark.parametrize("name", TABLES)
@given(data=st.data())
def test_exactly_the_junk_is_refused(name, data):
    read = parser_of(name)
    lines = TABLES[name].text.rstrip("\n").split("\n")
    row = lines[-1]
    glued = st.one_of(
        st.sampled_from(GLUE).map(lambda junk: junk + row),
        st.sampled_from(GLUE).map(lambda junk: row + junk),
        st.just(row + row),
        st.integers(1, len(row.split(",")[0])).map(lambda cut: row + "," + row[:cut] + ","),
    )
    mixed: list[str] = []
    bad: list[int] = []
    for line in lines:
        for junk in data.draw(st.lists(st.one_of(loose_junk, glued), max_size=2)):
            mixed.append(junk)
            bad.append(len(mixed))
        mixed.append(line)
    clean, dirty = read(lines), read(mixed)
    assert dirty.events == clean.events
    assert [reject.line for reject in dirty.rejects] == bad
    assert all(reject.reason and reject.excerpt for reject in dirty.rejects)


@pytest.mark.parametrize("name", TABLES)
@given(data=st.data())
def test_lines_may_be_grouped_in_any_way(name, data):
    read = parser_of(name)
    lines = [*TABLES[name].text.split("\n"), "junk"] * 3
    cuts = sorted(data.draw(st.sets(st.integers(1, len(lines) - 1))))
    whole = read(lines)
    parts = [read(lines[begin:end], begin + 1) for begin, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    assert [event for part in parts for event in part.events] == whole.events
    assert [reject for part in parts for reject in part.rejects] == whole.rejects


def read_real(path: Path):
    """Events of a recorded table, read in the blocks an import reads."""
    format_, context = recognize(path)
    lines = [line.text.decode() for line in read_lines(path, format_.max_line_bytes)]
    events = []
    for first in range(0, len(lines), BLOCK_LINES):
        parsed = format_.rows(lines[first : first + BLOCK_LINES], first + 1, context)
        assert parsed.rejects == []
        events += parsed.events
    return events


def dict_rows(path: Path):
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


@pytest.mark.parametrize("day", ["2024-08-17", "2025-12-27"])
def test_force_orders_add_up_to_the_cent(shared_data, day):
    """Oracle: the csv module and decimals, fill times average price, per order side."""
    path = shared_data / "ticks" / f"binance_force_orders_{day}.csv"
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with path.open(newline="") as file:
        for row in csv.reader(file):
            expected["long" if row[1] == "SELL" else "short"] += Decimal(row[9]) * Decimal(row[6])
    found: dict[str, float] = defaultdict(float)
    for event in read_real(path):
        assert isinstance(event, Liquidation)
        found[event.position_side] += event.notional_usd
    assert {side: round(total, 2) for side, total in found.items()} == {
        side: float(round(total, 2)) for side, total in expected.items()
    }


def test_daily_liquidations_add_up_to_the_cent(shared_data):
    path = shared_data / "daily_2020_2025" / "liquidation_agg_1d.csv"
    rows = list(dict_rows(path))
    bars = read_real(path)
    for column, total in (
        ("liq_long_usd", sum(Decimal(repr(bar.long_usd)) for bar in bars)),
        ("liq_short_usd", sum(Decimal(repr(bar.short_usd)) for bar in bars)),
    ):
        assert abs(total - sum(Decimal(row[column]) for row in rows)) < Decimal("0.01")


def test_hours_the_source_omitted_are_no_events(shared_data):
    (path,) = (shared_data / "hourly_2024").glob("*.csv")
    rows = list(dict_rows(path))
    events = read_real(path)
    known = [row for row in rows if not int(row["filled_mask"]) & 8]
    bars = [event for event in events if isinstance(event, LiquidationBar)]
    assert len(known) == len(bars) < len(rows)
    assert sum(bar.long_base for bar in bars) == pytest.approx(float(sum(Decimal(r["liq_long_base"]) for r in known)))
    assert sum(isinstance(e, Candle) for e in events) == sum(not int(row["filled_mask"]) & 1 for row in rows)


def test_the_facts_the_recordings_are_known_by(shared_data):
    """The checks that stand in the data's own description."""
    event = shared_data / "event_2026_01"
    hour_ns = parse_instant("2026-01-14T20:00:00Z")
    highs = [
        candle.high
        for candle in read_real(event / "candles_1h.csv")
        if (candle.venue, candle.symbol, candle.ts_event_ns) == ("binance-usdm", "BTC/USDT:USDT", hour_ns)
    ]
    assert highs == [97932.1]
    bars = {
        (bar.symbol, format_instant(bar.ts_event_ns)[:10]): bar
        for bar in read_real(event / "hyperliquid_liquidations_1d.csv")
    }
    squeeze = bars["BTC/USDC:USDC", "2026-01-14"]
    assert (round(squeeze.short_usd / 1e6, 1), round(squeeze.total_usd / 1e6, 1)) == (13.1, 18.3)
    flows = {format_instant(flow.ts_event_ns)[:10]: flow.flow_usd for flow in read_real(event / "etf_flows_1d.csv")}
    assert flows["2026-01-13"] == 126.27e6
    assert all(isinstance(flow, EtfFlow) for flow in read_real(event / "etf_flows_1d.csv"))


def test_minute_bars_add_up_to_the_venues_hours(shared_data):
    """What proves that their stamp is the close: labeled by the open they equal Binance's hours, price and volume."""
    event = shared_data / "event_2026_01"
    hours = {
        candle.ts_event_ns: candle
        for candle in read_real(event / "candles_1h.csv")
        if (candle.venue, candle.symbol) == ("binance-usdm", "ETH/USDT:USDT")
    }
    minutes: dict[int, list[Candle]] = defaultdict(list)
    for candle in read_real(event / "ETHUSDT_3m.csv"):
        minutes[candle.ts_event_ns // NS_PER_HOUR * NS_PER_HOUR].append(candle)
    whole = {hour_ns: bars for hour_ns, bars in minutes.items() if len(bars) == 20}
    assert len(whole) > 700
    for hour_ns, bars in whole.items():
        hour = hours[hour_ns]
        assert (bars[0].open, bars[-1].close) == (hour.open, hour.close)
        assert (max(bar.high for bar in bars), min(bar.low for bar in bars)) == (hour.high, hour.low)
        assert sum(bar.volume_base for bar in bars) == pytest.approx(hour.volume_base)
