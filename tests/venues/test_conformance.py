"""What every venue must mean by its messages, whatever their format."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venue_samples import (
    FIRST_OF_VENUE,
    HERE,
    PRICE,
    QTY,
    RECEIVED_NS,
    SAMPLES,
    TS_MS,
    Sample,
    assert_sane,
    forced,
    frames_of_every_kind,
    name_of,
    traded,
)

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import FundingRate, Liquidation, MarkPrice, OpenInterest, Trade
from powderkeg.domain.instruments import InstrumentMap
from powderkeg.testing.frames import FRAMES
from powderkeg.venues import VENUES, Connection, parse_frame
from powderkeg.venues.registry import infer_instrument

every_sample = pytest.mark.parametrize("sample", HERE, ids=name_of)
every_list_of_liquidations = pytest.mark.parametrize(
    "sample", [sample for sample in HERE if not FRAMES[sample.venue].is_single], ids=name_of
)

lots = st.decimals("0.001", "1000000", places=3)
ticks = st.decimals("0.01", "200000", places=2)
sides = st.sampled_from(["long", "short"])

# BitMEX and dYdX write times as RFC 3339 text; Gate's unit changed and is told by magnitude, see its own test.
IN_MILLISECONDS = [sample for sample in FIRST_OF_VENUE if sample.venue not in ("bitmex", "dydx", "gate")]


def liquidations(frame: bytes, venue: str) -> list[Liquidation]:
    return [event for event in parse_frame(venue, frame, RECEIVED_NS) if isinstance(event, Liquidation)]


def trades(frame: bytes, venue: str) -> list[Trade]:
    return [event for event in parse_frame(venue, frame, RECEIVED_NS) if isinstance(event, Trade)]


def close(number: float | None, expected: Decimal | None) -> bool:
    if number is None or expected is None:
        return number is expected
    return abs(Decimal(number) - expected) <= abs(expected) * Decimal("1e-9")


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_every_venue_has_builders_and_a_sample(venue):
    """A venue without them would pass every other check here by not being asked."""
    assert venue in FRAMES, f"add the builders of {venue} to powderkeg/testing/frames and list them in FRAMES"
    sampled = {sample.venue for sample in SAMPLES}
    assert venue in sampled, f"add a contract of {venue} to SAMPLES in tests/venues/venue_samples.py"


@every_sample
def test_contract_names_become_unified_symbols(sample: Sample):
    """The symbol is ours, whatever the venue calls the contract."""
    for kind, frame in frames_of_every_kind(sample).items():
        for event in parse_frame(sample.venue, frame, RECEIVED_NS):
            assert (event.venue, event.symbol) == (sample.venue, sample.symbol), kind


@every_sample
@given(qty=lots, price=ticks, side=sides)
def test_a_liquidation_is_told_as_it_happened(sample: Sample, qty, price, side):
    """Position, quantity, unit, price, base and notional, against decimal arithmetic."""
    if sample.unit == "contracts":
        qty = qty.to_integral_value() + 1
    row = forced(sample, qty=float(qty), price=float(price), position_side=side)
    (event,) = liquidations(FRAMES[sample.venue].liquidations([row]), sample.venue)
    assert event.position_side == side
    assert (event.qty, event.qty_unit, event.price) == (float(qty), sample.unit, float(price))
    qty_base, notional_usd = sample.sized(sample.unit, qty, price)
    assert close(event.qty_base, qty_base), (event, qty_base)
    assert close(event.notional_usd, notional_usd), (event, notional_usd)
    assert_sane(event)


@every_sample
@given(qty=lots, price=ticks, side=st.sampled_from(["buy", "sell"]))
def test_a_trade_is_told_as_it_happened(sample: Sample, qty, price, side):
    """Taker, price, base and notional, against decimal arithmetic; an ordinary trade is no liquidation."""
    unit = sample.trade_unit or sample.unit
    if unit == "contracts":
        qty = qty.to_integral_value() + 1
    frame = FRAMES[sample.venue].trades([traded(sample, qty=float(qty), price=float(price), taker_side=side)])
    (event,) = parse_frame(sample.venue, frame, RECEIVED_NS)
    assert isinstance(event, Trade)
    assert (event.taker_side, event.price, event.ts_event_ns) == (side, float(price), TS_MS * 1_000_000)
    qty_base, notional_usd = sample.sized(unit, qty / sample.sides_counted, price)
    assert close(event.qty_base, qty_base), (event, qty_base)
    assert close(event.notional_usd, notional_usd), (event, notional_usd)
    assert_sane(event)


@every_sample
def test_flipping_the_position_flips_nothing_else(sample: Sample):
    """Long and short are mirror images: order side, sign and taker change together."""
    build = FRAMES[sample.venue].liquidations
    (long,) = liquidations(build([forced(sample, position_side="long")]), sample.venue)
    (short,) = liquidations(build([forced(sample, position_side="short")]), sample.venue)
    assert (long.position_side, short.position_side) == ("long", "short")
    assert msgspec.structs.replace(long, position_side="short") == short


@every_sample
def test_a_trade_told_with_a_liquidation_has_the_forced_side(sample: Sample):
    """Where a public trade carries the flag, a closed long is a taker that sold, at the same price and size."""
    for position_side, taker_side in (("long", "sell"), ("short", "buy")):
        frame = FRAMES[sample.venue].liquidations([forced(sample, position_side=position_side)])
        (liquidation,) = liquidations(frame, sample.venue)
        for trade in trades(frame, sample.venue):
            assert trade.taker_side == taker_side
            assert (trade.price, trade.qty_base) == (liquidation.price, liquidation.qty_base)


@every_sample
def test_the_kind_of_price_stands_beside_its_own_field(sample: Sample):
    """`price` is one of the named prices, and `price_kind` says which."""
    (event,) = liquidations(FRAMES[sample.venue].liquidations([forced(sample)]), sample.venue)
    named = {"fill": event.fill_price, "bankruptcy": event.bankruptcy_price, "order": event.order_price}
    assert event.price_kind in {*named, "mark", "entry"}
    if event.price_kind in named:
        assert named[event.price_kind] == event.price


@every_sample
def test_the_venue_time_is_told_or_its_absence(sample: Sample):
    """`ts_event_ns` is the venue's; where it gives none, the received time, and the event says so."""
    (event,) = liquidations(FRAMES[sample.venue].liquidations([forced(sample)]), sample.venue)
    assert event.ts_received_ns == RECEIVED_NS
    assert event.ts_is_received == (sample.venue == "bitmex")
    assert event.ts_event_ns == (RECEIVED_NS if event.ts_is_received else TS_MS * 1_000_000)


@pytest.mark.parametrize("sample", IN_MILLISECONDS, ids=name_of)
@pytest.mark.parametrize("unit_per_ms", [Decimal("0.001"), Decimal(1000), Decimal(0), Decimal(-1)])
def test_a_time_that_cannot_be_milliseconds_is_an_error(sample: Sample, unit_per_ms):
    """Seconds read as milliseconds would file the event under 1970, microseconds under the year 58000."""
    wrong = int(TS_MS * unit_per_ms)
    builders = FRAMES[sample.venue]
    frames = [builders.trades([traded(sample, ts_ms=wrong)]), builders.liquidations([forced(sample, ts_ms=wrong)])]
    for frame in frames:
        with pytest.raises(VenueProtocolError):
            parse_frame(sample.venue, frame, RECEIVED_NS)


def test_gate_tells_seconds_from_milliseconds_by_magnitude():
    """Its documentation changed the unit of one field from seconds to milliseconds."""
    (sample,) = (sample for sample in FIRST_OF_VENUE if sample.venue == "gate")
    for ts in (TS_MS, TS_MS // 1000):
        frame = (
            FRAMES["gate"]
            .liquidations([forced(sample)])
            .replace(b'"time":%d,"contract"' % TS_MS, b'"time":%d,"contract"' % ts)
        )
        (event,) = liquidations(frame, "gate")
        assert event.ts_event_ns // 1_000_000_000 == TS_MS // 1000


@every_list_of_liquidations
def test_every_row_of_a_list_is_an_event(sample: Sample):
    """The first or last row alone would lose the burst that matters."""
    builders = FRAMES[sample.venue]
    rows = [forced(sample, serial=n, qty=float(n), position_side=("long", "short")[n % 2]) for n in range(1, 6)]
    events = liquidations(builders.liquidations(rows), sample.venue)
    assert [(event.qty, event.position_side) for event in events] == [(row.qty, row.position_side) for row in rows]


@every_list_of_liquidations
def test_one_bad_row_spoils_the_frame(sample: Sample):
    """Half a frame never passes for a whole one: what the good rows say comes beside the reason, see test_entries."""
    builders = FRAMES[sample.venue]
    frame = builders.liquidations([forced(sample), forced(sample, price=7654321.25, serial=2)])
    assert len(liquidations(frame, sample.venue)) == 2
    with pytest.raises(VenueProtocolError):
        parse_frame(sample.venue, frame.replace(b"7654321.25", b"-7654321.25"), RECEIVED_NS)


@pytest.mark.parametrize("sample", [sample for sample in HERE if FRAMES[sample.venue].replay], ids=name_of)
def test_what_a_subscription_repeats_is_not_counted_twice(sample: Sample):
    """After a reconnect the past comes again; only what comes after it counts."""
    builders = FRAMES[sample.venue]
    connection = Connection(sample.venue)
    assert connection.events(builders.replay([forced(sample)]), RECEIVED_NS) == ()
    later = connection.events(builders.liquidations([forced(sample, serial=2)]), RECEIVED_NS)
    assert sum(isinstance(event, Liquidation) for event in later) == 1


@pytest.mark.parametrize(
    "sample", [sample for sample in HERE if not VENUES[sample.venue].subscriptions.stale_first], ids=name_of
)
def test_the_first_message_counts_where_nothing_is_repeated(sample: Sample):
    """Leaving out the first message everywhere would lose real liquidations."""
    events = Connection(sample.venue).events(FRAMES[sample.venue].liquidations([forced(sample)]), RECEIVED_NS)
    assert sum(isinstance(event, Liquidation) for event in events) == 1


@every_sample
def test_mark_price_and_funding_are_told_as_they_are(sample: Sample):
    """The number sent is the number told, at the venue's time or, without one, the received time."""
    frames = frames_of_every_kind(sample)
    for kind, event_type, expected in (("mark_price", MarkPrice, PRICE), ("funding_rate", FundingRate, 0.000125)):
        if kind not in frames:
            continue
        found = [event for event in parse_frame(sample.venue, frames[kind], RECEIVED_NS) if type(event) is event_type]
        assert [getattr(event, kind) for event in found] == [pytest.approx(expected, rel=1e-12)], frames[kind]
        assert all(abs(event.ts_event_ns - TS_MS * 1_000_000) <= 500_000_000 for event in found)


@pytest.mark.parametrize(
    "sample", [sample for sample in HERE if "open_interest" in FRAMES[sample.venue].market], ids=name_of
)
def test_open_interest_stands_in_its_own_unit(sample: Sample):
    """Base, contracts or US dollars: whichever field is filled holds that unit."""
    events = parse_frame(sample.venue, frames_of_every_kind(sample)["open_interest"], RECEIVED_NS)
    (event,) = [event for event in events if isinstance(event, OpenInterest)]
    unit = sample.interest_unit or sample.trade_unit or sample.unit
    in_base, in_usd = sample.sized(unit, Decimal(str(QTY)), Decimal(str(PRICE)))
    told = [
        (event.open_interest_contracts, QTY),
        (event.open_interest_base, in_base),
        (event.open_interest_usd, in_usd),
    ]
    assert any(number is not None for number, _ in told)
    for number, expected in told:
        # 1e-6: worths are rounded on the wire.
        assert number is None or number == pytest.approx(float(expected), rel=1e-6)


@every_sample
def test_same_frame_same_events(sample: Sample):
    """Parsing is pure: replaying a journal gives what was seen live, also with fresh instruments."""
    frames = list(frames_of_every_kind(sample).values())
    once = [parse_frame(sample.venue, frame, RECEIVED_NS) for frame in frames]
    assert [parse_frame(sample.venue, frame, RECEIVED_NS) for frame in reversed(frames)][::-1] == once
    fresh = [parse_frame(sample.venue, frame, RECEIVED_NS, InstrumentMap(infer_instrument)) for frame in frames]
    assert fresh == once
