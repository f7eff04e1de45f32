"""Records decode the same in one run and in parts, and nothing in a record stops the decoder."""

from __future__ import annotations

from itertools import pairwise

import fake_market as fake
import msgspec
import pytest
from fake_market import T0, frame, liquidation, trade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powderkeg.store.decode import Decoder
from powderkeg.store.journal_format import JournalConnection, Record

pytestmark = pytest.mark.usefixtures("fakes")


def connection(number: int, **changes: object) -> JournalConnection:
    plain = JournalConnection(
        connection_id=number, venue=fake.SLUG, stream="s", kind="frames", format="", header="{}", opened_ns=T0
    )
    return msgspec.structs.replace(plain, **changes)


CONNECTIONS = {
    1: connection(1),
    2: connection(2),
    3: connection(3, kind="rows", format="fake", header='{"symbol":"ETH/USDT:USDT"}'),
    4: connection(4, venue="gone"),
    5: connection(5, kind="rows", format="fake", header="[]"),
}

RECORDS = st.lists(
    st.one_of(
        st.tuples(
            st.integers(1, 2),
            st.just(T0),
            st.builds(
                lambda channel, price: frame(liquidation(price=price), trade(), channel=channel),
                st.sampled_from(["replaying", "plain"]),
                st.sampled_from([1.0, 2.0]),
            ),
        ),
        st.tuples(st.just(3), st.integers(1, 9), st.sampled_from([b"1.5,3\n", b"x\n1,2\n", b"\xff\n2,2"])),
        st.tuples(st.integers(1, 6), st.integers(1, 9), st.binary(max_size=20)),
    ).map(lambda parts: Record(*parts)),
    max_size=25,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS, cuts=st.lists(st.integers(0, 25), max_size=4))
def test_parts_decode_as_one_run(records, cuts):
    """With the state handed on, through JSON as a manifest does it, cuts change nothing."""
    whole = Decoder(CONNECTIONS)
    expected = [whole.decode(record) for record in records]
    found = []
    state = {}
    borders = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    for begin, end in pairwise(borders):
        part = Decoder(CONNECTIONS, state=state)
        found += [part.decode(record) for record in records[begin:end]]
        state = msgspec.json.decode(msgspec.json.encode(part.state()), type=dict[str, tuple[str, ...]])
    assert found == expected
    assert state == whole.state()


def test_a_replay_on_subscribe_is_left_out_once_per_connection():
    """The first liquidations of a replaying channel repeat the past; trades beside them do not."""
    decoder = Decoder(CONNECTIONS)
    payloads = {number: frame(liquidation(price=number), trade(), channel="replaying") for number in (1, 2)}
    counts = [len(decoder.decode(Record(number, T0, payloads[number])).events) for number in (1, 1, 2, 2)]
    assert counts == [1, 2, 1, 2]


def test_lines_keep_their_numbers_whatever_ends_them():
    decoded = Decoder(CONNECTIONS).decode(Record(3, 10, b"1,1\r\nbad\n\xff\xfe\n2,2\n\n3,3"))
    assert [event.price for event in decoded.events] == [1.0, 2.0, 3.0]
    assert [(reject.line, reject.position) for reject in decoded.rejects] == [(11, 10), (12, 10), (14, 10)]


@pytest.mark.parametrize(
    ("number", "reason"), [(9, "not in the journal"), (4, "not known to this version"), (5, "not an object of strings")]
)
def test_what_a_record_needs_and_lacks_is_said(number, reason):
    (reject,) = Decoder(CONNECTIONS).decode(Record(number, 7, b"payload")).rejects
    assert reason in reject.reason
    assert (reject.connection_id, reject.position, reject.excerpt) == (number, 7, "payload")


def bybit(*prices: float) -> bytes:
    rows = [{"T": T0 // 1_000_000 + n, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": str(p)} for n, p in enumerate(prices)]
    return msgspec.json.encode({"topic": "allLiquidation.BTCUSDT", "data": rows})


def test_a_bad_entry_is_a_reject_beside_the_events_of_the_others():
    """The frame is listed once, and what another connection saw of it before counts once too."""
    decoder = Decoder({number: connection(number, venue="bybit") for number in (1, 2)})
    first = decoder.decode(Record(1, T0, bybit(10.0, -1.0, 11.0)))
    assert [event.price for event in first.events] == [10.0, 11.0]
    assert [reject.reason.partition(":")[0] for reject in first.rejects] == ["1 of 3 entries cannot be read"]
    again = decoder.decode(Record(2, T0 + 1, bybit(10.0, -1.0, 12.0)))
    assert [event.price for event in again.events] == [12.0]
    assert (len(again.rejects), decoder.repeated) == (1, 1)
