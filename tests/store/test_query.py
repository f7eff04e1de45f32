"""SQL over archive and tails alike: the same rows wherever they lie, each event once, nothing but SELECT."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import fake_market as fake
import msgspec
import pytest
from fake_market import T0, frame, liquidation, record, trade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import EVENT_NAMES, FeedGap
from powderkeg.store.archive import grow, seal
from powderkeg.store.columns import column_names
from powderkeg.store.identity import Source, few, overlaps
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta
from powderkeg.store.manifest import archive_dir, load_manifest
from powderkeg.store.query import Database
from powderkeg.store.repeats import IdNotes
from powderkeg.store.spans import without_gaps

pytestmark = pytest.mark.usefixtures("fakes")
DAY = 86_400 * 10**9
S = 10**9


def rows(data_dir: Path, event: str) -> list[dict[str, object]]:
    with Database(data_dir) as database:
        found = database.query(f"SELECT * FROM {event}").to_pylist()
        assert database.problems == []
    return found


# -- identity ---------------------------------------------------------------------------------------------------------

SEEN = st.lists(
    st.builds(
        liquidation,
        event_id=st.sampled_from([None, None, "a", "b", "c"]),
        price=st.sampled_from([1.0, 2.0]),
        symbol=st.sampled_from(["BTC/USDT:USDT", "ETH/USDT:USDT"]),
        ts_event_ns=st.integers(0, 5).map(lambda n: T0 + n * S),
        ts_received_ns=st.integers(0, 3).map(lambda n: T0 + n),
    ),
    max_size=12,
)


def oracle(journals: dict[str, list]) -> Counter:
    """The rules of identity, said slowly."""
    kept: Counter = Counter()
    with_id = [event for events in journals.values() for event in events if event.event_id is not None]
    for venue, symbol, event_id in {(event.venue, event.symbol, event.event_id) for event in with_id}:
        kept["id", venue, symbol, event_id] = 1
    contents = [
        Counter(
            msgspec.structs.replace(event, ts_received_ns=0, ts_is_received=False)
            for event in events
            if event.event_id is None
        )
        for events in journals.values()
    ]
    for content in {one for counts in contents for one in counts}:
        kept[content] = max(counts[content] for counts in contents)
    return kept


def counted(found: list[dict]) -> Counter:
    kept: Counter = Counter()
    for row in found:
        row.pop("date")
        if row["event_id"] is not None:
            kept["id", row["venue"], row["symbol"], row["event_id"]] += 1
        else:
            kept[fake.Liquidation(**{**row, "ts_received_ns": 0, "ts_is_received": False})] += 1
    return kept


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=SEEN, second=SEEN, cut=st.integers(0, 12), archived=st.sampled_from(["tail", "parts", "sealed", "mixed"]))
def test_each_event_counts_once(first, second, cut, archived):
    """Two journals that saw overlapping rows, wherever their rows lie: the answer is the oracle's."""
    # An id belongs to one event: a later sighting of it has the same time.
    moments: dict = {}
    journals = {
        name: [
            event
            if event.event_id is None
            else msgspec.structs.replace(
                event, ts_event_ns=moments.setdefault((event.symbol, event.event_id), event.ts_event_ns)
            )
            for event in events
        ]
        for name, events in (("a-2026-01-14", first), ("b-2026-01-14", second))
    }
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        for name, events in journals.items():
            frames = [(T0 + n, frame(event)) for n, event in enumerate(events)]
            record(data_dir, name, frames[:cut])
            if archived in ("parts", "mixed"):
                grow(data_dir, name)
            record(data_dir, name, frames[cut:])
            if archived == "parts":
                grow(data_dir, name)
            if archived == "sealed" or (archived == "mixed" and name.startswith("b")):
                seal(data_dir, name)
        assert counted(rows(data_dir, "liquidation")) == oracle(journals)


def test_an_id_without_a_venue_time_counts_once_at_any_distance(tmp_path):
    """A venue that gives no time repeats an order hours later: it is still that order."""
    for n, name in enumerate(("a-2026-01-14", "a-2026-01-15")):
        at = T0 + n * DAY
        event = liquidation(event_id="order-1", ts_is_received=True, ts_event_ns=at, ts_received_ns=at)
        record(tmp_path, name, [(at, frame(event))])
        seal(tmp_path, name)
    (row,) = rows(tmp_path, "liquidation")
    assert row["ts_received_ns"] == T0


def test_a_file_name_is_not_an_identity(tmp_path):
    """Alike rows within one journal all count, also over its parts."""
    for _ in range(3):
        record(tmp_path, "a", [(T0, frame(liquidation(), liquidation()))])
        grow(tmp_path, "a")
    assert len(rows(tmp_path, "liquidation")) == 6


SOURCES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 20)).map(
        lambda s: Source("x", s[0] * S, (s[0] + s[1]) * S, IdNotes())
    ),
    max_size=8,
)


@given(SOURCES)
def test_every_instant_of_two_sources_is_compared(sources):
    found = overlaps(sources)
    for instant in range(0, 71 * S, S // 2):
        is_shared = sum(source.from_ns <= instant <= source.to_ns for source in sources) > 1
        is_compared = any(begin <= instant <= end for begin, end in found)
        assert is_compared or not is_shared


@given(SOURCES, st.integers(1, 4))
def test_fewer_intervals_cover_the_same(sources, limit):
    found = overlaps(sources)
    covering = few(found, limit)
    assert len(covering) <= limit
    assert all(any(a <= begin and end <= b for a, b in covering) for begin, end in found)


# -- seeing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", sorted(EVENT_NAMES.values()))
def test_a_view_is_there_and_typed_before_any_data(tmp_path, event):
    with Database(tmp_path) as database:
        table = database.query(f"SELECT * FROM {event}")
    assert table.column_names == [*column_names(event), "date"]
    assert table.num_rows == 0


def test_rows_are_seen_from_their_commit_on_and_never_twice(tmp_path):
    """Tail, parts, sealed: the same answer at every stage, in a Database that stays open."""
    events = [trade(trade_id=str(n), ts_event_ns=T0 + n * S, price=n + 0.1) for n in range(30)]
    with Database(tmp_path) as database:

        def seen() -> list[float]:
            database.refresh()
            return database.query("SELECT price FROM trade ORDER BY 1")["price"].to_pylist()

        assert seen() == []
        for n in range(0, 30, 10):
            record(tmp_path, "a", [(event.ts_event_ns, frame(event)) for event in events[n : n + 10]])
            expected = [event.price for event in events[: n + 10]]
            assert seen() == expected
            grow(tmp_path, "a")
            assert seen() == expected
        seal(tmp_path, "a")
        # Not refreshed: the parts it knows are gone, and it finds the sealed file by itself.
        assert database.query("SELECT price FROM trade ORDER BY 1")["price"].to_pylist() == expected


def test_values_come_back_as_they_were(tmp_path):
    event = fake.book()
    record(tmp_path, "a", [(T0, frame(event))])
    for stage in ("tail", "archive"):
        (row,) = rows(tmp_path, "book_snapshot")
        assert row["bids"] == [{"price": 94_999.5, "qty": 2.0}, {"price": 94_999.0, "qty": 0.1}], stage
        assert row["asks"] == []
        seal(tmp_path, "a")


def test_a_window_is_half_open_and_reads_its_days_alone(tmp_path):
    events = [trade(trade_id=str(n), ts_event_ns=T0 + n * DAY // 4) for n in range(20)]
    record(tmp_path, "a", [(T0, frame(*events))])
    seal(tmp_path, "a")
    with Database(tmp_path) as database:
        table = database.window("trade", T0 + DAY, T0 + 2 * DAY, symbols=["BTC/USDT:USDT"])
        assert table["trade_id"].to_pylist() == ["4", "5", "6", "7"]
        assert database.window("trade", T0, T0 + DAY, symbols=["ETH/USDT:USDT"]).num_rows == 0
        plan = str(database.query("EXPLAIN ANALYZE SELECT count(*) FROM trade WHERE date = '2026-01-15'").to_pylist())
        assert "Scanning Files: 1/5" in plan or "1/5" in plan
        with pytest.raises(InputError, match="did you mean trade"):
            database.window("trades", 0, 1)


def test_a_damaged_file_is_named_and_its_journal_read_in_its_place(tmp_path):
    record(tmp_path, "a", [(T0, frame(trade()))])
    record(tmp_path, "b", [(T0, frame(trade(trade_id="2")))])
    path = archive_dir(tmp_path) / seal(tmp_path, "a").files[0].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with Database(tmp_path) as database:
        assert sorted(database.query("SELECT trade_id FROM trade")["trade_id"].to_pylist()) == ["1", "2"]
        (problem,) = database.problems
        assert problem.path == str(path)
        seal(tmp_path, "a")
        database.refresh()
        assert database.problems == []
        assert database.query("SELECT count(*) AS n FROM trade")["n"].to_pylist() == [2]


def test_a_damaged_file_without_its_journal_is_named_and_left_out(tmp_path):
    record(tmp_path, "a", [(T0, frame(trade(), trade(trade_id="3", ts_event_ns=T0 + DAY)))])
    first, second = seal(tmp_path, "a").files
    (archive_dir(tmp_path) / first.path).unlink()
    journal_path(tmp_path, "a").unlink()
    with Database(tmp_path) as database:
        assert database.query("SELECT trade_id FROM trade")["trade_id"].to_pylist() == ["3"]
        assert [problem.path for problem in database.problems] == [str(archive_dir(tmp_path) / first.path)]
        assert second.rows == 1


def test_a_damaged_journal_is_named_and_the_others_answer(tmp_path):
    record(tmp_path, "a", [(T0, frame(trade()))])
    journal_path(tmp_path, "b").write_bytes(b"rubbish" * 100)
    with Database(tmp_path) as database:
        assert database.query("SELECT count(*) AS n FROM trade")["n"].to_pylist() == [1]
        assert [Path(problem.path).name for problem in database.problems] == ["b.sqlite"]


# -- user SQL ---------------------------------------------------------------------------------------------------------


def test_user_sql_answers_over_the_views(tmp_path):
    record(tmp_path, "a", [(T0 + n, frame(liquidation(notional_usd=float(n)))) for n in range(5)])
    with Database(tmp_path) as database:
        table = database.sql("WITH x AS (SELECT * FROM liquidation) SELECT sum(notional_usd) AS total FROM x")
    assert table["total"].to_pylist() == [10.0]


@pytest.mark.parametrize(
    "text",
    [
        "DROP VIEW trade",
        "CREATE TABLE x AS SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO 'x.csv'",
        "SET enable_external_access = true",
        "SET VARIABLE files_trade = ['/etc/passwd']",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "PRAGMA version",
        "SELECT * FROM parameters",
        "SELECT nonsense FROM trade",
        "not sql",
        "",
    ],
)
def test_user_sql_reads_the_views_and_nothing_else(tmp_path, text):
    parameters = "a Python variable of this frame"
    with Database(tmp_path) as database:
        with pytest.raises(InputError):
            database.sql(text)
        assert database.sql("SELECT count(*) AS n FROM trade")["n"].to_pylist() == [0], parameters


# -- observed ---------------------------------------------------------------------------------------------------------


def test_a_feed_is_observed_from_opening_to_closing_without_its_gaps(tmp_path):
    """The same from the live journal and from the archive, also where the journal is gone."""
    meta = JournalMeta(journal_id="a-2026-01-14", kind="live")
    path = journal_path(tmp_path, meta.journal_id)
    with Journal.create_or_resume(path, meta, now_ns=int) as journal:
        one = journal.connect(venue=fake.SLUG, stream="market", kind="frames", opened_ns=T0)
        two = journal.connect(venue=fake.SLUG, stream="public", kind="frames", opened_ns=T0 + 5)
        journal.append(one, T0 + 10, frame(trade()))
        journal.append(two, T0 + 90, frame(trade()))
        journal.gap(FeedGap(venue=fake.SLUG, stream="market", from_ns=T0 + 20, to_ns=T0 + 30, reason="stalled"))
        journal.disconnect(one, T0 + 50)
    expected = [("market", 0, 20), ("market", 30, 50), ("public", 5, 90)]

    def observed():
        with Database(tmp_path) as database:
            assert database.observed("okx") == []
            found = database.observed(fake.SLUG)
            assert {one.how for one in found} == {"connection"}
            return [(one.stream, one.from_ns - T0, one.to_ns - T0) for one in found]

    assert observed() == expected
    seal(tmp_path, meta.journal_id)
    assert observed() == expected
    path.unlink()
    assert observed() == expected


def test_an_import_is_observed_from_its_first_to_its_last_event(tmp_path):
    meta = JournalMeta(journal_id="import-0123456789abcdef", kind="import")
    with Journal.create_or_resume(journal_path(tmp_path, meta.journal_id), meta, now_ns=int) as journal:
        header = '{"symbol":"ETH/USDT:USDT"}'
        table = journal.connect(
            venue=fake.SLUG, stream="ticks", kind="rows", format="fake", header=header, opened_ns=T0
        )
        journal.append(table, 2, b"100.5,7\nnonsense\n\xff\n101,9\r\n", source_offset=20)
        journal.commit()
        journal.append(table, 6, b"102,11\n", source_offset=30)

    def check():
        with Database(tmp_path) as database:
            (one,) = database.observed()
            assert (one.venue, one.stream, one.how) == (fake.SLUG, "liquidation", "import")
            assert (one.from_ns, one.to_ns) == (T0 + 7 * S, T0 + 11 * S + 1_000_000)
            prices = database.query("SELECT price FROM liquidation WHERE symbol = ? ORDER BY 1", ["ETH/USDT:USDT"])
            assert prices["price"].to_pylist() == [100.5, 101.0, 102.0]

    check()
    seal(tmp_path, meta.journal_id)
    check()
    manifest = load_manifest(tmp_path, meta.journal_id)
    lines = (archive_dir(tmp_path) / manifest.reject_files[0].path).read_bytes().splitlines()
    assert [(row["line"], row["reason"][:9]) for row in map(msgspec.json.decode, lines)] == [
        (3, "not price"),
        (4, "not UTF-8"),
    ]


@given(
    whole=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    gaps=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5),
)
def test_cutting_gaps_out_leaves_exactly_the_other_instants(whole, gaps):
    parts = without_gaps(whole, gaps)
    expected = {t for t in range(*whole) if not any(begin <= t < end for begin, end in gaps)}
    assert [t for part in parts for t in range(*part)] == sorted(expected)
