"""What no frame may do, however damaged: crash the parser, or become an event that cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from venue_samples import (
    BAD_LEAVES,
    BAD_NUMBERS,
    FIRST_OF_VENUE,
    PRICE,
    QTY,
    RECEIVED_NS,
    Sample,
    forced,
    frames_of_every_kind,
    survivors,
    traded,
)

from powderkeg.domain.events import Liquidation, Trade
from powderkeg.testing.frames import FRAMES
from powderkeg.testing.frames.htx import gzipped
from powderkeg.venues import VENUES, parse_frame

every_venue = pytest.mark.parametrize("sample", FIRST_OF_VENUE, ids=lambda sample: sample.venue)


def places(document: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The path of every part of a JSON document."""
    yield path
    parts = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, part in parts:
        yield from places(part, (*path, key))


def replaced(document: object, paths: Iterable[tuple[object, ...]], raw: str) -> bytes:
    """The document with the parts at `paths` replaced by JSON text, which need not be valid."""
    marker = "\x00here"
    whole = [json.loads(json.dumps(document))]
    for path in paths:
        parent = whole
        for key in (0, *path)[:-1]:
            parent = parent[key]
        parent[(0, *path)[-1]] = marker
    return json.dumps(whole[0]).replace(json.dumps(marker), raw).encode()


def without(document: object, path: tuple[object, ...]) -> bytes:
    document = json.loads(json.dumps(document))
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return msgspec.json.encode(document)


def with_news(document: object) -> object:
    """The document with an unknown field in every object that is not a map of contracts."""
    if isinstance(document, list):
        return [with_news(part) for part in document]
    if not isinstance(document, dict):
        return document
    grown = {key: with_news(part) for key, part in document.items()}
    is_map_of_contracts = any("-USD" in key for key in grown)
    news = {} if is_map_of_contracts else {"zzNew": {"deep": [1, None, "x"]}, "aaNew": 5}
    return {**news, **grown} if "stream" not in grown else {**grown, **news}


@every_venue
def test_unknown_fields_change_nothing(sample: Sample):
    """Venues add fields without notice."""
    for kind, frame in frames_of_every_kind(sample).items():
        grown = msgspec.json.encode(with_news(msgspec.json.decode(frame)))
        assert parse_frame(sample.venue, grown, RECEIVED_NS) == parse_frame(sample.venue, frame, RECEIVED_NS), kind


@every_venue
def test_spacing_and_order_of_fields_change_nothing(sample: Sample):
    """A speed-up that peeks at bytes must not depend on how a venue happens to write its JSON."""
    for kind, frame in frames_of_every_kind(sample).items():
        document = msgspec.json.decode(frame)
        expected = parse_frame(sample.venue, frame, RECEIVED_NS)
        for indent, is_sorted in ((None, False), (1, False), (None, True)):
            respelled = json.dumps(document, indent=indent, sort_keys=is_sorted).encode()
            assert parse_frame(sample.venue, respelled, RECEIVED_NS) == expected, (kind, respelled)


@every_venue
@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b" ",
        b"\x00",
        b"\xff\xfe\xfd",
        b"{",
        b"}",
        b'{"',
        b"null",
        b"true",
        b"0",
        b"-1e999",
        b'"text"',
        b"[[[[]]]]",
        b"[null]",
        b'{"a":1}',
        b'{"data":[]}',
        b"<html>502 Bad Gateway</html>",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ],
    ids=lambda frame: f"{frame[:16]!r}x{len(frame)}",
)
def test_what_is_no_message_is_refused(sample: Sample, frame):
    """Neither a crash nor silence: the frame is put aside where somebody can look at it."""
    assert survivors(sample.venue, frame) is None


@every_venue
@pytest.mark.parametrize("filler", [b" ", b"[", b'"', b"9"])
def test_a_frame_of_ten_megabytes_is_refused(sample: Sample, filler):
    """No venue sends one; reading it would stall every other feed."""
    for frame in frames_of_every_kind(sample).values():
        assert survivors(sample.venue, frame + filler * 10_000_000) is None
        break


@every_venue
def test_a_frame_cut_anywhere_is_refused(sample: Sample):
    """Half a message has no meaning, wherever it ends."""
    for kind, frame in frames_of_every_kind(sample).items():
        for end in range(len(frame)):
            assert survivors(sample.venue, frame[:end]) is None, (kind, frame[:end])


@every_venue
def test_bytes_that_are_not_utf8_are_refused(sample: Sample):
    """In a name or a number, wherever the parser looks."""
    for frame in frames_of_every_kind(sample).values():
        name = json.dumps(sample.venue_symbol).encode()
        if name in frame:
            assert survivors(sample.venue, frame.replace(name, b'"\xff\xfe"')) is None


@every_venue
@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_a_price_or_quantity_that_is_no_number_is_refused(sample: Sample, bad):
    """Not left out, not zero: the frame is wrong."""
    builders = FRAMES[sample.venue]
    for build, row in ((builders.liquidations, forced(sample)), (builders.trades, traded(sample))):
        document = msgspec.json.decode(build([row]))
        for wanted in (PRICE, QTY):
            paths = [path for path in places(document) if _is(document, path, wanted)]
            assert paths, f"{wanted} not found in {document}"
            frame = replaced(document, paths, bad)
            assert survivors(sample.venue, frame) is None, frame


def _is(document: object, path: tuple[object, ...], wanted: float) -> bool:
    for key in path:
        document = document[key]
    try:
        return not isinstance(document, bool) and abs(float(document)) == wanted
    except (TypeError, ValueError):
        return False


@every_venue
def test_any_part_replaced_by_anything_makes_no_absurd_event(sample: Sample):
    """Every part of every message, with every bad value: refused, or ignored, or still a sane event."""
    for frame in frames_of_every_kind(sample).values():
        document = msgspec.json.decode(frame)
        for path in places(document):
            for bad in BAD_LEAVES:
                survivors(sample.venue, replaced(document, [path], bad))
            if path:
                survivors(sample.venue, without(document, path))


@every_venue
def test_a_quantity_of_zero_is_no_liquidation(sample: Sample):
    """A liquidation or trade of nothing is refused or ignored, never an event."""
    for build, row in (
        (FRAMES[sample.venue].liquidations, forced(sample, qty=0.0)),
        (FRAMES[sample.venue].trades, traded(sample, qty=0.0)),
        (FRAMES[sample.venue].liquidations, forced(sample, price=0.0)),
        (FRAMES[sample.venue].trades, traded(sample, price=0.0)),
    ):
        assert not [
            event for event in survivors(sample.venue, build([row])) or () if isinstance(event, Liquidation | Trade)
        ]


numbers = st.floats() | st.integers() | st.floats().map(str) | st.integers().map(str)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=4), parts, max_size=3),
    max_leaves=6,
)


@every_venue
@given(data=st.data())
def test_mutated_documents_make_no_absurd_event(sample: Sample, data):
    """Several parts of a real message replaced by arbitrary JSON at once."""
    frames = frames_of_every_kind(sample)
    document = msgspec.json.decode(frames[data.draw(st.sampled_from(sorted(frames)))])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(document))))
        raw = json.dumps(data.draw(json_values))
        frame = replaced(document, [path], raw)
        survivors(sample.venue, frame)
        document = json.loads(frame)


@every_venue
@given(data=st.data())
def test_mutated_bytes_make_no_absurd_event(sample: Sample, data):
    """Bytes of a real frame replaced, cut out, doubled or inserted."""
    frames = frames_of_every_kind(sample)
    frame = frames[data.draw(st.sampled_from(sorted(frames)))]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(frame)))
        end = data.draw(st.integers(start, min(len(frame), start + 24)))
        patch = data.draw(st.sampled_from([b"", frame[start:end] * 2, b"-", b"e", b"9", b"NaN", b"null", b"]", b"}"]))
        patch = data.draw(st.binary(max_size=4)) if patch == b"9" else patch
        frame = frame[:start] + patch + frame[end:]
    survivors(sample.venue, frame)


@every_venue
@given(frame=st.binary(max_size=200))
@example(frame=b"pong")
@example(frame=b'{"event":"error","msg":"x"}')
def test_arbitrary_bytes_make_no_event(sample: Sample, frame):
    """Noise is refused, or at most taken for a pong."""
    assert not survivors(sample.venue, frame)


@pytest.mark.skipif("htx" not in VENUES, reason="the only venue that compresses its frames")
def test_compressed_frames_mean_what_their_text_means():
    """HTX sends gzip; damaged, cut or swollen gzip is refused without unpacking it all."""
    (sample,) = (sample for sample in FIRST_OF_VENUE if sample.venue == "htx")
    for frame in frames_of_every_kind(sample).values():
        packed = gzipped(frame)
        assert parse_frame("htx", packed, RECEIVED_NS) == parse_frame("htx", frame, RECEIVED_NS)
        for end in range(len(packed)):
            assert survivors("htx", packed[:end]) is None
        for place in range(0, len(packed), 3):
            survivors("htx", packed[:place] + bytes([packed[place] ^ 0x55]) + packed[place + 1 :])
    assert survivors("htx", gzipped(b" " * 50_000_000)) is None
    assert survivors("htx", gzipped(b"[" * 200_000)) is None
    assert survivors("htx", gzipped(b'{"op":"ping","x":"\xff"}')) is None
