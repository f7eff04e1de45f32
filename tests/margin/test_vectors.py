"""Every published worked example, through public functions, to the tolerance it states."""

from __future__ import annotations

import json
import math

import pytest

from powderkeg.margin import (
    TierTable,
    bankruptcy_price,
    initial_margin,
    liquidation_price,
    maintenance_amount,
    maintenance_margin,
)
from powderkeg.margin.adl import Queued, binance_score, deleverage, lights
from powderkeg.margin.rules import bybit, deribit, hyperliquid, rules_of
from powderkeg.margin.rules.dydx import Perpetual, Subaccount, bankruptcy_quote, fillable_price, insurance_fund_delta
from powderkeg.stats.accumulation import AccumulationDistribution

ROWS = 77
SLUGS = {"bybit-linear": "bybit", "bybit-inverse": "bybit", "dydx-v4": "dydx", "okx/gate": "okx"}


def isolated(row):
    """Linear isolated positions; margin from leverage where it is not given; the venue says whether the fee counts."""
    x = row["inputs"]
    rules = rules_of(SLUGS.get(row["venue"], row["venue"]))
    margin = x.get("isolated_margin", x.get("wallet"))
    if margin is None:
        margin = initial_margin(qty=x["qty"], entry_price=x["entry"], leverage=x["leverage"])
    mmr = x["mmr"] if "mmr" in x else hyperliquid.maintenance_rate(x["max_leverage"])
    return liquidation_price(
        side=x["side"],
        qty=x["qty"],
        entry_price=x["entry"],
        margin=margin,
        mmr=mmr,
        maintenance_amount=x.get("cum", 0.0),
        taker_fee=x["taker_fee"] if rules.close_fee else 0.0,
        maintenance_on=rules.maintenance_on,
    )


def isolated_on_entry(row):
    x = row["inputs"]
    inverse = row["venue"] == "bybit-inverse"
    qty, contract = (x["qty_usd"], "inverse") if inverse else (x.get("qty", 1), "linear")
    margin = initial_margin(qty=qty, entry_price=x["entry"], leverage=x["leverage"], contract=contract)
    return liquidation_price(
        side=x["side"],
        qty=qty,
        entry_price=x["entry"],
        margin=margin + x.get("extra", 0),
        mmr=x["mmr"],
        contract=contract,
        maintenance_on=rules_of("bybit", "2025-12-31").maintenance_on,
    )


def cross(row):
    x, target = row["inputs"], row["inputs"]["target"]
    sign = {"long": 1, "short": -1}
    return liquidation_price(
        side=target["side"],
        qty=target["qty"],
        entry_price=target["entry"],
        margin=x["cross_wallet"],
        mmr=target["mmr"],
        maintenance_amount=target["cum"],
        other_maintenance_margin=sum(
            maintenance_margin(qty=o["qty"], price=o["mark"], mmr=o["mmr"], maintenance_amount=o["cum"])
            for o in x["others"]
        ),
        other_unrealized_pnl=sum(sign[o["side"]] * o["qty"] * (o["mark"] - o["entry"]) for o in x["others"]),
    )


def tier_amounts(row):
    x = row["inputs"]
    rows = [
        {"floor": floor, "mmr": mmr, "max_leverage": leverage}
        for floor, mmr, leverage in zip(x["floors"], x["rates"], x["max_lev"], strict=True)
    ]
    rows[-1]["cap"] = x["cap"]
    table = TierTable.from_rows(rows, unit="USDT", date="2024-10-24", source=row["source"])
    assert table.position_limit == x["cap"]
    return [tier.maintenance_amount for tier in table.tiers]


def recursion(row):
    x = row["inputs"]
    return maintenance_amount(
        floor=x["floor"], mmr=x["rate_n"], previous_mmr=x["rate_prev"], previous_amount=x["cum_prev"]
    )


def bankruptcy(row):
    x = row["inputs"]
    contract = "inverse" if row["venue"] == "bybit-inverse" else "linear"
    margin = initial_margin(qty=1_000, entry_price=x["entry"], leverage=x["leverage"], contract=contract)
    return bankruptcy_price(side=x["side"], qty=1_000, entry_price=x["entry"], margin=margin, contract=contract)


def bankruptcy_with_wallet(row):
    x = row["inputs"]
    return bankruptcy_price(side=x["side"], qty=x["qty"], entry_price=x["entry"], margin=x["margin"] + x["wallet"])


def bankruptcy_cross(row):
    x = row["inputs"]
    return bankruptcy_price(
        side=x["side"],
        qty=x["qty_usd"],
        entry_price=x["entry"],
        margin=x["balance_btc"],
        contract="inverse",
        taker_fee=x["taker_fee"],
    )


def liquidation_cross_2020(row):
    x = row["inputs"]
    return bybit.inverse_cross_liquidation_price(
        side=x["side"],
        qty_usd=x["qty_usd"],
        entry_price=x["entry"],
        balance=x["balance_btc"],
        mmr=x["mmr"],
        fee=x["taker_fee"],
    )


def adl_score(row):
    x = row["inputs"]
    return binance_score(unrealized_pnl=x["upnl"], wallet_balance=x["wallet"], margin_ratio=x["margin_ratio"])


def adl_queue(row):
    x = row["inputs"]
    queue = [Queued(str(account), qty, score) for account, qty, score in x["longs"]]
    assert lights(queue) == {"2": 5, "5": 4, "4": 3, "1": 2, "6": 2, "3": 1}  # the quintiles of the row's note
    return {
        one.account: f"closed {one.closed_qty:g}"
        + (f" of {one.closed_qty + one.remaining_qty:g}" if one.remaining_qty else "")
        for one in deleverage(queue, x["liquidated_short"])
    }


def deribit_margin(row):
    x = row["inputs"]
    function = {"IM": deribit.initial_margin, "MM": deribit.maintenance_margin}[row["kind"]]
    return function(currency=x["asset"], qty_base=x["size"], index_price=x["index"])


def dydx_bankruptcy(row):
    x = row["inputs"]
    positions = {m: Perpetual(qty, x["oracle"][m], x["mmf"]) for m, qty in x["positions"].items()}
    return float(bankruptcy_quote(Subaccount(x["usdc"], positions), *x["close"]))


def dydx_fillable(row):
    x = row["inputs"]
    account = Subaccount(x["usdc"], {"BTC": Perpetual(x["btc"], x["oracle"], x["mmf"])})
    return fillable_price(
        account,
        "BTC",
        bankruptcy_adjustment=x["bankruptcy_adjustment"],
        spread_to_maintenance=x["spread_to_mmr"],
    )


def dydx_insurance(row):
    """The rows leave out the account; the protocol's test closes all of 0.1 BTC at an oracle price of 50,000."""
    x = row["inputs"]
    delta = x["qty"] if x["is_buy"] else -x["qty"]
    account = Subaccount(x["usdc_balance"], {"BTC": Perpetual(-delta, 50_000, 0.1)})
    paid = insurance_fund_delta(account, "BTC", delta_base=delta, fill_price=x["fill_price"], max_fee=x["max_liq_fee"])
    return float(paid)


def accumulation(row):
    x, line, out = row["inputs"], AccumulationDistribution(), []
    for high, low, close, volume in zip(x["high"], x["low"], x["close"], x["volume"], strict=True):
        line.update(high=high, low=low, close=close, volume=volume)
        out.append(line.value)
    return out


KINDS = {
    "isolated_liq_price": isolated,
    "isolated_liq_price_entry_mm": isolated_on_entry,
    "cross_liq_price": cross,
    "tier_table": tier_amounts,
    "maintenance_amount_recursion": recursion,
    "bankruptcy_price": bankruptcy,
    "bankruptcy_price_with_wallet": bankruptcy_with_wallet,
    "bankruptcy_price_cross": bankruptcy_cross,
    "liq_price_cross": liquidation_cross_2020,
    "adl_leverage_pnl": adl_score,
    "adl_queue": adl_queue,
    "IM": deribit_margin,
    "MM": deribit_margin,
    "bankruptcy_quote": dydx_bankruptcy,
    "fillable_price": dydx_fillable,
    "insurance_fund_delta": dydx_insurance,
    "accumulation_distribution": accumulation,
}


@pytest.fixture
def rows(shared_data):
    return json.loads((shared_data / "margin_vectors.json").read_text("utf-8"))


def holds(got, expected, tolerance):
    if isinstance(expected, list):
        return len(got) == len(expected) and all(holds(*pair, tolerance) for pair in zip(got, expected, strict=True))
    if isinstance(expected, dict):
        return got == expected
    if tolerance == "round2":
        return round(got, 2) == expected
    return math.isclose(got, expected, rel_tol=tolerance, abs_tol=0.0)


def test_no_row_is_left_out(rows):
    """The list grows only with a function for each kind."""
    assert len(rows) >= ROWS
    assert {row["kind"] for row in rows} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_published_examples_hold(rows, kind):
    """Each row of a kind comes out to its own tolerance."""
    mine = [row for row in rows if row["kind"] == kind]
    assert mine
    wrong = {}
    for row in mine:
        got = KINDS[kind](row)
        if not holds(got, row["expected"], row["rel_tol"]):
            wrong[row["id"]] = (got, row["expected"])
    assert not wrong
