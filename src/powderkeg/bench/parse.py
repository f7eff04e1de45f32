"""Frames to events: Binance trades through `parse_frame`, against msgspec alone and against cryptofeed.

The frames are synthetic but in the real format, as a combined stream sends them and bare: 200 contracts, every price,
quantity, id and time different. "msgspec alone" decodes them and does nothing with what it gets, so no parser built on
it can be faster; it is measured twice: into the lean wire structs used here, which skip what no event needs, and into
all ten documented fields of the message. cryptofeed 2.4 gets the same frames as text, as its connection would hand
them on, through `BinanceFutures.message_handler` with a callback that only counts.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import random
import types
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.venues import parse_frame
from powderkeg.venues.binance_usdm import wire

FRAMES: Final = 20_000
CONTRACTS: Final = 200
TO_MSGSPEC: Final = 0.60
TO_CRYPTOFEED: Final = 3.0
_TO_PEER: Final = "parse_frame to cryptofeed, combined stream"
_RECEIVED_NS: Final = 1_768_424_400_000_000_000  # any instant: it is only passed through


class Documented(msgspec.Struct, gc=False):
    """All that Binance documents of an aggregate trade, in the order it is sent."""

    e: str
    E: int
    a: int
    s: str
    p: float
    q: float
    f: int
    l: int  # noqa: E741 - the venue's own field name
    T: int
    m: bool


class DocumentedStream(msgspec.Struct, gc=False):
    """The same in a combined stream."""

    stream: str
    data: Documented


def run() -> list[Measure]:
    """Measure on this machine; cryptofeed is left out where it is not installed."""
    combined = frames()
    bare = [frame[frame.index(b'"data":') + 7 : -1] for frame in combined]
    lean, lean_bare = _decoding(wire.Combined, combined), _decoding(wire.Message, bare)
    whole, whole_bare = _decoding(DocumentedStream, combined), _decoding(Documented, bare)
    ours = _rate(combined, lambda: _parse(combined))
    ours_bare = _rate(bare, lambda: _parse(bare))
    measures = [
        _context("msgspec alone, lean struct, combined stream", lean),
        _context("msgspec alone, lean struct, bare messages", lean_bare),
        _context("msgspec alone, all documented fields, combined stream", whole),
        _context("msgspec alone, all documented fields, bare messages", whole_bare),
        _context("parse_frame, combined stream", ours),
        _context("parse_frame, bare messages", ours_bare),
        _ratio("parse_frame to msgspec alone, lean struct, combined stream", ours / lean, TO_MSGSPEC),
        _ratio("parse_frame to msgspec alone, all documented fields, combined stream", ours / whole, TO_MSGSPEC),
        _ratio("parse_frame to msgspec alone, all documented fields, bare", ours_bare / whole_bare, TO_MSGSPEC),
    ]
    peer = _cryptofeed_rate([frame.decode() for frame in combined])
    if peer is None:
        absent = "not measured: cryptofeed is not installed (pip install 'powderkeg[bench]')"
        measures.append(Measure(name=_TO_PEER, figure=math.nan, unit="x", claim=f">= {TO_CRYPTOFEED:g}", note=absent))
    else:
        measures.append(_context("cryptofeed BinanceFutures.message_handler, combined stream", peer))
        measures.append(_ratio(_TO_PEER, ours / peer, TO_CRYPTOFEED))
    return measures


def _decoding(kind: type | types.UnionType, batch: Sequence[bytes]) -> float:
    """Frames per second through msgspec alone."""
    decode = msgspec.json.Decoder(kind, strict=False).decode
    return _rate(batch, lambda: _each(decode, batch))


def frames(count: int = FRAMES, seed: int = 20260114) -> list[bytes]:
    """Aggregate trades of a combined stream, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - data to measure with, not secrets
    return [_frame(draw, number) for number in range(count)]


def _frame(draw: random.Random, number: int) -> bytes:
    name = f"C{draw.randrange(CONTRACTS)}USDT"
    millis = 1_768_424_400_000 + number * 3
    price, qty = draw.uniform(0.01, 99_000), draw.uniform(0.001, 900)
    first = 5_266_583_935 + number * 4
    return (
        f'{{"stream":"{name.lower()}@aggTrade","data":{{"e":"aggTrade","E":{millis + 2},"a":{2_100_000_000 + number},'
        f'"s":"{name}","p":"{price:.4f}","q":"{qty:.3f}","f":{first},"l":{first + 2},"T":{millis},'
        f'"m":{"true" if draw.random() < 0.5 else "false"}}}}}'
    ).encode()


def _each(work: Callable[[bytes], object], batch: Sequence[bytes]) -> None:
    for frame in batch:
        work(frame)


def _parse(batch: Sequence[bytes]) -> None:
    for frame in batch:
        parse_frame("binance-usdm", frame, _RECEIVED_NS)


def _rate(batch: Sequence[object], work: Callable[[], object]) -> float:
    return len(batch) / best_seconds(work, repeats=9)


def _cryptofeed_rate(texts: Sequence[str]) -> float | None:
    """Messages per second through cryptofeed's handler; its symbols are set by hand, so nothing is looked up online."""
    try:
        peer = importlib.import_module("cryptofeed.exchanges").BinanceFutures
        symbols = importlib.import_module("cryptofeed.symbols").Symbols
    except ImportError:
        return None
    names = {f"C{number}-USDT-PERP": f"C{number}USDT" for number in range(CONTRACTS)}
    symbols.set(peer.id, names, {"instrument_type": dict.fromkeys(names, "perpetual")})
    seen = 0

    async def count(_trade: Any, _received: float) -> None:
        nonlocal seen
        seen += 1

    feed = peer(symbols=["C0-USDT-PERP"], channels=["trades"], callbacks={"trades": count})

    async def handle() -> None:
        for text in texts:
            await feed.message_handler(text, None, 1_768_424_400.0)

    rate = _rate(texts, lambda: asyncio.run(handle()))
    assert seen >= len(texts), "the peer did not do the work it is timed for"
    return rate


def _context(name: str, figure: float) -> Measure:
    return Measure(name=name, figure=figure, unit="frames/s")


def _ratio(name: str, figure: float, claim: float) -> Measure:
    return Measure(name=name, figure=figure, unit="x", claim=f">= {claim:g}", holds=figure >= claim)


if __name__ == "__main__":
    for measure in run():
        print(f"{measure.figure:14,.2f} {measure.unit:9} {measure.name} {measure.claim}")
