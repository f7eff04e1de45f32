"""Books of the data directory: what SQL makes of all changes at once is what `Book` makes of them one by one."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powderkeg.app.cascade_archived import FRESH_BOOK_NS, OVERLAP_NS, SNAPSHOT_WITHIN_NS, archived_books
from powderkeg.app.cascade_depth import DepthChoice, depth_for
from powderkeg.cascade.book import Book
from powderkeg.domain.events import BookDelta, BookLevel, BookSnapshot
from powderkeg.domain.symbols import coin_of
from powderkeg.store.columns import joined, tail_table
from powderkeg.store.query import Database

S = 10**9
HOUR = 3_600 * S
T0 = 1_768_348_800 * S  # 2026-01-14T00:00:00Z
MARKETS = [("binance-usdm", "BTC/USDT:USDT"), ("bitfinex", "BTC/USDT:USDT"), ("binance-usdm", "ETH/USDT:USDT")]


class Shelf(Database):
    """A data directory whose rows are put in by hand; what was asked of it is noted."""

    asked: list[dict[str, object]]

    def put(self, *events):
        """Hold these events and no others."""
        self.asked = []
        for name, kind in (("book_snapshot", BookSnapshot), ("book_delta", BookDelta)):
            of_kind = [event for event in events if isinstance(event, kind)]
            self._database.register(f"tail_{name}", joined(name, [tail_table(name, of_kind, "j")] if of_kind else []))

    def query(self, sql, parameters=None):
        """Note the question."""
        if hasattr(self, "asked"):
            self.asked.append(parameters)
        return super().query(sql, parameters)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """One for all examples."""
    with Shelf(tmp_path_factory.mktemp("shelf")) as one:
        yield one


def levels(*pairs):
    return tuple(BookLevel(*pair) for pair in pairs)


def snapshot(**changes):
    plain = BookSnapshot(
        *MARKETS[0], levels((99.0, 1.0), (98.0, 2.0)), levels((101.0, 3.0), (102.0, 4.0)), "base", 10, T0, T0 + 5
    )
    return msgspec.structs.replace(plain, **changes)


def delta(**changes):
    plain = BookDelta(*MARKETS[0], (), (), "base", None, 12, None, T0 + S, T0 + S + 5)
    return msgspec.structs.replace(plain, **changes)


# -- the obvious way --------------------------------------------------------------------------------------------------


def told_order(event):
    """Time, then id with none last, then receipt."""
    last = event.last_update_id
    return event.ts_event_ns, math.inf if last is None else last, event.ts_received_ns


def obvious(events, as_of_ns):
    """The fresh books of BTC, message by message."""
    books = {}
    for market in MARKETS:
        if coin_of(market[1]) != "BTC":
            continue
        mine = [one for one in events if (one.venue, one.symbol) == market and one.ts_event_ns <= as_of_ns]
        whole = [one for one in mine if isinstance(one, BookSnapshot)]
        whole = [one for one in whole if one.ts_event_ns >= as_of_ns - SNAPSHOT_WITHIN_NS]
        if not whole:
            continue
        last = max(whole, key=lambda one: (one.ts_event_ns, one.ts_received_ns))
        from_ns = last.ts_event_ns - (0 if last.last_update_id is None else OVERLAP_NS)
        book = Book()
        book.update(last)
        for change in sorted((one for one in mine if isinstance(one, BookDelta)), key=told_order):
            if change.ts_event_ns >= from_ns:
                book.update(change)
        if book.ts_event_ns >= as_of_ns - FRESH_BOOK_NS:
            books[" ".join(market)] = book
    return books


# -- random recordings ------------------------------------------------------------------------------------------------

OFFSETS = st.one_of(st.integers(-7, 8), st.sampled_from([3_000, 3_700, 7_300, 80_000])).map(lambda s: T0 + s * S)
RECEIVED = st.integers(0, 3).map(lambda n: T0 + n)
IDS = st.one_of(st.integers(5, 20), st.integers(5, 20), st.none())
CHANGED = {
    True: st.lists(st.tuples(st.sampled_from([95.0, 96.0, 98.0, 99.0, 99.5]), st.integers(0, 3)), max_size=4),
    False: st.lists(st.tuples(st.sampled_from([100.5, 101.0, 102.0, 104.0]), st.integers(0, 3)), max_size=4),
}


def sides(*, is_whole):
    """Levels of both sides; of a whole book none is gone, and a far one is never touched by a change."""

    def made(pairs, far):
        known = {price: float(qty) for price, qty in pairs if qty} | {far: 7.0} if is_whole else None
        return levels(*(known.items() if known is not None else [(price, float(qty)) for price, qty in pairs]))

    return {
        "bids": CHANGED[True].map(lambda pairs: made(pairs, 97.0)),
        "asks": CHANGED[False].map(lambda pairs: made(pairs, 103.0)),
    }


def in_market(make, **fields):
    return st.builds(
        lambda market, **given: make(venue=market[0], symbol=market[1], **given),
        market=st.sampled_from(MARKETS),
        ts_event_ns=OFFSETS,
        ts_received_ns=RECEIVED,
        last_update_id=IDS,
        **fields,
    )


SNAPSHOTS = st.lists(
    in_market(snapshot, **sides(is_whole=True)),
    max_size=4,
    unique_by=lambda one: (one.venue, one.symbol, one.ts_event_ns, one.ts_received_ns),
)
DELTAS = st.lists(
    in_market(delta, previous_update_id=IDS, **sides(is_whole=False)),
    max_size=14,
    unique_by=lambda one: (one.venue, one.symbol, *told_order(one)),
)
MOMENTS = st.sampled_from([5, 30, 3_500, 3_601, 7_400, 80_500, 86_405, 90_000]).map(lambda s: T0 + s * S)


@settings(max_examples=300)
@given(whole=SNAPSHOTS, changes=DELTAS, repeats=st.lists(st.integers(0, 13), max_size=4), as_of_ns=MOMENTS)
def test_all_changes_at_once_are_the_changes_one_by_one(shelf, whole, changes, repeats, as_of_ns):
    """Whatever is lost, repeated, unnumbered, out of order or taken away: the same books, levels, holes and time."""
    again = [msgspec.structs.replace(changes[n], ts_received_ns=T0 + 9) for n in repeats if n < len(changes)]
    numbered = [one for one in again if one.last_update_id is not None]
    shelf.put(*whole, *numbered, *changes, *changes[:1])
    found = archived_books(shelf, "BTC", as_of_ns)
    expected = obvious([*whole, *numbered, *changes, *changes[:1]], as_of_ns)
    assert found.keys() == expected.keys()
    for name, book in expected.items():
        same_book(found[name], book)


def same_book(found, book):
    assert (found.ts_event_ns, found.hole_count) == (book.ts_event_ns, book.hole_count)
    for side in ("short", "long"):
        assert found.reach(side) == book.reach(side)
        for ours, theirs in zip(found.levels(side), book.levels(side), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_long_numbered_recording_is_followed_to_its_end(shelf):
    """Two thousand changes with lost and repeated ones: levels as kept one by one, and as many holes as were torn."""
    rng = np.random.default_rng(7)
    changes = []
    for n in range(2_000):
        ticks = rng.integers(1, 40, 6)
        qty = np.where(rng.random(6) < 0.4, 0.0, rng.integers(1, 9, 6))
        pairs = list(zip(ticks.tolist(), qty.tolist(), strict=True))
        changes.append(
            delta(
                bids=levels(*((100.0 - 0.5 * tick, size) for tick, size in pairs[:3])),
                asks=levels(*((100.0 + 0.5 * tick, size) for tick, size in pairs[3:])),
                last_update_id=11 + n,
                previous_update_id=10 + n,
                ts_event_ns=T0 + n * S,
                ts_received_ns=T0 + n * S + 5,
            )
        )
    lost = {300, 301, 302, 900, 1_500}
    kept = [one for n, one in enumerate(changes) if n not in lost]
    events = [snapshot(), *kept, *kept[50:80]]
    shelf.put(*rng.permutation(np.array(events, dtype=object)).tolist())
    as_of_ns = T0 + 2_000 * S
    (found,) = archived_books(shelf, "BTC", as_of_ns).values()
    assert found.hole_count == 3
    same_book(found, obvious(events, as_of_ns)["binance-usdm BTC/USDT:USDT"])


def test_two_words_of_one_moment_and_id_count_once(shelf):
    """The one received first stands, whatever the other says; unnumbered ones both do, in order of receipt."""
    at = {"ts_event_ns": T0 + S}
    told = [levels((101.0, 5.0)), levels((101.0, 0.0), (101.5, 9.0))]
    for last_id, expected in ((12, [505.0, 408.0]), (None, [913.5, 408.0])):
        shelf.put(snapshot(), *(delta(asks=told[n], last_update_id=last_id, ts_received_ns=n, **at) for n in (1, 0)))
        (book,) = archived_books(shelf, "BTC", T0 + S).values()
        assert book.levels("short")[1].tolist() == expected


# -- what counts as fresh, and what is read ---------------------------------------------------------------------------


def test_an_old_snapshot_with_fresh_changes_is_the_present_book(shelf):
    """A venue that sends a whole book on connecting only stays measured; an hour after its last word it is old."""
    whole = snapshot(asks=levels((101.0, 3.0), (103.0, 4.0)))
    late = delta(asks=levels((102.0, 5.0), (101.0, 0.0)), ts_event_ns=T0 + 9 * HOUR)
    shelf.put(whole, late)
    found = depth_for("BTC", 100.0, T0 + 10 * HOUR, DepthChoice(), shelf)["short"]
    assert (found.method, found.source, found.as_of_ns) == (
        "measured",
        "binance-usdm BTC/USDT:USDT",
        T0 + 9 * HOUR,
    )
    (book,) = archived_books(shelf, "BTC", T0 + 10 * HOUR).values()
    assert book.levels("short")[1].tolist() == [510.0, 412.0]
    assert depth_for("BTC", 100.0, T0 + 10 * HOUR + S, DepthChoice(), shelf)["short"].method == "assumed"
    assert archived_books(shelf, "BTC", T0 + 25 * HOUR) == {}


def test_a_repeat_of_what_is_known_makes_no_old_book_fresh(shelf):
    """A change that says nothing new does not turn the clock."""
    shelf.put(snapshot(), delta(last_update_id=10, ts_event_ns=T0 + 2 * HOUR))
    assert archived_books(shelf, "BTC", T0 + 2 * HOUR) == {}


def test_a_newer_change_stamped_before_the_snapshot_is_kept(shelf):
    """Its id tells; the book is as old as the snapshot, not as the stamp of the change."""
    early = T0 - 2 * S
    shelf.put(snapshot(), delta(bids=levels((99.5, 8.0)), ts_event_ns=early), delta(ts_event_ns=early - 4 * S))
    (book,) = archived_books(shelf, "BTC", T0 + S).values()
    assert book.levels("long")[1].tolist() == [796.0, 99.0, 196.0]
    assert book.ts_event_ns == T0


def test_of_other_coins_and_of_contracts_no_levels_are_read(shelf):
    """Only the markets of the coin are asked for by name; a book whose worth is not known is none."""
    eth = {"venue": MARKETS[2][0], "symbol": MARKETS[2][1]}
    swap = {"venue": "okx", "symbol": "BTC/USDT:USDT", "qty_unit": "contracts"}
    shelf.put(snapshot(), snapshot(**eth), delta(**eth), snapshot(**swap), delta(**swap))
    assert archived_books(shelf, "BTC", T0 + S).keys() == {"binance-usdm BTC/USDT:USDT"}
    named = {(one["venue"], one["symbol"]) for one in shelf.asked if "symbol" in one}
    assert named == {MARKETS[0]}
