"""The compiled order book against the obvious one, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from naive_book import NaiveBook

from powderkeg.cascade.exchange import OrderBook
from powderkeg.domain.errors import InputError

KINDS = ("limit", "limit", "limit", "immediate", "fill_or_kill", "cancel")


@pytest.mark.parametrize(("seed", "width"), [(1, 12), (2, 60), (3, 700), (4, 5_000)])
def test_random_flow_gives_what_the_obvious_book_gives(seed, width):
    """Fills, what rests, best prices and whole depth are equal after every one of 4,000 messages."""
    rng = np.random.default_rng(seed)
    book, naive = OrderBook(low_tick=100, high_tick=100 + width), NaiveBook()
    ids, handles = {}, {}
    for _ in range(4_000):
        kind = KINDS[rng.integers(len(KINDS))]
        if kind == "cancel":
            number = int(rng.integers(0, naive.number + 2))
            handle = handles.get(number, int(rng.integers(0, 2**30)))
            assert book.cancel(handle) == (naive.cancel(number) if number in handles else 0)
            continue
        owner, is_buy, lots = int(rng.integers(1, 6)), bool(rng.integers(2)), int(rng.integers(1, 40))
        tick = 100 + int(np.clip(rng.normal(width / 2 - (2 if is_buy else -2), width / 9), 0, width - 1))
        ours = getattr(book, kind)(owner=owner, is_buy=is_buy, tick=tick, lots=lots)
        number, left, fills = naive.place(kind, owner, is_buy, tick, lots)
        assert ours.left_lots == left
        assert [(ids[fill.handle], *fill[1:]) for fill in ours.fills] == fills
        assert (ours.handle is None) == (number is None)
        if number is not None:
            ids[ours.handle], handles[number] = number, ours.handle
        assert (book.best_bid, book.best_ask) == (naive.best(True), naive.best(False))
        assert book.last_tick == naive.last_tick
        assert book.live_orders == sum(len(queue) for side in naive.sides.values() for queue in side.values())
        for side in (True, False):
            assert book.depth(is_buy=side) == naive.depth(side)


def test_the_oldest_order_of_a_price_trades_first():
    """First in, first out; a partly filled order keeps its place."""
    book = OrderBook(low_tick=1, high_tick=10)
    handles = [book.limit(owner=n, is_buy=True, tick=5, lots=3).handle for n in (1, 2, 3)]
    first = book.immediate(owner=9, is_buy=False, tick=5, lots=4)
    assert [(fill.handle, fill.lots) for fill in first.fills] == [(handles[0], 3), (handles[1], 1)]
    second = book.immediate(owner=9, is_buy=False, tick=5, lots=4)
    assert [(fill.handle, fill.lots) for fill in second.fills] == [(handles[1], 2), (handles[2], 2)]


def test_a_void_handle_cancels_nothing_though_its_slot_is_used_again():
    """A handle names one order for good."""
    book = OrderBook(low_tick=1, high_tick=10, max_orders=1)
    old = book.limit(owner=1, is_buy=True, tick=5, lots=3).handle
    assert book.cancel(old) == 3
    new = book.limit(owner=2, is_buy=True, tick=5, lots=2).handle
    assert book.cancel(old) == 0
    assert book.order(old) is None
    assert book.order(new) == (2, True, 5, 2)


def test_a_full_book_refuses_to_rest_and_says_so():
    """Nothing is lost in silence: the lots are left and no handle is given."""
    book = OrderBook(low_tick=1, high_tick=10, max_orders=2)
    for n in (1, 2):
        book.limit(owner=n, is_buy=True, tick=5, lots=1)
    refused = book.limit(owner=3, is_buy=True, tick=5, lots=7)
    assert (refused.handle, refused.left_lots) == (None, 7)
    assert book.depth(is_buy=True) == [(5, 2)]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"lots": 0}, "lots is 0"),
        ({"lots": 2**31}, "lots is"),
        ({"tick": 0}, "tick is 0"),
        ({"tick": 10}, "tick is 10"),
    ],
    ids=["none", "too-many", "below", "above"],
)
def test_what_no_book_can_hold_is_refused(order, said):
    """Prices and lots out of range never reach the arrays."""
    book = OrderBook(low_tick=1, high_tick=10)
    with pytest.raises(InputError, match=said):
        book.limit(owner=1, is_buy=True, **{"tick": 5, "lots": 1} | order)
