"""Real messages of six venues: the golden meanings come out, and nothing recorded is quarantined."""

from __future__ import annotations

import json

import pytest

from powderkeg.domain.events import BookDelta, Liquidation, Trade
from powderkeg.domain.symbols import venue_slug
from powderkeg.venues import parse_frame

RECEIVED = 1_768_420_800_000_000_000
SLUGS = ("binance-usdm", "binance-coinm", "bybit", "okx", "bitget", "gate")
RECORDINGS = {
    "binance_futures.json": "binance-usdm",
    "binance_delivery.json": "binance-coinm",
    "bybit.json": "bybit",
    "okex_swap.json": "okx",
    "bitget_futures_v3.json": "bitget",
    "gate_io_futures.json": "gate",
}
CAPTURES = {"BINANCE_FUTURES.ws.1.0": "binance-usdm", "BYBIT.ws.26.0": "bybit", "OKX.ws.1.0": "okx"}
PRICES = ("avg_fill_price", "bankruptcy_price", "price_bkPx", "price")


def test_golden_liquidations_come_out_as_expected(shared_data):
    """Position, quantity, price and time of every row; the unit where the row states one."""
    seen = 0
    for line in (shared_data / "frames" / "liquidations_golden.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        slug = "okx" if row["venue"] == "okx-v3-legacy" else venue_slug(row["venue"])
        if slug not in SLUGS:
            continue
        events = parse_frame(slug, json.dumps(row["raw"]).encode(), RECEIVED)
        assert len(events) == len(row["expected"])
        for event, expected in zip(events, row["expected"], strict=True):
            seen += 1
            assert isinstance(event, Liquidation)
            assert event.position_side == expected["position"]
            assert event.qty == float(expected.get("qty") or expected["quote_notional"])
            assert event.qty_unit == expected.get("qty_unit", event.qty_unit)
            assert event.price == float(next(expected[key] for key in PRICES if key in expected))
            assert event.ts_event_ns == int(expected["ts"]) * 1_000_000
            if "base" in expected:
                assert event.qty_base == pytest.approx(float(expected["base"]), rel=1e-12)
    assert seen >= 11


@pytest.mark.parametrize(("file", "slug"), RECORDINGS.items())
def test_no_recorded_message_is_quarantined(shared_data, file, slug):
    """Old generations are read or passed over; compact and spaced spelling agree."""
    found = 0
    for group in json.loads((shared_data / "frames" / file).read_text("utf-8"))["groups"]:
        for message in group["messages"]:
            spaced = parse_frame(slug, json.dumps(message).encode(), RECEIVED)
            assert spaced == parse_frame(slug, json.dumps(message, separators=(",", ":")).encode(), RECEIVED)
            found += len(spaced)
    assert found >= 5


@pytest.mark.parametrize(("file", "slug"), CAPTURES.items())
def test_no_captured_frame_is_quarantined(shared_data, file, slug):
    lines = (shared_data / "frames" / "captures" / file).read_text("utf-8").splitlines()[1:]
    frames = [line.partition(": ")[2] for line in lines if line]
    received = [frame for frame in frames if not frame.startswith('{"op":"subscribe","args"')]
    kinds = [type(event) for frame in received for event in parse_frame(slug, frame.encode(), RECEIVED)]
    if slug != "bybit":  # its feeds of 2021 are passed over
        assert {Trade, BookDelta} <= set(kinds)
