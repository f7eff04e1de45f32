"""`powderkeg demo`: a simulated squeeze through the whole path, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import JsonOption


def demo(
    seed: Annotated[int, typer.Option(help="Another seed is another squeeze; the same seed the same bytes.")] = 7,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Keep the simulated recording here.", show_default=False),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="SVG", help="Also save what is shown as a picture.", show_default=False)
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Over real sockets: simulated venues, the real collector, in real time.")
    ] = False,
    seconds: Annotated[int, typer.Option(help="With --live: how long it takes.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Simulate a squeeze on four venues, record it in their wire formats, replay it, and print what can be known."""
    if live:
        from powderkeg.cli.live_demo import show_live_demo

        show_live_demo(seed=seed, seconds=seconds, data_dir=data, as_json=as_json)
        return
    from powderkeg.app.demo import run_demo
    from powderkeg.cli.demo_view import print_demo
    from powderkeg.cli.output import print_json

    result = run_demo(seed=seed, data_dir=data)
    if as_json:
        print_json({"simulated": True, "seed": seed, "truth_usd": result.truth_usd, **result.totals.to_dict()})
    else:
        print_demo(result, picture=picture)
