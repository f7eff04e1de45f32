"""One entry that cannot be takes no other with it: frames of several liquidations or trades, with some of them bad."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_samples import BAD_LEAVES, HERE, RECEIVED_NS, Sample, forced, name_of, traded

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import Liquidation
from powderkeg.testing.frames import FRAMES
from powderkeg.testing.frames.htx import gzipped
from powderkeg.venues import VENUES, Connection, parse_frame
from powderkeg.venues.entries import MAX_ENTRIES, apart

every_list = pytest.mark.parametrize(
    "sample", [sample for sample in HERE if not FRAMES[sample.venue].is_single], ids=name_of
)
every_list_of_trades = pytest.mark.parametrize(
    "sample",
    [sample for sample in HERE if not FRAMES[sample.venue].is_single and sample.venue != "bitfinex"],
    ids=name_of,
)
BAD_PRICE = 7654321.25


def burst(sample: Sample, prices: list[float], *, of: str = "liquidations") -> bytes:
    """A frame of one entry per price, on both sides."""
    if of == "trades":
        rows = [
            traded(sample, serial=n, price=price, taker_side=("buy", "sell")[n % 2])
            for n, price in enumerate(prices, 1)
        ]
        return FRAMES[sample.venue].trades(rows)
    rows = [
        forced(sample, serial=n, price=price, position_side=("long", "short")[n % 2])
        for n, price in enumerate(prices, 1)
    ]
    return FRAMES[sample.venue].liquidations(rows)


def spoiled(frame: bytes, raw: bytes) -> bytes:
    """The frame with other text in the place of the bad price, wherever a venue repeats it."""
    text = str(BAD_PRICE).encode()
    assert text in frame
    return frame.replace(b'"' + text + b'"', raw).replace(text, raw)


def refused(sample: Sample, frame: bytes) -> VenueProtocolError:
    with pytest.raises(VenueProtocolError) as caught:
        parse_frame(sample.venue, frame, RECEIVED_NS)
    return caught.value


@every_list
@given(bad=st.lists(st.booleans(), min_size=2, max_size=6).filter(lambda bad: any(bad) and not all(bad)))
def test_liquidations_that_can_be_read_survive_those_that_cannot(sample: Sample, bad):
    """The error is counted once, says how many are lost, and carries exactly what the others say alone."""
    prices = [BAD_PRICE if is_bad else 1000.5 + n for n, is_bad in enumerate(bad)]
    error = refused(sample, spoiled(burst(sample, prices), b"-1"))
    whole = parse_frame(sample.venue, burst(sample, prices), RECEIVED_NS)
    assert sorted(error.events, key=repr) == sorted((event for event in whole if event.price != BAD_PRICE), key=repr)
    assert f"{sum(bad)} of {len(bad)} entries" in error.reason


@every_list_of_trades
def test_trades_survive_a_neighbor_that_cannot_be_read(sample: Sample):
    """What is true of liquidations is true of trades."""
    frame = burst(sample, [1000.5, BAD_PRICE, 1001.5], of="trades")
    assert [event.price for event in refused(sample, spoiled(frame, b"[]")).events] == [1000.5, 1001.5]


@every_list
@pytest.mark.parametrize("raw", BAD_LEAVES)
def test_whatever_stands_in_an_entry_is_read_or_counted(sample: Sample, raw):
    """An entry is an event or a reason, and its neighbors are events: never less."""
    frame = spoiled(burst(sample, [1000.5, BAD_PRICE, 1001.5]), raw.encode())
    try:
        events = parse_frame(sample.venue, frame, RECEIVED_NS)
    except VenueProtocolError as error:
        events = error.events
        if not is_json(frame):
            return
    else:
        assert len([event for event in events if isinstance(event, Liquidation)]) == 3, frame
    prices = [event.price for event in events if isinstance(event, Liquidation)]
    assert {1000.5, 1001.5} <= set(prices), frame


def is_json(frame: bytes) -> bool:
    try:
        msgspec.json.decode(frame)
    except msgspec.DecodeError:
        return False
    return True


def naming_each(sample: Sample) -> bytes:
    """A frame of three entries, each of which names its contract."""
    return burst(sample, [1000.5, 1001.5, 1002.5]).replace(json.dumps(sample.venue_symbol).encode(), b'"?!"')


@pytest.mark.parametrize(
    "sample",
    [sample for sample in HERE if not FRAMES[sample.venue].is_single and naming_each(sample).count(b'"?!"') == 3],
    ids=name_of,
)
def test_a_contract_nobody_knows_costs_only_itself(sample: Sample):
    """A venue that lists something new in the middle of a burst, under a name that follows no rule known here."""
    first, *others = naming_each(sample).split(b'"?!"')
    error = refused(sample, json.dumps(sample.venue_symbol).encode().join([first + b'"?!"' + others[0], *others[1:]]))
    assert [event.price for event in error.events if isinstance(event, Liquidation)] == [1001.5, 1002.5]


def test_a_list_of_messages_is_taken_apart():
    """Binance sends all contracts' messages as a list where all are asked for."""
    (sample,) = (sample for sample in HERE if name_of(sample) == "binance-usdm-BTCUSDT")
    frames = [burst(sample, [price]) for price in (1000.5, BAD_PRICE, 1001.5)]
    frames[1] = spoiled(frames[1], b"-1")
    messages = [json.loads(frame)["data"] for frame in frames]
    for document in (messages, {"stream": "!forceOrder@arr", "data": messages}):
        assert [event.price for event in refused(sample, json.dumps(document).encode()).events] == [1000.5, 1001.5]


@pytest.mark.parametrize("sample", HERE, ids=name_of)
def test_the_entries_of_a_frame_say_one_by_one_what_they_say_together(sample: Sample):
    """Taking a good frame apart loses nothing, doubles nothing and keeps the order."""
    of = "liquidations" if not FRAMES[sample.venue].is_single else "trades"
    prices = [1000.5] if FRAMES[sample.venue].is_single else [1000.5, 1001.5, 1002.5]
    frame = burst(sample, prices, of=of)
    singles = apart(frame, VENUES[sample.venue].entries)
    told = [event for single in singles for event in parse_frame(sample.venue, single, RECEIVED_NS)]
    if singles:
        assert sorted(told, key=repr) == sorted(parse_frame(sample.venue, frame, RECEIVED_NS), key=repr)
    assert len(singles) in (0, len(prices))


def test_two_lists_of_one_frame_are_not_counted_twice():
    """Lighter tells trades and forced trades side by side."""
    frame = b' {"trades":[{"a":1},{"a":2}], "n":5,"liquidation_trades":[{"a":3}]}'
    assert apart(frame.strip(), VENUES["lighter"].entries) == [
        b'{"trades":[{"a":1}],"n":5,"liquidation_trades":[]}',
        b'{"trades":[{"a":2}],"n":5,"liquidation_trades":[]}',
        b'{"trades":[],"n":5,"liquidation_trades":[{"a":3}]}',
    ]


def test_lists_within_lists_are_taken_apart_to_the_last():
    """OKX groups liquidations by contract; lists that are part of an entry stay whole."""
    frame = b'{"data":[{"instId":"A","details":[{"x":[1,2]},{"x":[]}]},{"instId":"B","details":[]},{"instId":"C"}]}'
    assert apart(frame, VENUES["okx"].entries) == [
        b'{"data":[{"instId":"A","details":[{"x":[1,2]}]}]}',
        b'{"data":[{"instId":"A","details":[{"x":[]}]}]}',
        b'{"data":[{"instId":"C"}]}',
    ]


def test_a_frame_of_very_many_entries_is_refused_whole():
    """Rubbish must not hold up other venues: it is put aside, and stays in the journal."""
    (sample,) = (sample for sample in HERE if name_of(sample) == "bybit-BTCUSDT")
    for count, kept in ((MAX_ENTRIES, MAX_ENTRIES - 1), (MAX_ENTRIES + 1, 0)):
        error = refused(sample, spoiled(burst(sample, [*([1000.5] * (count - 1)), BAD_PRICE]), b"-1"))
        assert len(error.events) == kept


def test_a_frame_cannot_be_blown_up_by_what_wraps_its_entries():
    """Each part repeats the envelope: megabytes of it with hundreds of entries would fill the memory."""
    entries = VENUES["bybit"].entries
    wrapped = b'{"junk":"' + b"x" * 1_000_000 + b'","data":[{"a":1}' + b',{"a":1}' * 7 + b"]}"
    assert len(apart(wrapped, entries)) == 8
    assert apart(wrapped[:-2] + b',{"a":1}' + b"]}", entries) == []
    assert apart(b'{"data":[' + b",".join([b"[]"] * 500_000) + b"]}", entries) == []


def test_compressed_frames_are_taken_apart_too():
    """HTX sends gzip."""
    (sample,) = (sample for sample in HERE if name_of(sample) == "htx-BTC-USDT")
    frame = spoiled(burst(sample, [1000.5, BAD_PRICE]), b"-1")
    assert [event.price for event in refused(sample, gzipped(frame)).events] == [1000.5]


def test_a_first_message_that_repeats_the_past_does_so_with_a_bad_entry_too():
    """OKX repeats liquidations on subscribing: what can be read of them is no news, and what comes next is."""
    (sample,) = (sample for sample in HERE if name_of(sample) == "okx-BTC-USDT-SWAP")
    connection = Connection("okx")
    with pytest.raises(VenueProtocolError) as caught:
        connection.events(spoiled(burst(sample, [1000.5, BAD_PRICE]), b"-1"), RECEIVED_NS)
    assert (caught.value.events, connection.replayed, connection.unspoken) == ((), 1, ())
    assert len(connection.events(burst(sample, [1001.5]), RECEIVED_NS)) == 1
