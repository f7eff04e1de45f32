"""`powderkeg map screen`: every coin at once, one line per coin and side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.map_options import CutOption
from powderkeg.cli.opened import opened
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.app.map_screen import Screened


def screen(
    bars: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of bars of many symbols, not the data directory.", show_default=False),
    ] = None,
    train_until: CutOption = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default all processors; changes no number.", show_default=False)
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score hundreds of coins cheaply, in hours: which of them the map knows something about, and which not."""
    from powderkeg.cli.map_screen_view import print_screen
    from powderkeg.cli.output import print_json

    found = _screened(bars, data_dir(data, config) if bars is None else None, train_until, threads)
    if as_json:
        print_json(found.plain())
    else:
        print_screen(found)


def _screened(bars: Path | None, folder: Path | None, train_until: str | None, threads: int | None) -> Screened:
    from powderkeg.app.map_screen import screen_bars, screen_library
    from powderkeg.cli.progress import work_progress

    if folder is None:
        with work_progress("coins") as progress:
            return screen_bars(bars or Path(), train_until, threads=threads, progress=progress)

    with opened(folder) as library, work_progress("coins") as progress:
        return screen_library(
            library.maps, train_until, is_simulated=library.is_simulated, threads=threads, progress=progress
        )
