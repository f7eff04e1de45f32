"""What connections remember crosses midnight: each day's journal can be read by itself."""

from __future__ import annotations

import json
import shutil

import pytest
from live_kit import NOON, Bench, liquidation, trade

from powderkeg.domain.time import NS_PER_DAY, NS_PER_MS, NS_PER_S
from powderkeg.store import archive
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.query import Database

MIDNIGHT = (NOON // NS_PER_DAY + 1) * NS_PER_DAY
SUBSCRIBED = [
    {"event": "subscribed", "channel": "status", "chanId": 1, "key": "liq:global"},
    {"event": "subscribed", "channel": "trades", "chanId": 2, "symbol": "tBTCF0:USTF0", "pair": "BTCF0:USTF0"},
    {"event": "subscribed", "channel": "trades", "chanId": 3, "symbol": "tETHF0:USTF0", "pair": "ETHF0:USTF0"},
]


def bitfinex_trade(number, at_ns):
    at_ms = at_ns // NS_PER_MS
    return json.dumps([2 + number % 2, "te", [number, at_ms, 0.5, 95_000 + number], number, at_ms]).encode()


def across_midnight(tmp_path, trades):
    """A Bitfinex connection that explains its channels in the evening and speaks through the night."""
    bench = Bench(tmp_path, now_ns=MIDNIGHT - trades // 2 * NS_PER_S).start(("bitfinex",))
    bench.open("b", "bitfinex", "liquidation+trade")
    for reply in SUBSCRIBED:
        bench.take("b", json.dumps(reply).encode(), after_ms=0)
    for number in range(trades):
        bench.take("b", bitfinex_trade(number, bench.now_ns), after_ms=1_000)
    return bench


def test_channel_numbers_are_known_on_the_new_day(tmp_path):
    """Live and from the archive: every trade of both days, though the replies that explain them are yesterday's."""
    bench = across_midnight(tmp_path, 20)
    bench.session.stop()
    assert bench.session.pipeline.counts["trade"] == 20
    with Database(tmp_path) as database:
        rows = database.rows("SELECT symbol, count(*) AS trades FROM trade GROUP BY symbol ORDER BY symbol")
    assert [(row["symbol"], row["trades"]) for row in rows] == [("BTC/USDT:USDT", 10), ("ETH/USDT:USDT", 10)]


@pytest.mark.parametrize("is_archived", [False, True])
def test_the_new_days_journal_is_read_alone(tmp_path, is_archived):
    """Without yesterday's file it says the same of its day, and nothing in it was not received."""
    bench = across_midnight(tmp_path / "both", 20)
    bench.session.stop()
    first, second = journal_paths(tmp_path / "both")
    alone = tmp_path / "alone" / "journal"
    alone.mkdir(parents=True)
    for path in second.parent.glob(f"{second.name}*"):
        shutil.copy(path, alone)
    with JournalReader(first) as before, JournalReader(second) as after:
        received = [sum(1 for _ in reader.records()) for reader in (before, after)]
    assert received == [len(SUBSCRIBED) + 9, 11]
    if is_archived:
        archive.grow(tmp_path / "alone", second.stem)
    with Database(tmp_path / "alone") as database:
        assert database.rows("SELECT count(*) AS trades FROM trade") == [{"trades": 11}]


def test_a_restart_after_midnight_knows_the_numbers_of_a_connection_that_stands(tmp_path):
    """Decoding may stop and go on at any record of the new day."""
    bench = across_midnight(tmp_path, 20)
    bench.session.tick()
    bench.session.drain()
    bench.session.stop()
    _, second = journal_paths(tmp_path)
    archive.grow(tmp_path, second.stem)
    with Database(tmp_path) as database:
        state = database.decoder_state(second.stem)
    assert sorted(state["1"]) == ["1=status:liq:global", "2=trades:tBTCF0:USTF0", "3=trades:tETHF0:USTF0"]


def test_a_repetition_of_the_past_is_still_awaited_on_the_new_day(tmp_path):
    """OKX: subscribed before midnight, first message after it: that one repeats the past and is left out."""
    bench = Bench(tmp_path, now_ns=MIDNIGHT - NS_PER_S).start(("okx",))
    bench.open("o", "okx")
    bench.take("o", trade("okx", at_ns=bench.now_ns))
    for number in range(3):
        bench.take("o", liquidation("okx", at_ns=bench.now_ns, qty=number + 1), after_ms=1_000)
    bench.session.stop()
    with Database(tmp_path) as database:
        assert database.rows("SELECT count(*) AS orders FROM liquidation") == [{"orders": 2}]
