"""A simulation as a person reads it: levels, extremes, liquidations, and what they rest on."""

from __future__ import annotations

from powderkeg.app.cascade_words import millions, price_text
from powderkeg.app.simulation import SimulationReport
from powderkeg.app.simulation_position import PositionOutcome
from powderkeg.cascade.simulation import Distribution, Estimate, Touch
from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, console, table
from powderkeg.domain.time import format_instant

SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)


def print_simulation(report: SimulationReport, position: PositionOutcome | None) -> None:
    """Print everything a report holds, in at most 80 columns."""
    out, run, inputs = console(), report.simulation, report.inputs
    if inputs.is_simulated:
        out.print("SIMULATED MARKET DATA", style="bold reverse")
    as_of = "" if inputs.as_of_ns is None else f", as of {format_instant(inputs.as_of_ns)}"
    out.print(
        f"{inputs.coin} at {price_text(inputs.price)} ({inputs.price_source}){as_of}: modelled, {run.paths:,} paths of "
        f"{run.steps * run.step_s / 3_600.0:g} h in steps of {run.step_s:g} s, {run.returns} returns, seed {run.seed}",
        markup=False,
    )
    if position is not None:
        _print_position(position)
    _print_touches(report)
    _print_extremes(report)
    _print_liquidated(report)
    out.print("± is one standard error of the simulation; it says nothing about the model.", style="dim")
    for name, said in report.assumptions.items():
        out.print(f"assumed, {name}: {said}", style="dim", markup=False)


def _print_position(one: PositionOutcome) -> None:
    out, held = console(), one.position
    level = "none" if held.liquidation_price is None else price_text(held.liquidation_price)
    out.print(
        f"{held.position_side} {held.qty:g} {held.symbol} at {held.venue}: liquidation price {level}", style="bold"
    )
    if one.note is not None:
        out.print(f"survival {one.survival.estimate:.0%}: {one.note}", markup=False)
        return
    closed = "" if one.survival_closed_form is None else f", {one.survival_closed_form:.2%} by the closed form"
    out.print(
        f"survival {_share(one.survival)} with forced flow, {_share(one.survival_alone)} without{closed}",
        style="bold",
        markup=False,
    )


def _print_touches(report: SimulationReport) -> None:
    out = console()
    if not report.outcome.touches:
        out.print("no level asked for, and the ladder has no rung in reach", style="dim")
        return
    headings = ("level", "P(touch)", "without", "forced adds", "median hours")
    view = table("", *headings, right=headings)
    order = sorted(enumerate(report.outcome.touches), key=lambda held: -held[1].level_price)
    for number, one in order:
        kind = "level" if number < report.asked else "rung"
        arrow = "▲" if one.direction == "up" else "▼"
        view.add_row(
            f"{arrow} {kind}",
            price_text(one.level_price),
            _share(one.probability),
            _share(one.probability_alone),
            _points(one.difference),
            _hours(one),
        )
    out.print(view)
    for held in report.odds:
        out.print(
            f"odds: {held.venue}, “{held.market}”, {held.outcome}: {held.probability_ratio:.1%} at "
            f"{format_instant(held.ts_event_ns)}",
            markup=False,
        )
    if report.odds_note:
        out.print(f"prediction-market odds: {report.odds_note}", style="dim", markup=False)


def _print_extremes(report: SimulationReport) -> None:
    headings = ("mean", *(f"{one:.0%}" for one in SHOWN))
    view = table("price", *headings, right=headings)
    outcome = report.outcome
    for name, one in (
        ("highest", outcome.highest_price),
        ("  without", outcome.highest_price_alone),
        ("lowest", outcome.lowest_price),
        ("  without", outcome.lowest_price_alone),
    ):
        view.add_row(name, *(price_text(held) for held in _numbers(one)))
    console().print(view)


def _print_liquidated(report: SimulationReport) -> None:
    headings = ("mean", *(f"{one:.0%}" for one in SHOWN))
    view = table("liquidated USD", *headings, right=headings)
    for name, color, one in (
        ("shorts", SHORT_COLOR, report.outcome.shorts_liquidated_usd),
        ("longs", LONG_COLOR, report.outcome.longs_liquidated_usd),
    ):
        view.add_row(f"[{color}]{name}[/]", *(millions(held) for held in _numbers(one)))
    console().print(view)


def _numbers(one: Distribution) -> list[float]:
    return [one.mean.estimate, *(one.at(probability) for probability in SHOWN)]


def _share(one: Estimate) -> str:
    return f"{one.estimate:.2%} ±{one.standard_error * 100.0:.2f}"


def _points(one: Estimate) -> str:
    return f"{one.estimate * 100.0:+.2f} ±{one.standard_error * 100.0:.2f}"


def _hours(one: Touch) -> str:
    return "–" if one.hours is None else f"{one.hours.at(0.5):.1f}"
