"""The exact exchange: the matching engine, a message-passing peer on equal orders, and the check of 100,000 accounts.

The peer is the pattern of the public agent-based market simulators (ABIDES: Byrd, Hybinette, Balch, arXiv:1904.12066,
read 2026-11), written out at its least: a kernel that keeps messages in a priority queue by time, an exchange agent and
trading agents that send each other message objects, and a book of lists in Python. It gets the same orders and must
come to the same trades.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.cascade.exchange import BINANCE_LIKE, Exchange, Instrument, OrderBook
from powderkeg.cascade.exchange import book_kernels as k
from powderkeg.margin import tier_table

SEED: Final = 20_251_010
ORDERS: Final = 1_000_000
PEER_ORDERS: Final = 20_000
LEVELS: Final = 20_000
ACCOUNTS: Final = 100_000
INSTRUMENTS: Final = 4
CANCEL_AFTER: Final = 400

IntArray = NDArray[np.int64]


def run() -> list[Measure]:
    """Matching, its peer, and the account check."""
    return [*_matching(), *_whole_exchange(), _check()]


def _matching() -> list[Measure]:
    """Half limit orders around a walking price, a third cancels, the rest immediate orders."""
    flow = order_flow(ORDERS)
    messages = with_handles(flow)
    ours_s = min(_match(messages) for _ in range(5))
    small = flow[:PEER_ORDERS]
    small_messages = with_handles(small)
    small_s = min(_match(small_messages) for _ in range(5))
    peer_s = best_seconds(lambda: MessagePassing(small).run(), 3)
    same = MessagePassing(small).run() == traded(small_messages)
    rate = ORDERS / ours_s / 1e6
    cancels = float((flow[:, k.KIND] == k.CANCEL).mean())
    return [
        Measure(
            name="matching engine",
            figure=rate,
            unit="M orders/s",
            claim=">= 1",
            holds=rate >= 1.0,
            note=f"{ORDERS:,} orders, {cancels:.0%} of them cancels, one thread",
        ),
        Measure(
            name="message passing in Python",
            figure=peer_s / small_s,
            unit="x slower",
            claim=">= 50",
            holds=same and peer_s / small_s >= 50.0,
            note=f"{PEER_ORDERS:,} equal orders, {'equal' if same else 'OTHER'} trades: "
            f"{peer_s * 1e3:.0f} ms against {small_s * 1e3:.2f} ms",
        ),
    ]


def order_flow(count: int) -> IntArray:
    """[count, 5] messages; a cancel names the message whose order it means."""
    rng = np.random.default_rng(SEED)
    flow = np.zeros((count, 5), dtype=np.int64)
    kinds = rng.choice([k.LIMIT, k.IMMEDIATE, k.CANCEL], count, p=[0.5, 0.17, 0.33])
    kinds[0] = k.LIMIT
    center = LEVELS / 2 + np.cumsum(rng.normal(0.0, 0.5, count))
    buys = rng.integers(0, 2, count)
    away = np.abs(rng.normal(0.0, 20.0, count)) * np.where(kinds == k.LIMIT, 1, -3)
    flow[:, k.KIND] = kinds
    flow[:, k.BY] = rng.integers(1, 1_000, count)
    flow[:, k.BUYS] = buys
    flow[:, k.AT] = np.clip(center - np.where(buys == 1, away, -away), 0, LEVELS - 1)
    flow[:, k.HOW_MANY] = rng.integers(1, 20, count)
    limits = np.flatnonzero(kinds == k.LIMIT)
    for_cancel = np.flatnonzero(kinds == k.CANCEL)
    newest = np.searchsorted(limits, for_cancel) - 1
    back = np.minimum(newest, rng.integers(0, CANCEL_AFTER, len(for_cancel)))
    flow[for_cancel, k.HOW_MANY] = limits[newest - back]
    return flow


def with_handles(flow: IntArray) -> IntArray:
    """The flow with cancels by handle: run once in single steps, as a client would learn them."""
    book, messages = _book(), flow.copy()
    handles: dict[int, int] = {}
    for m, (kind, owner, is_buy, level, lots) in enumerate(flow.tolist()):
        wanted = handles.get(lots, 0) if kind == k.CANCEL else lots
        messages[m, k.HOW_MANY] = wanted
        handle, _, _ = book.send(kind, owner, is_buy, level, wanted)
        if kind == k.LIMIT:
            handles[m] = handle
    return messages


def traded(messages: IntArray) -> int:
    """Lots traded by a flow."""
    book = _book()
    _send_all(book, messages)
    return int(book.arrays[3][k.TRADED])


def _book() -> OrderBook:
    return OrderBook(low_tick=1, high_tick=1 + LEVELS, max_orders=200_000)


def _send_all(book: OrderBook, messages: IntArray) -> None:
    results = np.zeros((len(messages), 2), dtype=np.int64)
    fills = np.zeros((len(messages) + 200_000, 5), dtype=np.int64)
    work, done = k.messages_kernel(), 0
    while done < len(messages):
        count, _ = work(book.arrays, messages[done:], results[done:], fills)
        done += count


def _match(messages: IntArray) -> float:
    book = _book()
    return best_seconds(lambda: _send_all(book, messages), 1)


def _whole_exchange() -> list[Measure]:
    """Orders one by one through margin checks, matching, settlement and the log."""
    btc = _bitcoin()

    def work() -> None:
        exchange = Exchange([btc], BINANCE_LIKE, account_count=101)
        rng = np.random.default_rng(SEED)
        for account in range(1, 101):
            exchange.deposit(account, 1e7)
        middle = btc.ticks(94_640)
        exchange.update_index([middle])
        rows = zip(rng.integers(1, 101, 20_000).tolist(), rng.normal(0.0, 30.0, 20_000).tolist(), strict=True)
        for account, away in rows:
            exchange.order(account, 0, 10 if away < 0 else -10, middle + round(away * 0.8))

    seconds = best_seconds(work, 3)
    return [
        Measure(
            name="whole exchange, one order at a time",
            figure=20_000 / seconds / 1e3,
            unit="k orders/s",
            note="initial margin, matching, settlement and log, from Python",
        )
    ]


def _check() -> Measure:
    exchange = crowded()
    found = exchange.state.deficient()
    seconds = best_seconds(exchange.state.deficient, 15)
    return Measure(
        name="liquidation check",
        figure=seconds * 1e3,
        unit="ms",
        claim="< 2",
        holds=seconds < 2e-3,
        note=f"{ACCOUNTS:,} accounts x {INSTRUMENTS} positions, a fifth isolated, {len(found):,} found, one thread",
    )


def crowded() -> Exchange:
    """100,000 accounts with a position in every instrument, at marks a little away from their entries."""
    rng = np.random.default_rng(SEED)
    exchange = Exchange([_bitcoin() for _ in range(INSTRUMENTS)], BINANCE_LIKE, account_count=ACCOUNTS + 1)
    state = exchange.state
    entry = 946_400
    for i in range(INSTRUMENTS):
        state.move_mark(i, entry)
    held = state.accounts
    shape = (ACCOUNTS, INSTRUMENTS)
    held.lots[1:] = rng.choice([-1, 1], shape) * rng.lognormal(5.0, 1.5, shape).astype(np.int64)
    held.cost[1:] = held.lots[1:] * (entry + rng.integers(-20_000, 20_000, shape)) * 100
    held.isolated[1:] = rng.random(shape) < 0.2
    leverage = np.exp(rng.uniform(np.log(2.0), np.log(80.0), shape))
    needed = (np.abs(held.cost[1:]) / leverage).astype(np.int64)
    held.margin[1:] = np.where(held.isolated[1:] == 1, needed, 0)
    held.wallet[1:] = np.where(held.isolated[1:] == 1, 0, needed).sum(axis=1)
    return exchange


def _bitcoin() -> Instrument:
    return Instrument.of(
        symbol="BTC/USDT:USDT",
        tick="0.1",
        lot="0.001",
        low_price=80_000,
        high_price=110_000,
        tiers=tier_table("binance-usdm", "BTCUSDT"),
    )


class Message:
    """What agents send each other."""

    def __init__(self, sender: int, receiver: int, body: dict[str, Any]) -> None:
        self.sender = sender
        self.receiver = receiver
        self.body = body


class MessagePassing:
    """The peer: kernel, exchange agent and trading agents, messages and a book in Python.

    Args:
        flow: as of `order_flow`.
    """

    def __init__(self, flow: IntArray) -> None:
        self._queue: list[tuple[int, int, Message]] = []
        self._number = 0
        self._sides: dict[bool, dict[int, deque[list[int]]]] = {True: {}, False: {}}
        self._prices: dict[bool, list[int]] = {True: [], False: []}
        self._where: dict[int, tuple[bool, int]] = {}
        self._heard: dict[int, int] = {}
        self._traded = 0
        for m, (kind, owner, is_buy, level, lots) in enumerate(flow.tolist()):
            body = {"type": kind, "id": m, "buy": bool(is_buy), "price": level, "quantity": lots}
            self._send(m * 10, owner, 0, body)

    def run(self) -> int:
        """Deliver messages in order of time until there are none; lots traded."""
        while self._queue:
            now, _, message = heapq.heappop(self._queue)
            if message.receiver == 0:
                self._exchange_hears(now, message)
            else:
                self._heard[message.receiver] = self._heard.get(message.receiver, 0) + 1
        return self._traded

    def _send(self, at: int, sender: int, receiver: int, body: dict[str, Any]) -> None:
        self._number += 1
        heapq.heappush(self._queue, (at, self._number, Message(sender, receiver, body)))

    def _exchange_hears(self, now: int, message: Message) -> None:
        body = message.body
        if body["type"] == k.CANCEL:
            self._cancel(body["quantity"])
        else:
            left = self._trade(now, message)
            if body["type"] == k.LIMIT and left:
                self._rest(body, message.sender, left)
        self._send(now + 1, 0, message.sender, {"type": "accepted", "id": body["id"]})

    def _trade(self, now: int, message: Message) -> int:
        body = message.body
        buys, limit, left = body["buy"], body["price"], body["quantity"]
        prices = self._prices[not buys]
        while left and prices and (prices[0] <= limit if buys else -prices[0] >= limit):
            queue = self._sides[not buys][prices[0]]
            maker = queue[0]
            if maker[1] == message.sender:
                self._drop(queue, not buys, maker)
                continue
            part = min(left, maker[2])
            left -= part
            maker[2] -= part
            self._traded += part
            for who in (message.sender, maker[1]):
                self._send(now + 1, 0, who, {"type": "executed", "id": maker[0], "quantity": part})
            if not maker[2]:
                self._drop(queue, not buys, maker)
        return left

    def _rest(self, body: dict[str, Any], owner: int, left: int) -> None:
        key = -body["price"] if body["buy"] else body["price"]
        if key not in self._sides[body["buy"]]:
            self._sides[body["buy"]][key] = deque()
            insort(self._prices[body["buy"]], key)
        self._sides[body["buy"]][key].append([body["id"], owner, left])
        self._where[body["id"]] = (body["buy"], key)

    def _cancel(self, number: int) -> None:
        if number in self._where:
            buys, key = self._where[number]
            queue = self._sides[buys][key]
            self._drop(queue, buys, next(order for order in queue if order[0] == number))

    def _drop(self, queue: deque[list[int]], buys: bool, order: list[int]) -> None:  # noqa: FBT001 - a side
        key = self._where.pop(order[0])[1]
        queue.remove(order)
        if not queue:
            del self._sides[buys][key]
            self._prices[buys].remove(key)
