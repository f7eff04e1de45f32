"""The position calculator: its numbers agree with the arithmetic under it, and it says what it does not know."""

from __future__ import annotations

import itertools
import json
import math

import pytest

from powderkeg.app.position import position_report
from powderkeg.app.position_inputs import PositionQuery
from powderkeg.domain.errors import InputError
from powderkeg.margin import liquidation_price, tier_table
from powderkeg.margin.survival import touch_probability

SHORT = {"venue": "binance-usdm", "symbol": "BTCUSDT", "position_side": "short", "qty": 1.0, "entry_price": 94_000.0}


def ask(**change):
    return position_report(PositionQuery(**{**SHORT, "leverage": 25.0, **change}))


def test_price_puts_notional_inside_the_tier_used():
    """The short of the running example: tier 2 of the table of 2024-10-24, 97,323.38."""
    report = ask()
    assert round(report.liquidation_price, 2) == 97_323.38
    assert report.bankruptcy_price == pytest.approx(97_760)
    assert report.tier.floor <= report.qty * report.liquidation_price < report.tier.cap
    assert (report.tier.mmr, report.tier.maintenance_amount, report.tier.table_date) == (0.005, 50.0, "2024-10-24")
    assert "freqtrade" in report.tier.source
    assert report.distance_ratio == pytest.approx(report.liquidation_price / 94_000 - 1)
    assert report.distance_sigmas == pytest.approx(math.log(report.liquidation_price / 94_000) / 0.034)


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("qty", [0.1, 1.0, 30.0, 600.0])
def test_tier_used_holds_for_every_size(side, qty):
    """From the first tier to the ninth."""
    report = ask(position_side=side, qty=qty, leverage=3.0)
    notional = qty * report.liquidation_price
    assert report.tier.floor <= notional < report.tier.cap
    assert report.tier.notional == pytest.approx(notional)


def test_assumptions_are_listed_and_go_away_when_given():
    """Mark, sigma and funding are assumed until told."""
    words = " ".join(ask().assumptions)
    assert "mark price" in words
    assert "daily sigma 3.4%" in words
    assert "funding rate 0.0100%" in words
    told = ask(mark_price=94_100.0, daily_sigma=0.02, funding_rate=0.0003, funding_interval_hours=4.0)
    assert told.assumptions == ()
    assert told.funding.per_day == pytest.approx(-94_100 * 0.0003 * 6)
    assert any("2024-10-24" in gap for gap in told.unknown)


def test_survival_leverage_gives_the_probability_asked():
    """Opening with the leverage named survives with the probability asked."""
    asked = ask(survival_probability=0.9, horizon_days=3.0).survival
    again = ask(leverage=asked.leverage, survival_probability=0.9, horizon_days=3.0)
    assert again.survival.probability == pytest.approx(0.9)
    assert again.liquidation_price == pytest.approx(asked.liquidation_price)
    touched = touch_probability(price=94_000, barrier=again.liquidation_price, daily_sigma=0.034, days=3)
    assert again.survival.probability == pytest.approx(1 - touched)


def test_survival_is_capped_by_the_tier():
    """Where even the highest leverage survives, the tier's limit is named."""
    survival = ask(daily_sigma=0.0001, horizon_days=1.0).survival
    assert survival.leverage == 100
    assert survival.leverage_is_tier_limit


def test_maintenance_path_covers_the_prices_without_a_hole():
    """Steps join, and one of them holds the liquidation price; the other way round for coin-margined contracts."""
    for report in (
        ask(qty=30.0, leverage=20.0),
        ask(venue="binance-coinm", symbol="BTCUSD_PERP", qty=1e6, leverage=5.0, mmr=0.01),
    ):
        steps = sorted(report.maintenance_path, key=lambda step: step.from_mark_price)
        for below, above in itertools.pairwise(steps):
            assert below.to_mark_price == pytest.approx(above.from_mark_price)
        inside = [
            step
            for step in steps
            if step.from_mark_price <= report.liquidation_price < (step.to_mark_price or math.inf)
        ]
        assert [step.tier for step in inside] == [report.tier.number]


@pytest.mark.parametrize("side", ["long", "short"])
def test_staged_entry_ends_at_the_whole_position(side):
    """Quantities add up, averages move to the last price, each price follows from what is held."""
    to_price = 91_000.0 if side == "long" else 97_000.0
    report = ask(position_side=side, tranches=4, to_price=to_price, leverage=10.0)
    rows = report.staged_entry
    assert [row.number for row in rows] == [1, 2, 3, 4]
    assert rows[-1].qty == pytest.approx(1.0)
    assert rows[-1].price == to_price
    assert rows[-1].average_entry_price == pytest.approx((94_000 + to_price) / 2)
    table = tier_table("binance-usdm", "BTCUSDT")
    for row in rows:
        assert row.reached
        assert row.margin == pytest.approx(row.qty * row.average_entry_price / 10)
        assert row.liquidation_price == pytest.approx(
            liquidation_price(
                side=side, qty=row.qty, entry_price=row.average_entry_price, margin=row.margin, tiers=table
            )
        )


def test_staged_entry_past_liquidation_is_said():
    """Averaging down beyond the liquidation price never gets there."""
    rows = ask(position_side="long", tranches=3, to_price=80_000.0).staged_entry
    assert [row.reached for row in rows] == [True, False, False]
    with pytest.raises(InputError, match="tranches is -1"):
        ask(tranches=-1)


def test_unknown_table_is_said_and_treated_conservatively():
    """The assumed rate is above every rate the known tables ask at that leverage, and the price nearer."""
    report = ask(symbol="PEPEUSDT", leverage=20.0)
    assert report.tier.mmr == pytest.approx(2 / 60)
    assert any("tier table of PEPE/USDT:USDT at binance-usdm" in gap for gap in report.unknown)
    assert any("conservative" in note for note in report.assumptions)
    assert report.liquidation_price < ask(symbol="BTCUSDT", leverage=20.0).liquidation_price
    told = ask(symbol="PEPEUSDT", leverage=20.0, mmr=0.01)
    assert told.tier.mmr == 0.01
    assert not any("tier table of" in gap for gap in told.unknown)
    early = ask(venue="hyperliquid", symbol="BTC", as_of="2026-01-14")
    assert any("tier table of BTC/USDC:USDC on 2026-01-14 at hyperliquid" in gap for gap in early.unknown)
    assert any("margin rules of bitget" in gap for gap in ask(venue="bitget").unknown)


def test_rules_follow_the_venue_and_the_day():
    """Bybit on entry in 2025, on mark in 2026; OKX counts the fee; Hyperliquid pays funding hourly."""
    old = ask(venue="bybit", as_of="2025-06-01", mmr=0.005)
    assert old.maintenance_on == "entry"
    assert old.liquidation_price == pytest.approx(94_000 * (1 + 1 / 25 - 0.005))
    assert ask(venue="bybit").maintenance_on == "mark"
    with_fee = ask(venue="okx", symbol="BTC-USDT-SWAP", mmr=0.004, taker_fee=0.001)
    assert with_fee.liquidation_price == pytest.approx(97_760 / 1.005)
    assert ask(venue="hyperliquid", symbol="BTC").funding.interval_hours == 1
    assert ask(as_of="2022-06-01").tier.table_date == "2021-03-18"


def test_deribit_uses_its_formula():
    """Coin-margined: the rate is that of the size at the liquidation price."""
    report = ask(venue="deribit", symbol="BTC-PERPETUAL", position_side="long", qty=5e6, leverage=10.0)
    assert report.tier.mmr == pytest.approx(0.01 + 0.00005 * 5e6 / report.liquidation_price)
    assert report.tier.unit == "BTC"


def test_limits_have_a_reason_instead_of_a_number():
    """Covered: none. Already beyond: said."""
    covered = ask(position_side="long", leverage=None, margin=94_000.0)
    assert covered.liquidation_price is None
    assert covered.distance_ratio is None
    assert covered.survival.probability == 1.0
    assert "covers every price" in covered.liquidation_note
    late = ask(mark_price=98_000.0)
    assert "already beyond" in late.liquidation_note
    assert late.survival.probability == 0.0


OTHERS = {
    "wallet_balance": 9_000.0,
    "position": [
        {"symbol": "ETHUSDT", "side": "long", "qty": 10.0, "entry": 3_300.0, "mark": 3_200.0},
        {"symbol": "SOLUSDT", "side": "short", "qty": 100.0, "entry": 150.0, "mmr": 0.01, "maintenance_amount": 5.0},
    ],
}


def test_other_positions_share_the_wallet(tmp_path):
    """Their maintenance and PnL enter as the formula says; TOML and JSON read alike."""
    as_json = tmp_path / "others.json"
    as_json.write_text(json.dumps(OTHERS))
    as_toml = tmp_path / "others.toml"
    as_toml.write_text(
        "wallet_balance = 9000.0\n"
        '[[position]]\nsymbol = "ETHUSDT"\nside = "long"\nqty = 10.0\nentry = 3300.0\nmark = 3200.0\n'
        '[[position]]\nsymbol = "SOLUSDT"\nside = "short"\nqty = 100.0\nentry = 150.0\nmmr = 0.01\n'
        "maintenance_amount = 5.0\n"
    )
    report = ask(leverage=None, others=as_json)
    eth = tier_table("binance-usdm", "ETHUSDT").maintenance_margin(32_000)
    expected = liquidation_price(
        side="short",
        qty=1,
        entry_price=94_000,
        margin=9_000,
        tiers=tier_table("binance-usdm", "BTCUSDT"),
        other_maintenance_margin=eth + 145,
        other_unrealized_pnl=-1_000,
    )
    assert report.liquidation_price == pytest.approx(expected)
    assert report.margin_mode == "cross"
    assert report.survival.leverage is None
    assert ask(leverage=None, others=as_toml).liquidation_price == report.liquidation_price
    assert ask(leverage=None, others=as_json, margin=12_000.0).margin == 12_000


def test_the_other_leg_of_a_hedge_is_seen(tmp_path):
    """A long beside the short moves its price away and adds one on the other side where the hedge is larger."""
    path = tmp_path / "others.json"
    leg = {"symbol": "BTC/USDT:USDT", "side": "long", "qty": 1.5, "entry": 93_000.0}
    path.write_text(json.dumps({"wallet_balance": 9_000.0, "position": [leg]}))
    report = ask(leverage=None, others=path, tranches=2)
    assert report.liquidation_price > 1e6  # only where the tiers ask more than the net long gains
    assert report.hedge_liquidation_price < 94_000
    assert any("other leg" in gap for gap in report.unknown)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "others.json"),
        ('{"position": [{"symbol": "ETHUSDT", "side": "up", "qty": 1, "entry": 1}]}', "side|Invalid enum"),
        ('{"position": [{"symbol": "ETHUSDT", "side": "long", "entry": 1}]}', "qty"),
        ('{"wallet": 1}', "unknown field"),
        ('{"position": []}', "wallet is needed"),
        (
            '{"wallet_balance": 1, "position": [{"symbol": "BTC/USD:BTC", "side": "long", "qty": 1, "entry": 1}]}',
            "does not settle",
        ),
        (
            '{"wallet_balance": 1, "position": [{"symbol": "ETHUSDT", "side": "long", "qty": -1, "entry": 1}]}',
            "qty is -1",
        ),
    ],
)
def test_wrong_files_of_others_are_named(tmp_path, content, message):
    """File and field."""
    path = tmp_path / "others.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        ask(leverage=None, others=path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"qty": math.nan}, "qty is nan"),
        ({"qty": 0.0}, "qty is 0.0"),
        ({"qty": -1.0}, "qty is -1.0"),
        ({"entry_price": math.nan}, "entry_price is nan"),
        ({"entry_price": 0.0}, "entry_price is 0.0"),
        ({"leverage": math.nan}, "leverage is nan"),
        ({"leverage": 0.0}, "leverage is 0.0"),
        ({"leverage": -5.0}, "leverage is -5.0"),
        ({"leverage": 101.0}, "leverage is 101; the limit is 100 in tier 2"),
        ({"leverage": None, "margin": 900.0}, "the limit is 100"),
        ({"leverage": None}, "give --leverage or --margin"),
        ({"margin": -1.0}, "margin is -1.0"),
        ({"mark_price": 0.0}, "mark_price is 0.0"),
        ({"daily_sigma": math.inf}, "daily_sigma is inf"),
        ({"horizon_days": 0.0}, "horizon_days is 0.0"),
        ({"survival_probability": 1.0}, "survival_probability is 1"),
        ({"funding_rate": math.nan}, "rate is nan"),
        ({"funding_interval_hours": 0.0}, "interval_hours is 0.0"),
        ({"position_side": "up"}, "side must be"),
        ({"symbol": "BTC/USD:ETH"}, "quanto"),
        ({"venue": "nowhere"}, "unknown venue"),
        ({"as_of": "soon"}, "write a day"),
        ({"mmr": 2.0}, "mmr is 2.0"),
        ({"tranches": 2, "to_price": -1.0}, "to_price is -1.0"),
    ],
)
def test_mistakes_name_the_field_and_the_limit(change, message):
    """Nothing wrong is computed with."""
    with pytest.raises(InputError, match=message):
        ask(**change)
