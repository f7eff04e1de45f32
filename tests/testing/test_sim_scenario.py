"""The synthetic market: repeatable, exact, and told by every venue under its own feed rule."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import BookDelta, BookSnapshot, Liquidation, LiquidationBar, MarkPrice, Trade
from powderkeg.testing.exchange_squeeze import simulate_exchange_squeeze
from powderkeg.testing.venues import LISTED, SIMULATED, Scenario, SqueezeStory
from powderkeg.testing.venues.contracts import NANO_PER_USD
from powderkeg.testing.venues.publishing import GATE_ROWS, Happened, pushes
from powderkeg.venues import parse_frame

SECOND = 1_000_000_000
BUSY = Scenario(seed=3, messages_per_s=3_000, duration_s=4, liquidation_share=0.1)


def events(venue, story=BUSY):
    return [
        (frame, parse_frame(venue, frame.payload, story.start_ns))
        for frame in itertools.chain(story.past(venue), story.frames(venue))
    ]


@pytest.mark.parametrize("venue", SIMULATED)
def test_same_seed_same_bytes(venue):
    """Told twice, a story is the same to the byte; with another seed it is another."""
    first = [frame.payload for frame in BUSY.frames(venue)]
    assert first == [frame.payload for frame in BUSY.frames(venue)]
    assert first != [frame.payload for frame in Scenario(seed=4, messages_per_s=3_000, duration_s=4).frames(venue)]


def test_a_venue_does_not_depend_on_the_others():
    """Leaving venues out changes nothing for those that stay."""
    alone = Scenario(seed=3, messages_per_s=3_000, duration_s=2, liquidation_share=0.1, venues=("gate",))
    found = [*alone.frames("gate")]
    assert found == [*itertools.islice(BUSY.frames("gate"), len(found))]


@pytest.mark.parametrize("venue", SIMULATED)
def test_frames_say_what_the_story_says(venue):
    """Read back by the venue's parser, each frame tells its liquidations, side by side and to the cent."""
    told = 0
    for frame, found in events(venue):
        assert found, frame
        forced = [event for event in found if isinstance(event, Liquidation)]
        assert [event.position_side for event in forced] == [row.position_side for row in frame.told]
        assert [event.ts_event_ns for event in forced] == [row.row.ts_ms * 1_000_000 for row in frame.told]
        for event, row in zip(forced, frame.told, strict=True):
            assert event.notional_usd == pytest.approx(row.notional_nusd / NANO_PER_USD, rel=1e-12)
            assert event.symbol.startswith(f"{row.coin}/")
        told += len(forced)
    assert told > len(LISTED[venue])


@pytest.mark.parametrize("venue", SIMULATED)
def test_the_rate_is_the_stated_one_and_every_contract_has_its_canary(venue):
    """Outside bursts a second holds its number of messages, and a mark price of every contract."""
    story = Scenario(messages_per_s=4_000, duration_s=3, burst_every_s=0, liquidation_share=0.0)
    frames = [*story.frames(venue)]
    share = {"binance-usdm": 0.40, "bybit": 0.18, "okx": 0.16, "bitget": 0.1, "gate": 0.07, "hyperliquid": 0.05}
    assert len(frames) == pytest.approx(3 * 4_000 * share.get(venue, 0.04), abs=3)
    stamps = [frame.at_ns for frame in frames]
    assert stamps == sorted(stamps)
    marks = Counter(
        (event.symbol, frame.at_ns // SECOND)
        for frame in frames
        for event in parse_frame(venue, frame.payload, frame.at_ns)
        if isinstance(event, MarkPrice)
    )
    assert len(marks) == 3 * len(LISTED[venue])
    kinds = Counter(frame.kind for frame in frames)
    assert kinds["book"] == pytest.approx(0.15 * len(frames), abs=6)
    assert kinds["trade"] > 0.7 * len(frames)


@pytest.mark.parametrize("venue", sorted(set(SIMULATED) - {"hyperliquid"}))
def test_books_are_chained_without_a_hole(venue):
    """Each change follows the one before it, so a client that checks finds no gap."""
    last: dict[str, int] = {}
    for _, found in events(venue):
        for event in found:
            if isinstance(event, BookDelta):
                if event.previous_update_id is not None and event.symbol in last:
                    assert event.previous_update_id == last[event.symbol]
                last[event.symbol] = event.last_update_id
    assert len(last) == len(LISTED[venue])


def test_trades_are_numbered_without_a_hole():
    """Deribit counts its trades, forced ones too: a client can see that one is missing."""
    numbers = defaultdict(list)
    for _, found in events("deribit"):
        for event in found:
            if isinstance(event, Trade):
                numbers[event.symbol].append(int(event.trade_id))
    for found in numbers.values():
        later = found[2:]  # behind the two of the past
        assert later == [*range(later[0], later[0] + len(later))]


facts = st.lists(
    st.tuples(st.integers(0, 4_999), st.integers(0, 1), st.sampled_from(["long", "short"]), st.integers(1, 50)),
    max_size=80,
)


@given(st.sampled_from(SIMULATED), facts)
def test_what_happened_is_told_or_left_out_never_both(venue, drawn):
    """Told and untold together are what happened; each feed keeps its own promise."""
    happened = [
        Happened(ms, LISTED[venue][n], side, lots, 1_000) for ms, n, side, lots in sorted(drawn, key=lambda row: row[0])
    ]
    found = pushes(venue, happened)
    assert Counter(row for push in found for row in (*push.told, *push.untold)) == Counter(happened)
    assert all(push.told and push.at_ms > max(row.ts_ms for row in push.told) for push in found)
    per_second = Counter((push.at_ms, push.told[0].contract.venue_symbol) for push in found)
    if venue == "binance-usdm":
        assert all(len(push.told) == 1 for push in found)
        assert set(per_second.values()) <= {1}
        assert all(push.told[0].ts_ms >= row.ts_ms for push in found for row in push.untold)
    elif venue == "bitget":
        assert set(per_second.values()) <= {1, 2}
        assert all(push.told[0].lots >= row.lots for push in found for row in push.untold)
    else:
        assert not any(push.untold for push in found)
        assert max([len(push.told) for push in found], default=0) <= (GATE_ROWS if venue == "gate" else 80)


def test_gate_tells_its_own_totals_of_every_minute():
    """`contract_stats` is what happened, so that a reader can audit what he captured."""
    story = Scenario(seed=5, messages_per_s=2_000, duration_s=121, liquidation_share=0.05, venues=("gate",))
    happened: Counter = Counter()
    bars: Counter = Counter()
    for frame in story.frames("gate"):
        for row in frame.told:
            minute = row.row.ts_ms // 60_000
            happened[row.coin, minute, row.position_side] += row.notional_nusd
        for event in parse_frame("gate", frame.payload, frame.at_ns) if frame.kind == "liquidation_stats" else ():
            if isinstance(event, LiquidationBar):
                coin, minute = event.symbol.partition("/")[0], event.ts_event_ns // (60 * SECOND)
                bars[coin, minute, "long"] = event.long_usd
                bars[coin, minute, "short"] = event.short_usd
    assert len({minute for _, minute, _ in bars}) == 2
    for key, usd in bars.items():
        assert usd == pytest.approx(happened[key] / NANO_PER_USD)


def test_bursts_close_mostly_one_side():
    """In a burst there are many times more liquidations, nearly all of one side."""
    story = Scenario(seed=1, messages_per_s=2_000, duration_s=90, venues=("bybit",))
    sides: dict[int, Counter] = defaultdict(Counter)
    for frame in story.frames("bybit"):
        for row in frame.told:
            sides[row.row.ts_ms // 1_000][row.position_side] += 1
    usual = np.median([found.total() for found in sides.values()])
    bursts = [found for found in sides.values() if found.total() > 5 * usual]
    assert bursts
    assert all(max(found.values()) > 0.7 * found.total() for found in bursts)


def test_the_squeeze_is_told_whole():
    """What the squeeze says happened is what its story tells or leaves out, on every venue."""
    story = SqueezeStory(seed=7, duration_s=400)
    squeeze = simulate_exchange_squeeze(np.random.default_rng(7), duration_s=400)
    for venue in story.venues:
        rows = [row for frame in story.frames(venue) for row in (*frame.told, *frame.untold)]
        wanted = [event for event in squeeze.liquidations if event.venue == venue]
        assert Counter((row.coin, row.position_side, row.row.ts_ms) for row in rows) == Counter(
            (event.coin, event.position_side, event.ts_ns // 1_000_000) for event in wanted
        )
        price = {"binance-usdm": "fill_price"}.get(venue, "bankruptcy_price")
        worth = sum(event.qty_base * getattr(event, price) for event in wanted)
        assert sum(row.notional_nusd for row in rows) / NANO_PER_USD == pytest.approx(worth)
        assert all(parse_frame(venue, frame.payload, frame.at_ns) for frame in story.frames(venue))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"venues": ("bitmex",)}, "bitmex cannot be simulated"),
        ({"messages_per_s": 0.0}, "messages_per_s is 0"),
        ({"liquidation_share": 0.9, "book_share": 0.2}, "at most 1"),
        ({"start_ns": 1}, "whole second"),
    ],
)
def test_scenarios_that_cannot_be_played_say_why(wrong, says):
    """Bad use is an input error with its reason."""
    with pytest.raises(InputError, match=says):
        Scenario(**wrong)


def test_a_venue_that_takes_no_part_has_no_frames():
    """Neither a present nor a past."""
    for ask in (Scenario(venues=("okx",)).past, lambda venue: next(Scenario(venues=("okx",)).frames(venue))):
        with pytest.raises(InputError, match="takes no part"):
            ask("gate")
    with pytest.raises(InputError, match="no part in the squeeze"):
        SqueezeStory().past("gate")


def test_one_venue_of_the_squeeze_shows_whole_books():
    """Each stands around the mark price of its second, 2 % to either side, with numbers that never come twice."""
    story = SqueezeStory(seed=7, duration_s=60, squeeze_s=60)
    marks, numbers = {}, {}
    for frame in (*story.past("bybit"), *story.frames("bybit")):
        for event in parse_frame("bybit", frame.payload, frame.at_ns):
            if isinstance(event, MarkPrice):
                marks[event.symbol] = event.mark_price
            elif frame.kind == "book":
                assert isinstance(event, BookSnapshot)
                bids, asks = [level.price for level in event.bids], [level.price for level in event.asks]
                middle = marks[event.symbol]
                assert bids[0] < middle < asks[0]
                assert max(bids) == bids[0]
                assert min(asks) == asks[0]
                assert min(middle / bids[-1], asks[-1] / middle) == pytest.approx(math.exp(0.02), abs=2e-3)
                numbers.setdefault(event.symbol, []).append(event.last_update_id)
    assert len(numbers) == 4
    for told in numbers.values():
        assert told == sorted(set(told))
        assert len(told) == 12  # the first, and one every five seconds
    others = [frame for venue in story.venues if venue != "bybit" for frame in story.frames(venue)]
    assert not [frame for frame in others if frame.kind == "book"]
