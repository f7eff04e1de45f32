"""Ways to write the same message: a number is itself however it is spelled, or the frame is refused; never another."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_samples import FIRST_OF_VENUE, PRICE, RECEIVED_NS, Sample, forced, survivors, traded

from powderkeg.domain.events import Liquidation
from powderkeg.testing.frames import FRAMES
from powderkeg.venues import parse_frame

every_venue = pytest.mark.parametrize("sample", FIRST_OF_VENUE, ids=lambda sample: sample.venue)

STRICT = {"bitmex", "deribit", "kraken-futures"}
"""Venues that have never written numbers as text; from the others either spelling is understood."""


def both(sample: Sample) -> list[bytes]:
    return [FRAMES[sample.venue].liquidations([forced(sample)]), FRAMES[sample.venue].trades([traded(sample)])]


def respelled(frame: bytes, text: str) -> bytes:
    """The frame with its price written in another way, wherever it stands."""
    found, count = re.subn(rb'"?1234\.5"?', lambda _: text.encode(), frame)
    assert count
    return found


@every_venue
@pytest.mark.parametrize("text", ["1234.5", "1.2345e3", "1.2345E+3", "12345e-1", "1234.50000000", "0.12345e04"])
def test_a_number_is_the_same_however_it_is_spelled(sample: Sample, text):
    """Exchanges change how they print numbers without notice."""
    for frame in both(sample):
        expected = parse_frame(sample.venue, frame, RECEIVED_NS)
        assert parse_frame(sample.venue, respelled(frame, text), RECEIVED_NS) == expected
        as_text = survivors(sample.venue, respelled(frame, f'"{text}"'))
        assert as_text == (None if sample.venue in STRICT else expected)


@every_venue
@pytest.mark.parametrize(
    "text",
    ['"+1234.5"', '" 1234.5"', '"1,234.5"', '"1234,5"', '"0x4d2"', '"1_234.5"', '"01234.5"', "01234.5", "+1234.5",
     '"１２３４.5"', '"1234.5USDT"', "1234.5e", "--1234.5", '"1234.5\\u0000"', "1234.5e400", "-1234.5", "-0.0", '"-0"'],
)  # fmt: skip
def test_a_number_spelled_in_no_known_way_is_refused(sample: Sample, text):
    """A guess at what was meant would be a number nobody sent."""
    for frame in both(sample):
        assert survivors(sample.venue, respelled(frame, text)) is None


@every_venue
@given(digits=st.integers(1, 10**40), exponent=st.integers(-60, 60), is_text=st.booleans())
def test_any_decimal_is_read_as_the_nearest_number_or_refused(sample: Sample, digits, exponent, is_text):
    """However many digits: the price told is the one that was written, to the last bit."""
    text = f"{digits}e{exponent}"
    for frame in both(sample):
        for event in survivors(sample.venue, respelled(frame, f'"{text}"' if is_text else text)) or ():
            assert event.price == float(text)


@every_venue
def test_equal_rows_of_one_frame_are_each_counted(sample: Sample):
    """Two accounts may be closed with the same quantity at the same price in the same millisecond."""
    builders = FRAMES[sample.venue]
    if builders.is_single:
        frames = [builders.liquidations([forced(sample, serial=n)]) for n in (1, 2)]
    else:
        frames = [builders.liquidations([forced(sample, serial=1), forced(sample, serial=2)])]
    events = [event for frame in frames for event in parse_frame(sample.venue, frame, RECEIVED_NS)]
    assert len([event for event in events if isinstance(event, Liquidation)]) == 2
    assert {event.price for event in events} == {PRICE}


@pytest.mark.parametrize(
    "sample",
    [sample for sample in FIRST_OF_VENUE if not FRAMES[sample.venue].is_single],
    ids=lambda sample: sample.venue,
)
def test_rows_keep_the_order_and_the_times_they_were_sent_with(sample: Sample):
    """OKX documents that its rows are not in order; none is left out for being older than the one before."""
    rows = [forced(sample, serial=n, ts_ms=1_790_000_000_123 - 60_000 * n) for n in range(4)]
    events = parse_frame(sample.venue, FRAMES[sample.venue].liquidations(rows), RECEIVED_NS)
    times = [event.ts_event_ns for event in events if isinstance(event, Liquidation)]
    in_order = [RECEIVED_NS] * 4 if sample.venue == "bitmex" else [row.ts_ms * 1_000_000 for row in rows]
    assert times == in_order
