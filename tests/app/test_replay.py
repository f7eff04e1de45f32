"""A replay of journals: events to statistics, and what was watched when."""

from __future__ import annotations

import pytest

from powderkeg.app.pipeline import Pipeline
from powderkeg.app.replay import Replayer, replay_data_dir
from powderkeg.store.decode import Decoder
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta
from powderkeg.store.journal_reader import JournalReader
from powderkeg.testing.frames import liquidation_frame

S = 10**9
T0 = 1_768_420_800 * S
SYMBOLS = {"binance-usdm": "BTCUSDT", "bybit": "BTCUSDT", "gate": "BTC_USDT"}


@pytest.fixture
def recorded(tmp_path):
    """A journal per venue, each opened a minute after the one before, with a frame a second for ten seconds."""
    for number, (venue, venue_symbol) in enumerate(SYMBOLS.items()):
        opened_ns = T0 + number * 60 * S
        meta = JournalMeta(journal_id=f"{number}-{venue}", kind="simulated")
        with Journal.create_or_resume(journal_path(tmp_path, meta.journal_id), meta, now_ns=lambda: 0) as journal:
            socket = journal.connect(venue=venue, stream="liquidation", kind="frames", opened_ns=opened_ns)
            for second in range(10):
                stamp_ns = opened_ns + second * S
                payload = liquidation_frame(
                    venue, venue_symbol=venue_symbol, position_side="long", qty=2, price=95_000, ts_ms=stamp_ns // 10**6
                )
                journal.append(socket, stamp_ns + S // 2, payload)
            journal.append(socket, opened_ns + 10 * S, b"not a message")
            journal.seal()
    return tmp_path


def test_each_journal_is_watched_from_its_own_opening_to_its_own_last_record(recorded):
    """Journals number their connections alike; none may take over the times of another."""
    replay = replay_data_dir(recorded)
    watched = {one.venue: (one.from_ns, one.to_ns) for one in replay.observed}
    assert watched == {
        venue: (T0 + number * 60 * S, T0 + number * 60 * S + 10 * S) for number, venue in enumerate(SYMBOLS)
    }
    assert (replay.records, replay.rejects, len(replay.first_rejects)) == (33, 3, 3)
    assert replay.pipeline.counts == {"liquidation": 30}
    assert replay.pipeline.liquidation_venues == set(SYMBOLS)


def test_record_by_record_is_the_same_as_all_at_once(recorded):
    path = journal_path(recorded, "1-bybit")
    with JournalReader(path) as reader:
        whole, single = Replayer(), Replayer()
        whole.run(Decoder(reader.connections), reader.connections, reader.records())
        decoder = Decoder(reader.connections)
        for record in reader.records():
            single.run(decoder, reader.connections, [record])
        for replayer in (whole, single):
            replayer.end_journal(reader.connections)
    assert whole.finished().observed
    assert single.finished().observed == whole.finished().observed
    assert single.pipeline.counts == whole.pipeline.counts
    assert (single.pipeline.first_ns, single.pipeline.last_ns) == (T0 + 60 * S, T0 + 69 * S)


def test_a_pipeline_without_events_has_no_times():
    assert (Pipeline().first_ns, Pipeline().last_ns, Pipeline().counts) == (None, None, {})
