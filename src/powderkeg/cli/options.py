"""Options every command shares, and the little that turns them into objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data directory; default from the configuration.", show_default=False),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration file (TOML).", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def data_dir(data: Path | None, config: Path | None = None) -> Path:
    """The data directory an option or the settings name."""
    if data is not None:
        return data
    from powderkeg.app.config import data_dir_of, load_config

    return data_dir_of(load_config(config))
