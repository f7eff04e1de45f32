"""A session without sockets: frames are handed in, the clock is ours, and decoding runs when the test says so."""

from __future__ import annotations

import asyncio
import queue
import time
from collections import deque

from powderkeg.app.live.rebuild import rebuild
from powderkeg.app.live.session import LiveSession
from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS, NS_PER_S
from powderkeg.testing.frames import liquidation_frame, mark_price_frame, trade_frame

NOON = 1_784_116_800 * NS_PER_S  # 2026-07-15T12:00:00Z
VENUE_SYMBOL = {"binance-usdm": "BTCUSDT", "bybit": "BTCUSDT", "okx": "BTC-USDT-SWAP", "gate": "BTC_USDT"}
STREAM = "liquidation+trade+mark_price"
WINDOWS = tuple(hours * NS_PER_HOUR for hours in (1, 4, 12, 24))


class Bench:
    """One session and the little world it lives in."""

    def __init__(self, data_dir, *, name="main", now_ns=NOON, **options):
        self.now_ns = now_ns
        self.alerts = []
        self._soon = deque()
        self._from_threads = queue.SimpleQueue()
        self.data_dir = data_dir
        self.session = LiveSession(
            data_dir,
            name,
            wall_ns=lambda: self.now_ns,
            call_soon=self._soon.append,
            call_soon_threadsafe=self._from_threads.put,
            alert=self.alerts.append,
            **options,
        )

    def start(self, venues=tuple(VENUE_SYMBOL), *, rebuilt=True):
        self.position = self.session.start()
        if rebuilt:
            self.rebuild(venues)
        return self

    def rebuild(self, venues=tuple(VENUE_SYMBOL)):
        self.session.go_on_from(rebuild(self.data_dir, *self.position, frozenset(venues), self.now_ns))

    def open(self, key, venue, stream=STREAM):
        self.session.opened(key, venue, stream, self.now_ns)

    def take(self, key, payload, *, after_ms=1):
        self.now_ns += after_ms * NS_PER_MS
        self.session.take(key, self.now_ns, payload)

    def turn(self, turns=10**9):
        """Run what was asked to run soon."""
        for _ in range(turns):
            if not self._soon:
                return
            self._soon.popleft()()

    def hear_threads(self, timeout_s=5.0):
        """Run what a thread asked for; waits for it."""
        self._from_threads.get(timeout=timeout_s)()

    def totals(self, as_of_ns=None):
        """(venue, side) -> (usd, count) of every window, and their sum."""
        as_of_ns = as_of_ns or self.now_ns + NS_PER_S
        return totals_of(self.session.pipeline.totals, as_of_ns)


def totals_of(totals, as_of_ns):
    found = {}
    for window_ns in WINDOWS:
        for group in totals.groups(as_of_ns, window_ns):
            key = (window_ns, group.venue, group.symbol, group.position_side)
            found[key] = (round(group.notional_usd, 6), group.count)
    return found


def liquidation(venue, *, at_ns, qty=1.0, price=95_000.0, position_side="long", serial=1):
    return liquidation_frame(
        venue,
        venue_symbol=VENUE_SYMBOL[venue],
        position_side=position_side,
        qty=qty,
        price=price,
        ts_ms=at_ns // NS_PER_MS,
        serial=serial,
    )


def trade(venue, *, at_ns, serial=1):
    return trade_frame(
        venue,
        venue_symbol=VENUE_SYMBOL[venue],
        taker_side="buy",
        qty=1.0,
        price=95_000.0,
        ts_ms=at_ns // NS_PER_MS,
        serial=serial,
    )


def mark_price(venue, *, at_ns):
    return mark_price_frame(venue, venue_symbol=VENUE_SYMBOL[venue], mark_price=95_000.0, ts_ms=at_ns // NS_PER_MS)


async def until(condition, *, for_s=20.0):
    deadline = time.monotonic() + for_s
    while not condition():
        assert time.monotonic() < deadline, "what should have happened did not"
        await asyncio.sleep(0.02)
