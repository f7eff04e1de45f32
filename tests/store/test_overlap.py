"""A row two connections of a venue both saw counts once, as often as the connection that saw it most."""

from __future__ import annotations

from collections import Counter

import fake_market as fake
import msgspec
import pytest
from fake_market import T0, frame, liquidation, trade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_decode import connection

from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_S
from powderkeg.store import archive
from powderkeg.store.decode import CONTINUED, Decoder
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta, Record
from powderkeg.store.overlap import MEMORY_NS, Overlap, handed_on
from powderkeg.store.query import Database
from powderkeg.store.row_table import MAX_ROWS

SIGHTINGS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from([1.0, 2.0, 3.0])), max_size=40)


def sight(overlap, connection_id, price, received_ns=T0, venue=fake.SLUG):
    return len(overlap.kept(venue, connection_id, received_ns, [liquidation(price=price)]))


@given(sightings=SIGHTINGS)
def test_each_row_counts_as_often_as_the_connection_that_saw_it_most(sightings):
    """The kept rows are the maximum over connections of how often each saw the content: a batch recount agrees."""
    overlap = Overlap()
    kept = Counter()
    for number, price in sightings:
        kept[price] += sight(overlap, number, price)
    seen = Counter(sightings)
    expected = {price: max(seen[number, price] for number in (1, 2, 3)) for _, price in sightings}
    assert dict(kept) == expected
    assert overlap.repeated == len(sightings) - kept.total()


@given(sightings=SIGHTINGS, cut=st.integers(0, 40))
def test_the_memory_can_be_handed_on_anywhere(sightings, cut):
    """Through JSON, as a manifest keeps it, nothing is forgotten and nothing is added."""
    whole, parts = Overlap(), Overlap()
    for index, (number, price) in enumerate(sightings):
        if index == cut:
            parts = Overlap(msgspec.json.decode(msgspec.json.encode(parts.state()), type=dict[str, tuple[str, ...]]))
        assert sight(whole, number, price) == sight(parts, number, price)
    assert whole.state() == parts.state()


def test_rows_of_other_contents_venues_and_kinds_are_never_compared():
    """Another venue, another content, an id, no venue time, a trade: each is an event of its own."""
    overlap = Overlap()
    alike = [trade(), liquidation(event_id="7"), liquidation(ts_is_received=True)]
    for number in (1, 2):
        assert overlap.kept(fake.SLUG, number, T0, [*alike]) == alike
    assert [sight(overlap, 1, 1.0), sight(overlap, 2, 1.0, venue="okx"), sight(overlap, 2, 2.0)] == [1, 1, 1]


def test_memory_is_bounded_in_time_and_number():
    """What was first received a quarter of an hour ago is forgotten when a new row comes; so is the 20,001st last."""
    overlap = Overlap()
    sight(overlap, 1, 1.0)
    sight(overlap, 1, 2.0, T0 + MEMORY_NS)
    assert sight(overlap, 2, 1.0, T0 + MEMORY_NS) == 0
    sight(overlap, 1, 3.0, T0 + MEMORY_NS + 1)
    assert sight(overlap, 2, 1.0, T0 + MEMORY_NS + 1) == 1
    for price in range(10, 10 + MAX_ROWS + 5):
        sight(overlap, 1, float(price), T0 + MEMORY_NS + 1)
    (rows,) = overlap.state().values()
    assert len(rows) == MAX_ROWS


def test_another_journal_forgets_who_saw_a_row_but_not_the_row():
    """Connections are numbered anew there: number 1 must not pass for the old number 1."""
    overlap = Overlap()
    sight(overlap, 1, 1.0)
    later = Overlap(handed_on(overlap.state()))
    assert [sight(later, 1, 1.0), sight(later, 1, 1.0), sight(later, 1, 2.0)] == [0, 1, 1]


def overlapping_records() -> list[Record]:
    """Ten seconds in which a renewed connection runs beside the old one, and sees what it sees."""
    records = []
    for second in range(10):
        at = T0 + second * NS_PER_S
        row = liquidation(price=float(second), ts_event_ns=at)
        twice = frame(row, row) if second == 5 else frame(row)
        if second < 7:
            records.append(Record(1, at, twice))
        if second > 2:
            records.append(Record(2, at + 3, twice))
    return records


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("cuts", [(), (4,), (5, 9), tuple(range(14))])
def test_tail_parts_and_seal_agree_on_an_overlap(tmp_path, cuts):
    """Eleven rows happened; a replay, the tail, any number of parts, and the sealed file say so alike."""
    meta = JournalMeta(journal_id="renewed", kind="live")
    records = overlapping_records()
    decoder = Decoder({1: connection(1), 2: connection(2)})
    assert sum(len(decoder.decode(record).events) for record in records) == 11
    with Journal.create_or_resume(journal_path(tmp_path, "renewed"), meta, now_ns=lambda: 0) as journal:
        for _ in (1, 2):
            journal.connect(venue=fake.SLUG, stream="liquidation+trade", kind="frames", opened_ns=T0)
        for index, record in enumerate(records):
            if index in cuts:
                journal.commit()
                archive.grow(tmp_path, "renewed")
            journal.append(*record)
        journal.commit()
        with Database(tmp_path) as database:
            assert count(database) == 11
    archive.seal(tmp_path, "renewed")
    with Database(tmp_path) as database:
        assert count(database) == 11


def count(database):
    return database.rows("SELECT count(*) AS rows FROM liquidation")[0]["rows"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.sampled_from([{}, {"format": CONTINUED}]))
@pytest.mark.usefixtures("fakes")
def test_a_connection_that_goes_on_in_another_journal_repeats_nothing(changes):
    """Its channels have spoken already; a fresh connection's first message repeats the past."""
    decoder = Decoder({1: connection(1, **changes)})
    assert decoder.memory(1) == (() if changes else ("replaying",))
    kept = decoder.decode(Record(1, T0 + NS_PER_MINUTE, frame(liquidation(), channel="replaying"))).events
    assert len(kept) == len(changes)
