"""`powderkeg bench`: every speed claim of docs/benchmarks.md, run again on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from powderkeg.cli.options import JsonOption


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Benches to run; all by default.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure speed against the named peers and print what was claimed beside what was measured."""
    from powderkeg.bench.run import run
    from powderkeg.cli.output import console, print_json, table

    results = run(names or [], announce=lambda name: console(stderr=True).print(f"measuring {name} ...", style="dim"))
    if as_json:
        print_json(results)
        return
    for name, measures in results.items():
        view = table("what", "measured", "claim", "", "note", right=("measured",))
        for measure in measures:
            verdict = {True: "holds", False: "MISSED", None: ""}[measure.holds]
            view.add_row(measure.name, f"{_short(measure.figure)} {measure.unit}", measure.claim, verdict, measure.note)
        view.title = name
        view.title_justify = "left"
        console().print(view)


def _short(figure: float) -> str:
    """Three or four digits and a word for the thousands: `1.46 M`, `447.8 k`, `0.394`."""
    for limit, word in ((1e6, " M"), (1e4, " k")):
        if figure >= limit:
            return f"{figure / (1e6 if word == ' M' else 1e3):.4g}{word}"
    return f"{figure:.4g}"
