"""Messages that venues really sent: every golden one comes out as expected, and no recorded one is put aside."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from venue_samples import BAD_LEAVES, RECEIVED_NS, assert_sane, survivors

from powderkeg.domain.errors import VenueProtocolError
from powderkeg.domain.events import Liquidation
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import parse_instant
from powderkeg.venues import VENUES, parse_frame

OTHER_NAMES = {"okx-v3-legacy": "okx"}
PRICE_KEYS = (
    "avg_fill_price",
    "fill_price",
    "bankruptcy_price",
    "price_bkPx",
    "acquired_price",
    "price",
    "entry_price",
)
"""What the golden file calls a row's prices, the best one first."""

RECORDED = {
    "binance_delivery": "binance-coinm",
    "binance_futures": "binance-usdm",
    "bitfinex_derivatives": "bitfinex",
    "bitget_futures_v3": "bitget",
    "bitmex": "bitmex",
    "bybit": "bybit",
    "cryptofacilities": "kraken-futures",
    "deribit": "deribit",
    "dydx_v4": "dydx",
    "gate_io_futures": "gate",
    "huobi_dm_linear_swap": "htx",
    "hyperliquid": "hyperliquid",
    "lighter_trade": "lighter",
    "okex_swap": "okx",
}
CAPTURES = {
    "BINANCE_FUTURES.ws.1.0": "binance-usdm",
    "BITMEX.ws.1.0": "bitmex",
    "BYBIT.ws.26.0": "bybit",
    "DERIBIT.ws.1.0": "deribit",
    "KRAKEN_FUTURES.ws.1.0": "kraken-futures",
    "OKX.ws.1.0": "okx",
}
HELD = {"deribit": {"BookDelta", "OpenInterest"}}
"""Events a capture must give; Trade where not said."""


RECEIVED_AT = re.compile(rb"\d+\.\d+")


def of_venue(names: dict[str, str]) -> pytest.MarkDecorator:
    known = [(name, venue) for name, venue in names.items() if venue in VENUES]
    return pytest.mark.parametrize(("name", "venue"), known, ids=[name for name, _ in known])


def encoded(message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def golden_rows(shared_data: Path) -> list[dict]:
    lines = (shared_data / "frames" / "liquidations_golden.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["venue"] = venue_slug(OTHER_NAMES.get(row["venue"], row["venue"]))
    return rows


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_golden_liquidations_come_out(shared_data, venue):
    """Position, quantity, best price, time and id of every golden row; nothing more than is expected."""
    rows = [row for row in golden_rows(shared_data) if row["venue"] == venue]
    assert rows or venue == "gate", f"the golden file has no row of {venue}"
    for row in rows:
        events = parse_frame(venue, encoded(row["raw"]), RECEIVED_NS)
        told = [event for event in events if isinstance(event, Liquidation)]
        # A removed BitMEX order is expected with null position: it is no liquidation.
        expected = [each for each in row["expected"] if each["position"] is not None]
        assert len(told) == len(expected), row
        for event, facts in zip(told, expected, strict=True):
            check(event, facts)


def check(event: Liquidation, facts: dict) -> None:
    assert_sane(event)
    assert event.position_side == facts["position"]
    qty = next(facts[key] for key in ("qty", "contracts", "quote_notional", "base") if facts.get(key) is not None)
    assert event.qty == float(qty), (event, facts)
    if facts.get("qty_unit") in ("base", "contracts"):
        assert event.qty_unit == facts["qty_unit"]
    if facts.get("base") is not None:
        assert event.qty_base == pytest.approx(float(facts["base"]), rel=1e-12)
    if facts.get("quote") is not None or facts.get("quote_notional") is not None:
        worth = facts.get("quote") or facts["quote_notional"]
        assert event.notional_usd == pytest.approx(float(worth), rel=1e-9)
    price = next(facts[key] for key in PRICE_KEYS if facts.get(key) is not None)
    assert event.price == float(price), (event, facts)
    if "limit_price" in facts:
        assert event.order_price == float(facts["limit_price"])
    assert (
        event.event_id is None
        or event.event_id in str(facts)
        or event.venue in ("kraken-futures", "lighter", "bitfinex")
    )
    if facts["ts"] is None:
        assert event.ts_is_received
        assert event.ts_event_ns == RECEIVED_NS
    else:
        assert not event.ts_is_received
        assert event.ts_event_ns == parse_instant(str(facts["ts"]))


@of_venue(RECORDED)
def test_no_recorded_message_is_put_aside(shared_data, name, venue):
    """Also those of older generations: they have a meaning, or are known to have none."""
    groups = json.loads((shared_data / "frames" / f"{name}.json").read_text("utf-8"))["groups"]
    messages = [message for group in groups for message in group["messages"]]
    assert messages
    refused = []
    for message in messages:
        try:
            events = parse_frame(venue, encoded(message), RECEIVED_NS)
        except VenueProtocolError as error:
            refused.append(str(error)[:300])
            continue
        for event in events:
            assert_sane(event)
    assert not refused, f"{len(refused)} of {len(messages)}: {refused[:3]}"


@of_venue(CAPTURES)
def test_no_captured_frame_is_put_aside(shared_data, name, venue):
    """A connection as it was, byte for byte: subscriptions, heartbeats and data."""
    lines = (shared_data / "frames" / "captures" / name).read_bytes().splitlines()
    refused, kinds = [], set()
    for line in lines:
        received, _, frame = line.partition(b": ")
        if not RECEIVED_AT.fullmatch(received):
            continue  # the address, or what the client sent
        try:
            events = parse_frame(venue, frame, int(float(received) * 1e9))
        except VenueProtocolError as error:
            refused.append(str(error)[:300])
            continue
        for event in events:
            kinds.add(type(event).__name__)
            assert_sane(event)
    assert not refused, f"{len(refused)} of {len(lines)}: {refused[:3]}"
    assert HELD.get(venue, {"Trade"}) <= kinds


@of_venue(RECORDED)
def test_damaged_recorded_messages_make_no_absurd_event(shared_data, name, venue):
    """Books, tickers and all the rest, each part replaced by something else: refused, ignored, or still sane."""
    groups = json.loads((shared_data / "frames" / f"{name}.json").read_text("utf-8"))["groups"]
    documents = {encoded(message)[:4000] for group in groups for message in group["messages"]}
    bad = itertools.cycle(BAD_LEAVES)
    for frame in sorted(documents):
        for literal in re.finditer(rb'-?\d+\.?\d*(?:e-?\d+)?|"[^"]*"(?!:)|null|true|false', frame):
            start, end = literal.span()
            survivors(venue, frame[:start] + next(bad).encode() + frame[end:])
