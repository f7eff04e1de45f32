"""Exchanges for tests, and random order flow that hurts."""

from __future__ import annotations

import numpy as np

from powderkeg.cascade.exchange import FILL_OR_KILL, IMMEDIATE, LIMIT, Exchange, Instrument
from powderkeg.margin import TierTable

TIERS = TierTable.from_rows(
    [(0, 0.004, 100), (20_000, 0.005, 75), (100_000, 0.01, 50), (400_000, 0.025, 20)], unit="USDT", source="an example"
)
SINGLE = TierTable.from_rows([(0, 0.0125, 40)], unit="USDT", source="an example")


def bitcoin(tiers=TIERS, **changed):
    """One contract at about 100,000: tick 0.5, lot 0.001."""
    given = {"symbol": "BTC", "tick": "0.5", "lot": "0.001", "low_price": 20_000, "high_price": 300_000}
    return Instrument.of(**given | {"tiers": tiers} | changed)


def doge(tiers=TIERS):
    """One contract at about 0.15: tick 0.0001, lot 1."""
    return Instrument.of(symbol="DOGE", tick="0.0001", lot="1", low_price=0.01, high_price=1.0, tiers=tiers)


class RandomFlow:
    """Random requests to an exchange of two instruments: orders, cancels, money, modes, funding, and a wild index."""

    def __init__(self, rules, seed, *, account_count=24, fund=2_000.0):
        self.rng = np.random.default_rng(seed)
        self.exchange = Exchange([bitcoin(), doge()], rules, account_count=account_count, max_orders=512)
        self.index = np.array([100_000.0, 0.15])
        self.now_ns = 0
        self.exchange.deposit(0, fund)
        for account in range(1, account_count):
            self.exchange.deposit(account, float(np.round(self.rng.lognormal(8.5, 1.5), 6)))
            for i in (0, 1):
                leverage = int(self.rng.integers(5, 101))
                self.exchange.set_mode(account, i, leverage=leverage, isolated=bool(self.rng.integers(2)))
        self.index_moves()

    def step(self):
        """One request."""
        what = self.rng.random()
        self.now_ns += int(self.rng.integers(10**7, 10**9))
        self.exchange.advance(self.now_ns)
        account, i = int(self.rng.integers(1, len(self.exchange.state.accounts.wallet))), int(self.rng.integers(2))
        if what < 0.62:
            self.trades(account, i)
        elif what < 0.72:
            self.exchange.cancel_all(account, i)
        elif what < 0.90:
            self.index_moves()
        elif what < 0.94:
            self.exchange.settle_funding(i)
        elif what < 0.97:
            self.exchange.deposit(account, float(np.round(self.rng.lognormal(6.0, 2.0), 6)) + 1e-6)
        else:
            self.exchange.withdraw(account, float(np.round(self.rng.lognormal(6.0, 2.0), 6)) + 1e-6)

    def trades(self, account, i):
        """A limit, immediate, fill-or-kill or market order near the index, sized by the wallet."""
        one = self.exchange.instruments[i]
        price = self.index[i] * np.exp(self.rng.normal(0.0, 0.01))
        tick = int(np.clip(one.ticks(float(price)), one.low_tick, one.high_tick - 1))
        quote = self.rng.lognormal(10.0, 1.5)
        lots = max(1, int(quote / (self.index[i] * float(one.lot)))) * int(self.rng.choice([-1, 1]))
        kind = int(self.rng.choice([LIMIT, LIMIT, LIMIT, IMMEDIATE, FILL_OR_KILL]))
        self.exchange.order(account, i, lots, None if self.rng.random() < 0.15 else tick, kind)

    def index_moves(self):
        """Small moves, and jumps that bankrupt; pulled back to where it began."""
        home = np.array([100_000.0, 0.15])
        jump = self.rng.normal(0.0, 0.15, 2) * (self.rng.random(2) < 0.04)
        self.index *= np.exp(self.rng.normal(0.0, 0.004, 2) + jump + 0.02 * np.log(home / self.index))
        self.exchange.update_index(
            [
                int(np.clip(one.ticks(float(price)), one.low_tick, one.high_tick - 1))
                for one, price in zip(self.exchange.instruments, self.index, strict=True)
            ]
        )
