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

VenuesOption = Annotated[
    list[str] | None, typer.Option("--venue", help="Only this venue; may be given again.", show_default=False)
]
PictureOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it (.png or .svg).", show_default=False)]

# Of `ladder` and `simulate`: what is looked at, and what stands instead of a map or a book.
AsOfOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only what was known then; default newest.", show_default=False)
]
StartOption = Annotated[
    float | None, typer.Option("--price", help="Where to start; default the map's mark.", show_default=False)
]
MapBarsOption = Annotated[
    Path | None, typer.Option("--bars", metavar="FILE", help="Map from a CSV of bars.", show_default=False)
]
FuelOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Instead of a map: CSV of price, long_usd, short_usd.", show_default=False),
]
DepthOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="CSV of price, bid_usd, ask_usd, or a recorded book.", show_default=False),
]
DepthUsdOption = Annotated[
    float | None, typer.Option(help="Depth of one side within 1 % of the price.", show_default=False)
]
MarketShareOption = Annotated[float, typer.Option(help="Share of a liquidation that reaches the book.")]


def data_dir(data: Path | None, config: Path | None = None) -> Path:
    """The data directory an option or the settings name."""
    if data is not None:
        return data
    from powderkeg.app.config import data_dir_of, load_config

    return data_dir_of(load_config(config))
