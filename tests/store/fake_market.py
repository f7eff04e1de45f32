"""A venue and a table format that exist only in tests of the store, and journals made of them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import msgspec

from powderkeg.domain.events import BookLevel, BookSnapshot, Event, Liquidation, Trade
from powderkeg.domain.instruments import Instrument
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta
from powderkeg.store.rows import Reject, RowsParsed
from powderkeg.venues.base import Subscriptions, Venue

T0 = 1_768_348_800_000_000_000  # 2026-01-14T00:00:00Z
SLUG = "fake"


def liquidation(**changes: object) -> Liquidation:
    plain = Liquidation(
        venue=SLUG,
        symbol="BTC/USDT:USDT",
        position_side="long",
        qty=1.0,
        qty_unit="base",
        qty_base=1.0,
        notional_usd=95_000.0,
        price=95_000.0,
        price_kind="fill",
        order_price=None,
        fill_price=95_000.0,
        bankruptcy_price=None,
        coverage="all",
        event_id=None,
        ts_event_ns=T0,
        ts_received_ns=T0 + 5,
        ts_is_received=False,
    )
    return msgspec.structs.replace(plain, **changes)


def trade(**changes: object) -> Trade:
    plain = Trade(
        venue=SLUG,
        symbol="BTC/USDT:USDT",
        price=95_000.0,
        qty_base=0.5,
        notional_usd=47_500.0,
        taker_side="buy",
        trade_id="1",
        ts_event_ns=T0,
        ts_received_ns=T0 + 5,
    )
    return msgspec.structs.replace(plain, **changes)


def book(**changes: object) -> BookSnapshot:
    plain = BookSnapshot(
        venue=SLUG,
        symbol="BTC/USDT:USDT",
        bids=(BookLevel(94_999.5, 2.0), BookLevel(94_999.0, 0.1)),
        asks=(),
        qty_unit="base",
        last_update_id=7,
        ts_event_ns=T0,
        ts_received_ns=T0 + 5,
    )
    return msgspec.structs.replace(plain, **changes)


KINDS = {"liquidation": Liquidation, "trade": Trade, "book_snapshot": BookSnapshot}
NAMES = {kind: name for name, kind in KINDS.items()}


def frame(*events: Event, channel: str = "plain") -> bytes:
    """The fake venue's wire format: the events themselves, with the channel that carried them."""
    rows = [{"kind": NAMES[type(event)], "row": msgspec.to_builtins(event)} for event in events]
    return json.dumps({"channel": channel, "events": rows}).encode()


def parse(payload: bytes, ts_received_ns: int, instruments: object) -> tuple[Event, ...]:
    rows = msgspec.json.decode(payload)["events"]
    return tuple(msgspec.convert(row["row"], KINDS[row["kind"]]) for row in rows)


def infer(name: str) -> Instrument:
    raise ValueError(name)


VENUE = Venue(
    slug=SLUG,
    parse=parse,
    infer_instrument=infer,
    subscriptions=Subscriptions(
        urls={},
        channels={},
        paths={},
        canary="",
        stale_first=("replaying",),
        topics=lambda *_: (),
        requests=lambda _: (),
        address=lambda: lambda _: None,
        canaries={},
    ),
    channel_of=lambda payload: msgspec.json.decode(payload)["channel"],
)


def fake_rows(lines: list[str], first_line: int, context: dict[str, str]) -> RowsParsed:
    """Lines `price,seconds`; the symbol is in the context."""
    parsed = RowsParsed([], [])
    for number, line in enumerate(lines, first_line):
        price, comma, seconds = line.partition(",")
        if comma and seconds.isdigit():
            at = T0 + int(seconds) * 10**9
            event = liquidation(symbol=context["symbol"], price=float(price), ts_event_ns=at, ts_received_ns=at)
            parsed.events.append(event)
        else:
            parsed.rejects.append(Reject(number, "not price,seconds", line[:20]))
    return parsed


def record(
    data_dir: Path,
    journal_id: str,
    frames: list[tuple[int, bytes]],
    *,
    seal: bool = False,
    commit_bytes: int = 1 << 20,
) -> None:
    """Append frames (receive time ns, payload) to a journal, over one connection that stays open."""
    meta = JournalMeta(journal_id=journal_id, kind="live")
    path = journal_path(data_dir, journal_id)
    clock = itertools.count().__next__
    with Journal.create_or_resume(path, meta, now_ns=clock, commit_bytes=commit_bytes) as journal:
        if not journal.progress.connections:
            journal.connect(venue=SLUG, stream="all", kind="frames", opened_ns=frames[0][0] if frames else T0)
        for received_ns, payload in frames:
            journal.append(1, received_ns, payload)
        if seal:
            journal.seal()
