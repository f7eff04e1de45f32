"""A backfill of one gap against a venue that is a function."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, unquote, urlsplit

from powderkeg.domain.events import FeedGap
from powderkeg.feed import http
from powderkeg.feed.pollers import backfill
from powderkeg.feed.rest import RestClient
from powderkeg.venues import parse_frame

NS = 1_000_000_000
FROM_NS, TO_NS = 1_784_112_000 * NS, 1_784_112_600 * NS


class FakeClock:
    def __init__(self):
        self.at_s = 1_000.0

    def now_ns(self):
        return TO_NS

    def monotonic(self):
        return self.at_s


def run_backfill(venue, names, respond, *, from_ns=FROM_NS, to_ns=TO_NS):
    """Events, outcome and requests of a backfill of the gap against `respond(query) -> document`."""
    frames: list = []
    asked: list = []

    def get(url):
        parts = urlsplit(url)
        query = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
        asked.append((unquote(parts.path), query))
        return http.Answer(200, {}, json.dumps(respond(query)).encode())

    client = RestClient(venue, clock=FakeClock(), get=get)
    gap = FeedGap(venue, "liquidation", from_ns, to_ns, "test")
    result = asyncio.run(backfill(client, names, gap, lambda *frame: frames.append(frame)))
    assert all(key == f"{venue}/rest/backfill" for key, _, _ in frames)
    return [event for _, at, frame in frames for event in parse_frame(venue, frame, at)], result, asked
