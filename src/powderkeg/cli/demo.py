"""`powderkeg demo`: a simulated squeeze through the whole path, offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import JsonOption
from powderkeg.cli.serve_options import PortOption


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
    serve: Annotated[
        bool | None,
        typer.Option(
            "--serve/--no-serve",
            help="Open the dashboard on a live simulation until ctrl-c; the default in a terminal.",
            show_default=False,
        ),
    ] = None,
    port: PortOption = None,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Show the dashboard in a browser.")] = True,
    exit_after: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Stop serving after 30s, 5m ...", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate a squeeze on four venues: live on the dashboard, or, without a terminal, replayed and printed."""
    if serve or (serve is None and sys.stdout.isatty() and not (live or as_json or picture)):
        from powderkeg.cli.served_demo import show_served_demo

        show_served_demo(seed=seed, data_dir=data, port=port, open_=open_, exit_after=exit_after, as_json=as_json)
        return
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
