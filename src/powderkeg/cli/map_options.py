"""Options the map's commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BarsOption = Annotated[
    Path,
    typer.Option("--bars", metavar="FILE", help="CSV of bars with prices, volume, open interest and liquidations."),
]
CutOption = Annotated[
    str | None,
    typer.Option("--train-until", metavar="TIME", help="Only bars that ended by then train.", show_default=False),
]
