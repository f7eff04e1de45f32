"""Frames in, numbers out: journal first, bounded, fair, and the same as a replay of what was stored."""

from __future__ import annotations

import pytest
from live_kit import NOON, Bench, liquidation, mark_price, totals_of, trade

from powderkeg.app.live.queues import ADMITTED_UNTIL, VenueQueue, admits
from powderkeg.app.live.session import SLICE_FRAMES
from powderkeg.app.live.streams import PRECIOUS_LAST, UNTOLD, stream_teller
from powderkeg.app.replay import replay_data_dir
from powderkeg.domain.time import NS_PER_DAY, NS_PER_S
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_format import Record
from powderkeg.store.journal_reader import JournalReader
from powderkeg.store.query import Database
from powderkeg.testing.frames import FRAMES, BookChange
from powderkeg.venues import VENUES


def journal_of(data_dir):
    (path,) = journal_paths(data_dir)
    with JournalReader(path) as reader:
        return reader.connections, list(reader.records()), reader.gaps()


def test_frames_are_staged_before_they_are_parsed(tmp_path):
    """Nothing is decoded until the loop's turn comes, and by then every frame is on its way to the disk."""
    bench = Bench(tmp_path).start()
    bench.open("a", "bybit")
    for second in range(10):
        bench.take("a", liquidation("bybit", at_ns=NOON + second * NS_PER_S))
    assert (bench.session.queued, bench.totals()) == (10, {})
    bench.session.tick()
    bench.session.stop()
    assert len(journal_of(tmp_path)[1]) == 10
    assert bench.session.pipeline.counts == {"liquidation": 10}


def test_live_totals_equal_a_replay_of_the_journal(tmp_path):
    """Two sockets of one venue that overlap, a poisoned frame, an OKX socket that repeats the past: all the same."""
    bench = Bench(tmp_path).start()
    for key, venue in (("a", "bybit"), ("b", "bybit"), ("o", "okx"), ("g", "gate")):
        bench.open(key, venue)
    for number in range(300):
        at_ns = NOON + number * NS_PER_S // 10
        frame = liquidation("bybit", at_ns=at_ns, qty=1 + number % 7)
        if number < 200:
            bench.take("a", frame)
        if number > 150:
            bench.take("b", frame)
        bench.take("o", liquidation("okx", at_ns=at_ns, position_side="short"))
        bench.take("g", b"{broken" if number % 10 == 0 else liquidation("gate", at_ns=at_ns))
        if number % 50 == 0:
            bench.turn()
    bench.session.stop()
    replayed = replay_data_dir(tmp_path)
    as_of_ns = NOON + 60 * NS_PER_S
    live = bench.totals(as_of_ns)
    assert live == totals_of(replayed.pipeline.totals, as_of_ns)
    counts = {
        venue: sum(count for (_, owner, *_), (_, count) in live.items() if owner == venue) // 4
        for venue in ("bybit", "okx", "gate")
    }
    assert counts == {"bybit": 300, "okx": 299, "gate": 270}
    assert bench.session.tally("gate").rejects == replayed.rejects == 30
    assert bench.session.tally("bybit").repeated == 49


@pytest.mark.parametrize(
    ("entries", "frames", "slices"), [(1, 10_000, -(-10_000 // SLICE_FRAMES)), (1_000, 100, 100)], ids=["many", "large"]
)
def test_a_poisoned_venue_delays_the_others_by_one_slice(tmp_path, entries, frames, slices):
    """Unreadable frames wait; the other venue's one frame is decoded in the first round. A large one is a slice."""
    bad = b'{"topic":"allLiquidation.X","data":[%s]}' % b",".join([b'{"T":"x","s":"%s"}' % (b"X" * 60)] * entries)
    bench = Bench(tmp_path).start()
    bench.open("bad", "bybit")
    bench.open("good", "gate")
    for _ in range(frames):
        bench.session.take("bad", bench.now_ns, bad)
    bench.take("good", liquidation("gate", at_ns=NOON))
    served = []
    serve = bench.session._serve
    bench.session._serve = lambda queue: (served.append(queue.venue), serve(queue))[1]
    bench.turn()
    assert served.index("gate") <= 1
    assert bench.session.tally("bybit").rejects == frames
    assert served.count("bybit") == slices
    bench.session.stop()


def test_sheds_books_first_and_liquidations_last_and_says_so(tmp_path):
    """Stored plus shed is what was offered; every refused stream has a gap that holds the refused frames' times."""
    bench = Bench(tmp_path, max_frames=1_000).start(rebuilt=False)  # nothing is decoded yet, so the queue fills
    bench.open("a", "bybit", "liquidation+trade+mark_price+book")
    book = BookChange(
        venue_symbol="BTCUSDT", ts_ms=NOON // 10**6, bids=((1.0, 1.0),), asks=(), first_id=5, last_id=5, previous_id=4
    )
    kinds = {
        "book": FRAMES["bybit"].book(book),
        "trade": trade("bybit", at_ns=NOON),
        "mark_price": mark_price("bybit", at_ns=NOON),
        "liquidation": liquidation("bybit", at_ns=NOON),
    }
    offered = dict.fromkeys(kinds, 0)
    for number in range(2_400):
        stream = list(kinds)[number % 4]
        offered[stream] += 1
        bench.take("a", kinds[stream])
    shed = bench.session.tally("bybit").shed
    ticker = "open_interest+mark_price+funding_rate"
    assert shed["book"] > shed["trade"] > shed[ticker] > shed["liquidation"] > 0
    assert bench.session.queued == 1_000
    bench.rebuild()
    bench.turn()
    bench.take("a", kinds["book"])  # taken again: the gaps end here
    end_ns = bench.now_ns
    bench.session.stop()
    _, records, gaps = journal_of(tmp_path)
    assert len(records) + sum(shed.values()) == sum(offered.values()) + 1
    assert {gap.stream for gap in gaps} == set("+".join(shed).split("+"))
    assert all(NOON < gap.from_ns < gap.to_ns <= end_ns and "shed" in gap.reason for gap in gaps)
    told = sum(
        int(gap.reason.rpartition("(")[2].split()[0])
        for gap in gaps
        if gap.stream in shed or gap.stream == "mark_price"
    )
    assert told == sum(shed.values())


@pytest.mark.parametrize("venue", sorted(set(FRAMES) & {"binance-usdm", "bybit", "okx", "bitget", "gate", "deribit"}))
def test_classes_are_told_from_the_first_bytes(venue):
    """Books, trades and liquidations of the busiest venues are told apart without parsing."""
    tell = stream_teller(venue)
    names = {"binance-usdm": "BTCUSDT", "okx": "BTC-USDT-SWAP", "gate": "BTC_USDT", "deribit": "BTC-PERPETUAL"}
    name = names.get(venue, "BTCUSDT")
    state = BookChange(
        venue_symbol=name, ts_ms=NOON // 10**6, bids=((1.0, 1.0),), asks=(), first_id=5, last_id=5, previous_id=4
    )
    assert tell(FRAMES[venue].book(state)) == "book"
    assert tell(b'{"op":"subscribe","success":true}') == UNTOLD
    channels = VENUES[venue].subscriptions.channels
    shared = channels["trade"] == channels["liquidation"]
    from powderkeg.testing.frames import liquidation_frame, trade_frame

    made = trade_frame(venue, venue_symbol=name, taker_side="buy", qty=10.0, price=1.0, ts_ms=NOON // 10**6)
    assert tell(made) == ("liquidation+trade" if shared else "trade")
    forced = liquidation_frame(venue, venue_symbol=name, position_side="long", qty=10.0, price=1.0, ts_ms=NOON // 10**6)
    assert tell(forced).startswith("liquidation")


def test_the_order_of_shedding_is_the_declared_one():
    """Whatever is admitted at some fill, everything more precious is too; unknown frames pass for liquidations."""
    limits = [ADMITTED_UNTIL[stream] for stream in PRECIOUS_LAST]
    assert limits == sorted(limits)
    assert set(PRECIOUS_LAST) | {UNTOLD} == set(ADMITTED_UNTIL)
    assert not admits(UNTOLD, 1.0)
    assert admits(UNTOLD, 0.999)


def test_a_queue_is_bounded_by_bytes_too():
    """A few huge frames fill it as many small ones do."""
    queue = VenueQueue("bybit", max_frames=1_000, max_bytes=1_000)
    queue.push(Record(1, NOON, b"x" * 499))
    assert not queue.is_tight
    queue.push(Record(1, NOON, b"x"))
    assert queue.is_tight
    assert queue.fill == 0.5
    assert queue.pop().payload == b"x" * 499
    assert queue.raw_bytes == 1


def test_a_day_ends_at_midnight_and_nothing_else_changes(tmp_path):
    """The journal of the day is sealed, its connections go on in the next one, and no total differs."""
    midnight = (NOON // NS_PER_DAY + 1) * NS_PER_DAY
    bench = Bench(tmp_path, now_ns=midnight - 5 * NS_PER_S)
    ended = []
    bench.session.on_day_end = ended.append
    bench.start()
    bench.open("o", "okx")
    bench.open("b", "bybit")
    for number in range(100):
        at_ns = bench.now_ns
        bench.take("o", liquidation("okx", at_ns=at_ns), after_ms=100)
        bench.take("b", liquidation("bybit", at_ns=at_ns, qty=number + 1), after_ms=0)
    bench.session.stop()
    first, second = journal_paths(tmp_path)
    assert ended == [first.stem] == ["main-2026-07-15"]
    with JournalReader(first) as before, JournalReader(second) as after:
        assert (before.progress.state, after.progress.state) == ("sealed", "open")
        assert {one.closed_ns for one in before.connections.values()} == {midnight}
        assert {one.opened_ns for one in after.connections.values()} == {midnight}
        assert max(record.position for record in before.records()) < midnight
        assert min(record.position for record in after.records()) >= midnight
    live = bench.totals()
    assert sum(count for _, count in live.values()) == 4 * (99 + 100)  # OKX's very first message repeats the past
    with Database(tmp_path) as database:
        rows = database.rows("SELECT venue, count(*) AS orders FROM liquidation GROUP BY venue")
        assert {row["venue"]: row["orders"] for row in rows} == {"okx": 99, "bybit": 100}


def test_a_quiet_session_ends_its_day_too(tmp_path):
    """The tick does it where no frame comes."""
    bench = Bench(tmp_path).start()
    bench.open("o", "okx")
    bench.now_ns += NS_PER_DAY
    bench.session.tick()
    bench.session.stop()
    assert [path.stem for path in journal_paths(tmp_path)] == ["main-2026-07-15", "main-2026-07-16"]


def test_lag_is_of_what_happens_while_it_is_listened_to(tmp_path):
    """What a venue repeats from before the connection was opened is stored, and no delay of the feed."""
    bench = Bench(tmp_path).start()
    bench.open("b", "bybit")
    bench.take("b", liquidation("bybit", at_ns=NOON - 3_600 * NS_PER_S))
    bench.turn()
    assert bench.session.tallies["bybit"].lag.count == 0
    bench.take("b", liquidation("bybit", at_ns=bench.now_ns + 1_000_000, serial=2), after_ms=41)
    bench.turn()
    assert bench.session.tallies["bybit"].events == 2
    assert 40 <= bench.session.tallies["bybit"].lag.quantile_ms(0.99) <= 50
