"""The days the served demo begins with: whole, repeatable, simulated, and such that the squeeze goes on from them."""

from __future__ import annotations

import pytest

import powderkeg
from powderkeg.app.demo_days import make_past, score_past
from powderkeg.app.live.demo_past import past_being_made
from powderkeg.app.map_score_history import read_map_scores
from powderkeg.domain.time import NS_PER_DAY, NS_PER_MS, NS_PER_S, parse_instant
from powderkeg.store.archive import archive_hash
from powderkeg.store.journal_file import journal_paths
from powderkeg.testing.long_short import long_short_row
from powderkeg.testing.squeeze import COINS, FIRST_INTEREST, VENUE_SHARE

START_NS = parse_instant("2026-03-02T12:00:03Z")
END = "2026-03-02T12:00:03Z"
NEWEST = "SELECT * FROM {} QUALIFY row_number() OVER (PARTITION BY venue, symbol ORDER BY ts_event_ns DESC) = 1"
SYMBOLS = {f"{coin.name}/USDT:USDT": coin for coin in COINS}


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """One day, and what reads it."""
    folder = tmp_path_factory.mktemp("past") / "data"
    make_past(folder, seed=7, start_ns=START_NS, days=1)
    with powderkeg.open(folder) as keg:
        yield folder, keg


def test_nothing_is_left_beside_it_and_one_seed_gives_one_past(past, tmp_path):
    """The directory holds a journal and its archive, equal to the byte for the same seed and instant."""
    folder, keg = past
    assert sorted(path.name for path in folder.iterdir()) == ["archive", "journal"]
    assert [path.stem for path in journal_paths(folder)] == ["simulated-7-before"]
    assert keg.is_simulated
    make_past(tmp_path, seed=7, start_ns=START_NS, days=1)
    assert archive_hash(tmp_path) == archive_hash(folder)


def test_the_squeeze_goes_on_where_the_days_end(past):
    """Every market's last mark price, open interest and the first of the squeeze are the same, seconds apart."""
    _, keg = past
    marks = keg.database.rows(NEWEST.format("mark_price"))
    interests = keg.database.rows(NEWEST.format("open_interest"))
    assert len(marks) == len(interests) == len(COINS) * len(VENUE_SHARE)
    for row in marks:
        assert row["mark_price"] == pytest.approx(SYMBOLS[row["symbol"]].price, rel=1e-6)
    for row in interests:
        coin = SYMBOLS[row["symbol"]]
        held_usd = VENUE_SHARE[row["venue"]] * FIRST_INTEREST * coin.fuel_usd
        assert row["open_interest_base"] * coin.price == pytest.approx(held_usd, rel=1e-3)
    for row in (*marks, *interests):
        assert 0 < START_NS - row["ts_event_ns"] <= 10 * NS_PER_S


@pytest.mark.parametrize(
    "event", ["trade", "liquidation", "mark_price", "funding_rate", "book_snapshot", "long_short_ratio"]
)
def test_no_event_is_of_the_squeeze_or_later(past, event):
    """What is live comes from the venues alone."""
    _, keg = past
    row = keg.database.rows(f"SELECT max(ts_received_ns) AS last, count(*) AS rows FROM {event}")[0]
    assert row["last"] < START_NS
    assert row["rows"] > 100


def test_the_day_is_observed_and_has_a_map(past):
    """Full coverage up to the squeeze, and levels on both sides of the price it starts from."""
    _, keg = past
    assert {row.coverage for row in keg.liquidations(window="23h", as_of=END, by="venue").rows} == {1.0}
    one = keg.liquidation_map("BTC", as_of=END)
    assert one.is_simulated
    assert one.short_usd.sum() > 0
    assert one.long_usd.sum() > 0


def test_a_ladder_stands_against_the_recorded_book(past):
    """Not against a figure that is typical of the coin; and the thin book has rungs."""
    _, keg = past
    ladder = keg.ladder("BTC", shock_usd=0.0, as_of=END)
    assert ladder.depth.method == "measured"
    assert "bybit" in ladder.depth.source
    assert any((rung.reproduction or 0.0) > 1.0 for rung in ladder.ladder.rungs)


def test_ratios_go_on_where_the_days_end(past):
    """What the simulated venue answers to a poll is of the same wave as what was recorded."""
    _, keg = past
    rows = keg.database.rows(
        "SELECT * FROM long_short_ratio WHERE ratio_kind = 'accounts' AND symbol = 'BTC/USDT:USDT' ORDER BY ts_event_ns"
    )
    told = [long_short_row("globalLongShortAccountRatio", "BTCUSDT", row["ts_event_ns"] // NS_PER_MS) for row in rows]
    assert [row["long_short_ratio"] for row in rows] == [float(one["longShortRatio"]) for one in told]
    assert len({row["long_short_ratio"] for row in rows}) > 20


def test_the_last_day_is_scored(tmp_path):
    """By the scorer of `map score`, trained on the days before; every record says that it is simulated."""
    make_past(tmp_path, seed=7, start_ns=START_NS)
    count = score_past(tmp_path)
    records = read_map_scores(tmp_path).records
    assert len(records) == count == 2 * len(COINS) * len(VENUE_SHARE)
    assert all(one.is_simulated for one in records)
    assert {one.tested_until_ns - one.trained_until_ns for one in records} == {NS_PER_DAY}


def test_what_is_recorded_already_gets_no_past(past):
    """A second demo in the same directory adds nothing."""
    folder, _ = past
    said = []
    with past_being_made(folder, seed=8, start_ns=START_NS) as making:
        making.wait(said.append)
    assert [path.stem for path in journal_paths(folder)] == ["simulated-7-before"]
    assert said == []


def test_a_past_that_cannot_be_made_is_told(tmp_path):
    """The demo begins without it, and says so."""
    blocked = tmp_path / "file"
    blocked.write_text("no directory")
    said = []
    with past_being_made(blocked, seed=7, start_ns=START_NS) as making:
        making.wait(said.append)
    assert len(said) == 1
    assert "begins without them" in said[0]
