"""What each rule tells, in which words, and what it leaves alone."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from alert_kit import at, fuel, funding, gap, liquidation, open_interest, rung

from powderkeg.alerts import rules
from powderkeg.alerts.engine import Engine
from powderkeg.alerts.observations import Tick
from powderkeg.alerts.rules import RULE_NAMES

HEADINGS = ("What it detects:", "Why it matters:", "Inputs and units:", "Known false alarms:", "Reference:")
CLASSES = (
    rules.CascadeStarted,
    rules.ReproductionAboveOne,
    rules.FuelNearPrice,
    rules.LargeLiquidation,
    rules.FundingExtreme,
    rules.OpenInterestSurge,
    rules.FeedGapRule,
)


def told(rule, observations):
    """Alerts of one rule."""
    engine = Engine([rule])
    engine.observe(observations)
    return list(engine.take(at(10**6)).alerts)


@pytest.mark.parametrize("name", RULE_NAMES)
def test_a_rule_is_a_file_that_says_what_it_is(name):
    """One rule per file, named like it, with every heading."""
    module = importlib.import_module(f"powderkeg.alerts.rules.{name}")
    assert [heading for heading in HEADINGS if heading not in (module.__doc__ or "")] == []
    tree = ast.parse(Path(inspect.getfile(module)).read_text("utf-8"))
    named = [
        node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "name"
    ]
    assert [node.value.value for node in named] == [name]


def test_every_rule_is_listed():
    assert tuple(one.name for one in CLASSES) == RULE_NAMES


def burst(start_s, total_usd, *, count=20, **more):
    return [liquidation(start_s + n, total_usd / count, **more) for n in range(count)]


def test_a_cascade_is_told_once_with_its_venues_and_floor():
    """Twelve million in twenty seconds: one alert, though every order after the threshold would do."""
    alerts = told(rules.CascadeStarted(), burst(0, 12e6, venue="binance-usdm", coverage="latest_per_second"))
    assert len(alerts) == 1
    assert "BTC: a cascade started" in alerts[0].headline
    assert "of shorts" in alerts[0].headline
    assert "a floor: binance-usdm" in alerts[0].sureness
    assert alerts[0].path == "/map?coin=BTC"


def test_a_second_cascade_is_told_after_the_first_has_ended():
    """Ticks end an episode in which nothing more comes, else the next one would be taken for the same."""
    first, second = burst(0, 12e6), burst(7_200, 12e6)
    assert len(told(rules.CascadeStarted(), [*first, *second])) == 2
    assert len(told(rules.CascadeStarted(), [*first, *burst(400, 12e6)])) == 1  # inside the cooldown


def test_a_cascade_exceeds_the_usual_not_only_the_least():
    """With two million every five minutes for a day, twelve are less than eight times the usual, twenty more."""
    usual = [liquidation(300 * n, 2e6) for n in range(288)]
    end = 300 * 288
    assert told(rules.CascadeStarted(), [*usual, *burst(end, 12e6)]) == []
    alerts = told(rules.CascadeStarted(), [*usual, *burst(end, 20e6)])
    assert len(alerts) == 1
    assert "the usual five minutes of the last day had 2.00 M USD" in alerts[0].detail


def test_sides_and_coins_are_apart_and_unknown_notional_is_left_out():
    mixed = [*burst(0, 3e6, side="long"), *burst(0, 3e6), *burst(0, 3e6, coin="ETH")]
    mixed += [liquidation(30, None)]
    assert told(rules.CascadeStarted(), sorted(mixed, key=lambda one: one.ts_event_ns)) == []


def test_a_large_liquidation_names_the_kind_of_its_price():
    alerts = told(rules.LargeLiquidation(), [liquidation(0, 9e5), liquidation(1, 2.5e6), liquidation(2, 3e6)])
    assert [alert.strength for alert in alerts] == [2.5e6]
    assert "bankruptcy price, not that of a fill" in alerts[0].sureness
    later = told(rules.LargeLiquidation(), [liquidation(1, 2.5e6), liquidation(2, 3e6), liquidation(90, 2e6)])
    assert later[1].detail.endswith("1 more since the last alert")


@pytest.mark.parametrize(("rate", "hours", "payers"), [(0.0006, 8.0, "longs"), (-0.0001, 1.0, "shorts")])
def test_funding_is_told_by_the_year_and_the_side(rate, hours, payers):
    """0.06 % per 8 h is 66 % a year; -0.01 % per hour is 88 %, paid by shorts."""
    alerts = told(rules.FundingExtreme(), [funding(0, rate, hours=hours), funding(60, rate, hours=hours)])
    assert [alert.subject for alert in alerts] == [f"BTC bybit {payers} pay"]


def test_a_rate_without_interval_is_no_year():
    assert told(rules.FundingExtreme(), [funding(0, 0.05, hours=None), funding(1, 0.0001)]) == []


def test_open_interest_is_counted_in_coins_and_compared_with_the_last_hour():
    """A tenth within half an hour alerts; the same over a day does not; nor does a market that is small."""
    rising = [open_interest(300 * n, 1_000.0 * (1 + 0.02 * n), usd=1e9) for n in range(7)]
    assert len(told(rules.OpenInterestSurge(), rising)) == 1
    slow = [open_interest(14_400 * n, 1_000.0 * (1 + 0.02 * n), usd=1e9) for n in range(7)]
    assert told(rules.OpenInterestSurge(), slow) == []
    small = [open_interest(300 * n, 1_000.0 * (1 + 0.02 * n), usd=1e6) for n in range(7)]
    assert told(rules.OpenInterestSurge(), small) == []
    assert told(rules.OpenInterestSurge(), [open_interest(0, None), open_interest(9, 0.0)]) == []


def test_contracts_and_coins_are_never_compared():
    """A venue that changes what it counts has not surged."""
    turned = [open_interest(0, None, contracts=1_000.0), open_interest(60, 5_000.0), open_interest(120, 5_001.0)]
    assert told(rules.OpenInterestSurge(), turned) == []


def test_fuel_says_floor_method_and_score():
    rule = rules.FuelNearPrice()
    on = rule.params.on_multiple
    (alert,) = told(rule, [fuel(0, 4e6 * on, 4e6), fuel(600, 4e6 * on, 4e6)])
    assert "at least" in alert.headline
    assert "Dollars are a floor" in alert.sureness
    assert "score is unknown" in alert.sureness
    (scored,) = told(rules.FuelNearPrice(), [fuel(0, 4e6 * on, 4e6, gain=0.12, is_floor=False)])
    assert "gain over the move alone +0.12" in scored.sureness
    assert "at least" not in scored.headline
    assert told(rules.FuelNearPrice(), [fuel(0, 1e6, 0.0)]) == []
    assert told(rules.FuelNearPrice(), [fuel(0, 4e6 * on, 4e6, placed_ratio=0.01)]) == []  # a map of minutes
    assert len(told(rules.FuelNearPrice(), [fuel(0, 4e6 * on, 4e6, placed_ratio=None)])) == 1  # a measured one


def test_reproduction_is_told_where_the_rung_is_near():
    (alert,) = told(rules.ReproductionAboveOne(), [rung(0, 1.5, 95_500.0)])
    assert "R = 1.5 through 95,500.0" in alert.headline
    assert "R is" not in alert.sureness or "floor" in alert.sureness
    assert "so is R" in alert.sureness
    (endless,) = told(rules.ReproductionAboveOne(), [rung(0, float("inf"), 95_500.0)])
    assert "R = no end" in endless.headline
    assert told(rules.ReproductionAboveOne(), [rung(0, 1.5, 99_000.0), rung(1, 0.0, None)]) == []


def test_a_gap_is_told_once_however_long_it_grows():
    growing = [gap(0, seconds) for seconds in range(20, 4_000, 20)]
    (alert,) = told(rules.FeedGapRule(), growing)
    assert "okx: liquidation not observed for 60 s" in alert.headline
    assert "unknown, not zero" in alert.sureness


@pytest.mark.parametrize("kind", CLASSES, ids=lambda one: one.name)
def test_a_rule_leaves_other_observations_alone(kind):
    """Every kind of observation may reach every rule."""
    everything = [liquidation(0, 10.0), funding(1, 0.0), open_interest(2, 1.0), gap(0, 3), fuel(4, 1.0, 9.0)]
    everything += [rung(5, 0.1, None), Tick(at(6))]
    assert told(kind(), everything) == []
