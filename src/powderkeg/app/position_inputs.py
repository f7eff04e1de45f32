"""What a position calculation starts from: the question, the rest of the account, and the tier table to use."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import parts_of
from powderkeg.domain.units import PositionSide
from powderkeg.margin import TierTable, load_tier_table, tier_table
from powderkeg.margin.rules import deribit

DAILY_SIGMA: Final = {"BTC": 0.034, "ETH": 0.043}
OTHER_DAILY_SIGMA: Final = 0.06
"""Standard deviation of daily log returns, 2020-12-23 to 2024-12-31 (CoinGlass futures closes): BTC 3.4 %, ETH 4.3 %;
ADA, BNB, DOGE, SOL, XRP 4.6 % to 8.0 %."""

UNKNOWN_RATE_SHARE: Final = 2.0 / 3.0
"""Maintenance assumed where no table is known, as a share of the initial margin rate at the leverage chosen: no bundled
tier asks more than 0.63 of the initial margin at its own highest leverage, which is at least the one chosen."""

HIGHEST_RATE: Final = 0.5
"""The highest maintenance rate of any bundled tier."""

ASSUMED_TAKER_FEE: Final = 0.0006
"""0.06 %, the fee of the published OKX and Gate examples; most accounts pay less."""


class OtherPosition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another cross position of the account, as the file of `--others` names it."""

    symbol: str
    position_side: PositionSide = msgspec.field(name="side")
    qty: float
    entry_price: float = msgspec.field(name="entry")
    mark_price: float | None = msgspec.field(name="mark", default=None)
    mmr: float | None = None
    maintenance_amount: float = 0.0


class Others(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The rest of a cross account."""

    wallet_balance: float | None = None
    position: tuple[OtherPosition, ...] = ()


class PositionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked about one position.

    Attributes:
        venue: slug or alias.
        symbol: any spelling.
        position_side: long or short.
        qty: base units (linear) or USD face (inverse).
        entry_price: quote per base.
        leverage: notional over margin; this or `margin`.
        margin: isolated margin, or with `others` the wallet balance; quote or coin.
        mark_price: today's mark, None for the entry price.
        others: file with the other cross positions.
        tiers: file with a tier table of one's own.
        mmr: maintenance rate to use instead of a table.
        taker_fee: close fee where the venue counts it.
        daily_sigma: standard deviation of daily log returns.
        funding_rate: per interval, a fraction.
        funding_interval_hours: hours between funding payments.
        survival_probability: asked over the horizon.
        horizon_days: days.
        tranches: number of equal parts of a staged entry, 0 for no plan.
        to_price: price of the last tranche.
        as_of: ISO day whose rules and table hold, None for the newest known.
    """

    venue: str
    symbol: str
    position_side: PositionSide
    qty: float
    entry_price: float
    leverage: float | None = None
    margin: float | None = None
    mark_price: float | None = None
    others: Path | None = None
    tiers: Path | None = None
    mmr: float | None = None
    taker_fee: float | None = None
    daily_sigma: float | None = None
    funding_rate: float | None = None
    funding_interval_hours: float | None = None
    survival_probability: float = 0.95
    horizon_days: float = 7.0
    tranches: int = 0
    to_price: float | None = None
    as_of: str | None = None


class ChosenTable(NamedTuple):
    """A table, and what has to be said about it."""

    table: TierTable
    assumed: str | None
    unknown: str | None


def read_others(path: Path) -> Others:
    """Read the rest of an account.

    Args:
        path: TOML (`wallet_balance`, `[[position]]` with symbol, side, qty, entry and where known mark, mmr,
            maintenance_amount) or JSON of the same shape.

    Raises:
        InputError: unreadable, or a field is missing, unknown or of the wrong kind.
    """
    try:
        text = path.read_text("utf-8")
        if path.suffix.lower() == ".toml":
            return msgspec.convert(tomllib.loads(text), Others)
        return msgspec.json.decode(text, type=Others)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: {error}; it holds wallet_balance and [[position]] entries") from None


def choose_table(query: PositionQuery, symbol: str, leverage: float) -> ChosenTable:
    """The tier table to compute with: one's own, the bundled one, the venue's formula, or a conservative rate.

    Args:
        query: the question.
        symbol: unified symbol of the contract.
        leverage: notional over margin, for the conservative rate.

    Raises:
        InputError: a file or a rate of one's own is wrong.
    """
    settle = parts_of(symbol).settle
    if query.tiers is not None:
        own = load_tier_table(query.tiers, symbol)
        return ChosenTable(own if query.as_of is None else own.at(query.as_of), None, None)
    if query.mmr is not None:
        flat = TierTable.from_rows(
            [{"floor": 0.0, "mmr": query.mmr}], unit=settle, date=None, source="the rate you gave"
        )
        return ChosenTable(flat, f"one maintenance rate, {query.mmr:.3%}, at every size", None)
    if query.venue == "deribit" and parts_of(symbol).base in deribit.RATES:
        inverse = parts_of(symbol).contract == "inverse"
        said = "Deribit's rates for linear perpetuals hold for coin-margined ones too" if inverse else None
        return ChosenTable(_deribit(query, symbol), said, None)
    try:
        table = tier_table(query.venue, symbol)
        table = table if query.as_of is None else table.at(query.as_of)
    except InputError:
        day = "" if query.as_of is None else f" on {query.as_of}"
        return _conservative(query.venue, f"{symbol}{day}", parts_of(symbol).settle, leverage)
    seen = "took effect" if table.in_force == "from" else "was seen"
    return ChosenTable(table, None, f"whether the tier table of {symbol} changed after it {seen} on {table.date}")


def _deribit(query: PositionQuery, symbol: str) -> TierTable:
    """The rate at the size the position has when it is liquidated, which for inverse contracts is not today's size."""
    parts = parts_of(symbol)
    if parts.contract != "inverse":
        return deribit.tiers_at(currency=parts.base, qty_base=query.qty, unit=parts.settle)
    margin = query.margin or query.qty / query.entry_price / (query.leverage or 1.0)
    price = deribit.inverse_liquidation_price(
        side=query.position_side,
        qty_usd=query.qty,
        entry_price=query.entry_price,
        margin=margin,
        currency=parts.base,
    )
    at = price if 0.0 < price < float("inf") else query.entry_price
    return deribit.tiers_at(currency=parts.base, qty_base=query.qty / at, unit=parts.settle)


def _conservative(venue: str, what: str, unit: str, leverage: float) -> ChosenTable:
    rate = min(HIGHEST_RATE, UNKNOWN_RATE_SHARE / leverage)
    table = TierTable.from_rows(
        [{"floor": 0.0, "mmr": rate}],
        unit=unit,
        date=None,
        source="assumed: two thirds of the initial margin rate, more than any known table asks",
    )
    return ChosenTable(
        table,
        f"maintenance rate {rate:.2%}: two thirds of the initial margin at {leverage:g}x, which is conservative",
        f"the tier table of {what} at {venue}; give yours with --tiers FILE or a rate with --mmr",
    )
