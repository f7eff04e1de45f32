"""`powderkeg sweep`: many scenarios, on this machine or on a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir


def sweep(
    scenarios: Annotated[Path, typer.Argument(help="What to do over which settings (TOML).")],
    engine: Annotated[str, typer.Option(help="local, or ray.")] = "local",
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster that runs; default one started here.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Default all processors; changes no number.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Results; default beside the file.", show_default=False)
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a grid or a sample of scenarios as independent tasks; stop it at any time and run it again to go on."""
    from powderkeg.app.sweep import read_sweep
    from powderkeg.cli.output import console, print_json
    from powderkeg.cli.progress import work_progress
    from powderkeg.domain.errors import InputError
    from powderkeg.scale.sweep import run_sweep
    from powderkeg.scale.tasks import Engine

    def chosen() -> Engine:
        if engine == "ray":
            from powderkeg.scale.on_ray import ray_engine

            return ray_engine(address, workers)
        if engine != "local":
            raise InputError(f"engine is {engine!r}; there are local and ray")
        if address is not None:
            raise InputError("--address names a Ray cluster; use it with --engine ray")
        from powderkeg.scale.local import local_engine

        return local_engine(workers)

    runs = chosen()
    asked = read_sweep(scenarios, data_dir(data, config))
    folder = scenarios.parent / f"{asked.name}-results" if out is None else out
    try:
        with work_progress("tasks") as progress:
            result = run_sweep(
                asked.tasks, "powderkeg.app.sweep_work:work", runs, folder, asked.name, progress=progress
            )
    except KeyboardInterrupt:
        typer.echo("powderkeg: stopped; what is done is kept, run the same command to go on", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print_json(result)
        return
    before = f", {result.done_before:,} of them before" if result.done_before else ""
    console().print(f"{result.tasks:,} tasks done{before}: {result.out}", markup=False)
    console().print(f"sha256 {result.sha256}", style="dim")
