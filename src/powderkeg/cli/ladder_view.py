"""A ladder as a person reads it: what happens, the rungs in sentences, the way in a table, what it rests on."""

from __future__ import annotations

from typing import Final

from powderkeg.app.cascade_ladder import LadderReport
from powderkeg.app.cascade_words import (
    BOOK_SIDE,
    highest_sentence,
    millions,
    outcome_sentence,
    price_text,
    ratio_text,
    rung_sentence,
    told_rungs,
)
from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, console, table
from powderkeg.domain.time import format_instant

TOLD: Final = 6
"""Rungs told at most; the rest is counted."""


def print_ladder(report: LadderReport) -> None:
    """Print everything a report holds, in at most 80 columns."""
    out = console()
    side = report.question.position_side
    if report.inputs.is_simulated:
        out.print("SIMULATED", style="bold reverse")
    as_of = "" if report.inputs.as_of_ns is None else f", as of {format_instant(report.inputs.as_of_ns)}"
    out.print(
        f"{report.inputs.coin} at {price_text(report.inputs.price)} ({report.inputs.price_source}){as_of}, modelled",
        markup=False,
    )
    out.print(_sentence(outcome_sentence(report)), style="bold", markup=False)
    told = told_rungs(report)
    for rung in told[:TOLD]:
        mark = "→" if rung.is_reached else " "
        out.print(f"{mark} {_sentence(rung_sentence(rung, side))}", markup=False)
    if not told:
        out.print(_sentence(highest_sentence(report)), markup=False)
    if len(told) > TOLD:
        out.print(f"and {len(told) - TOLD} rungs farther away", markup=False)
    smaller = len(report.ladder.rungs) - len(told)
    if smaller:
        out.print(f"and {smaller} shorter than 0.05 %, holes between levels of the book", style="dim")
    _print_steps(report)
    _print_beside(report)
    _print_sources(report)


def _print_steps(report: LadderReport) -> None:
    side = report.question.position_side
    fuel, book = f"{side}s", BOOK_SIDE[side]
    headings = ("from", "to", fuel, book, "R", f"{fuel} so far", f"{book} so far")
    view = table(*headings, right=headings)
    color = LONG_COLOR if side == "long" else SHORT_COLOR
    for step in report.steps:
        view.add_row(
            price_text(step.price_from),
            price_text(step.price_to),
            f"[{color}]{millions(step.fuel_usd)}[/]",
            millions(step.depth_usd),
            ratio_text(step.reproduction),
            millions(step.fuel_total_usd),
            millions(step.depth_total_usd),
        )
    console().print(view)


def _print_beside(report: LadderReport) -> None:
    """Reported figures beside the simulated one: nothing was fitted to them."""
    if not report.beside:
        return
    out = console()
    out.print("Reported of this move, beside what this map holds up to the same price:", style="bold")
    for one in report.beside:
        simulated = "" if one.simulated_usd is None else f"; simulated here {millions(one.simulated_usd)}"
        out.print(f"  {one.scope}: {millions(one.reported_usd)} {one.what}{simulated} ({one.source})", markup=False)


def _print_sources(report: LadderReport) -> None:
    out = console()
    for name, held, sources, at_ns in (
        ("fuel", report.fuel.method, ", ".join(report.fuel.sources), report.fuel.as_of_ns),
        ("depth", report.depth.method, report.depth.source, report.depth.as_of_ns),
    ):
        when = "" if at_ns is None else f", as of {format_instant(at_ns)}"
        out.print(f"{name}: {held}, {sources}{when}", style="dim", markup=False)
    for name, said in report.assumptions.items():
        out.print(f"assumed, {name}: {said}", style="dim", markup=False)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
