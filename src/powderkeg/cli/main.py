"""`powderkeg`: reads the arguments, answers errors with a sentence and an exit code.

Exit codes: 0 ok, 1 failed, 2 bad use, 3 busy. A traceback is our bug, never an answer to bad input.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from powderkeg import __version__
from powderkeg.cli import (
    alerts,
    bench,
    collect,
    config,
    demo,
    doctor,
    export,
    import_,
    ladder,
    liquidations,
    map_,
    mcp,
    position,
    replay,
    serve,
    simulate,
    sweep,
    watch,
)
from powderkeg.domain.errors import PowderkegError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How much leverage is stacked at which price, what happens if price gets there, and what happened after.",
)
app.command("demo")(demo.demo)
app.command("watch")(watch.watch)
app.command("collect")(collect.collect)
app.command("serve")(serve.serve)
app.command("replay")(replay.replay)
app.command("import")(import_.import_)
app.command("export")(export.export)
app.command("liquidations")(liquidations.liquidations)
app.command("simulate")(simulate.simulate)
app.command("sweep")(sweep.sweep)
app.command("position")(position.position)
app.command("doctor")(doctor.doctor)
app.add_typer(map_.app, name="map")
app.command("ladder")(ladder.ladder)
app.add_typer(alerts.app, name="alerts")
app.command("mcp")(mcp.mcp)
app.add_typer(config.app, name="config")
app.command("bench")(bench.bench)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"powderkeg {__version__}")
        raise typer.Exit


@app.callback()
def program_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options of the program itself; each takes effect by its callback."""


def main() -> None:
    """The console script."""
    try:
        app()
    except PowderkegError as error:
        typer.echo(f"powderkeg: {error}", err=True)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):  # typer turns a broken pipe into exit 1
            raise
        # The reader (head, less) went away: not an error. Point stdout at nothing so that the exit stays quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        sys.exit(0)


if __name__ == "__main__":
    main()
