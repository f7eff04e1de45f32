"""Margin: checking many accounts against new marks, and liquidation prices with tier resolution.

Both run on one thread, as numpy's `sum` does; the account check is compared with `sum` over the same arrays in the same
run, so the figure is a ratio and does not depend on how busy the machine is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.margin import Accounts, TierTable, build_accounts, check, liquidation_price, state, tier_table

ACCOUNTS: Final = 1_000_000
POSITIONS: Final = 4
INSTRUMENTS: Final = 64
SEED: Final = 20_260_114
REPEATS: Final = 15
STRAIN: Final = 0.15


class _Market(NamedTuple):
    accounts: Accounts
    marks: NDArray[np.float64]


def run() -> list[Measure]:
    """A million accounts of four positions, and a million liquidation prices, on one core."""
    market = _market()
    return [*_accounts(market), *_prices()]


def _accounts(market: _Market) -> list[Measure]:
    accounts, marks = market
    # Views as float64: numpy would widen the 32-bit indices while summing, which is more than reading them.
    arrays = (
        accounts.wallet_balance,
        accounts.exposure,
        accounts.entry_worth,
        accounts.instrument.view(np.float64),
    )
    hit = check(accounts, marks)
    read_s = best_seconds(lambda: [array.sum() for array in arrays], REPEATS)
    check_s = best_seconds(lambda: check(accounts, marks), REPEATS)
    state_s = best_seconds(lambda: state(accounts, marks), 5)
    # Emptier wallets bring nearly every account to where its tiers have to be looked up.
    strained = msgspec.structs.replace(accounts, wallet_balance=accounts.wallet_balance * STRAIN)
    strained_hit = check(strained, marks)
    strained_s = best_seconds(lambda: check(strained, marks), 5)
    read_bytes = sum(array.nbytes for array in arrays)
    ratio = check_s / read_s
    setting = f"{ACCOUNTS:,} accounts x {POSITIONS} positions, {INSTRUMENTS} instruments, one thread"
    return [
        Measure(
            name="account check / numpy sum of the same bytes",
            figure=ratio,
            unit="x",
            claim="<= 2",
            holds=ratio <= 2.0,
            note=f"{setting}; {hit.mean():.1%} liquidatable",
        ),
        Measure(name="account check", figure=check_s * 1e3, unit="ms", note="exact; a bound clears most accounts"),
        Measure(
            name="account check, accounts strained",
            figure=strained_s * 1e3,
            unit="ms",
            note=f"wallets at {STRAIN:.0%}: {strained_hit.mean():.0%} liquidatable, tiers looked up for most",
        ),
        Measure(name="numpy sum", figure=read_s * 1e3, unit="ms", note=f"{read_bytes / 1e6:.0f} MB"),
        Measure(name="full state", figure=state_s * 1e3, unit="ms", note="equity and maintenance of all, with tiers"),
    ]


def _prices() -> list[Measure]:
    rng = np.random.default_rng(SEED)
    qty = rng.lognormal(0.0, 2.5, ACCOUNTS)
    entry = rng.uniform(2e4, 1e5, ACCOUNTS)
    margin = qty * entry / rng.uniform(2, 50, ACCOUNTS)
    side = rng.choice([-1.0, 1.0], ACCOUNTS)
    tiers = tier_table("binance-usdm", "BTCUSDT")

    def prices() -> object:
        return liquidation_price(side=side, qty=qty, entry_price=entry, margin=margin, tiers=tiers)

    prices()
    rate = ACCOUNTS / best_seconds(prices, REPEATS)
    return [
        Measure(
            name="liquidation prices with tier resolution",
            figure=rate / 1e6,
            unit="M/s",
            claim=">= 20",
            holds=rate >= 20e6,
            note=f"{ACCOUNTS:,} positions, {len(tiers.tiers)} tiers, checked and computed on one thread",
        )
    ]


def _market() -> _Market:
    """Lognormal sizes, leverage from 1.5 to 40, marks 5 % around entries: a few in a hundred are liquidatable."""
    rng = np.random.default_rng(SEED)
    shape = (ACCOUNTS, POSITIONS)
    marks = rng.lognormal(3.0, 3.0, INSTRUMENTS)
    instrument = rng.integers(0, INSTRUMENTS, shape)
    notional = rng.lognormal(9.0, 2.0, shape)
    entry = marks[instrument] * np.exp(rng.normal(0.0, 0.05, shape))
    leverage = np.exp(rng.uniform(np.log(1.5), np.log(40.0), ACCOUNTS))
    accounts = build_accounts(
        wallet_balance=notional.sum(axis=1) / leverage,
        qty=rng.choice([-1.0, 1.0], shape) * notional / entry,
        entry_price=entry,
        instrument=instrument,
        tiers=[_scaled(float(scale)) for scale in rng.uniform(0.05, 1.0, INSTRUMENTS)],
    )
    return _Market(accounts, marks)


def _scaled(scale: float) -> TierTable:
    """Binance's BTCUSDT tiers with smaller floors and higher rates, as smaller coins have them."""
    rows = [
        {"floor": round(tier.floor * scale), "mmr": min(0.5, round(tier.mmr * (2.0 - scale), 6))}
        for tier in tier_table("binance-usdm", "BTCUSDT").tiers
    ]
    return TierTable.from_rows(rows, unit="USDT", date=None, source="scaled for the bench")
