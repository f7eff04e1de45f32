"""`powderkeg liquidations`: totals of a window, or bars, with coverage, floor and gaps beside every number."""

from __future__ import annotations

from typing import Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir


def liquidations(
    coin: Annotated[
        list[str] | None,
        typer.Option("--coin", help="Coin, or any spelling of a symbol; repeatable.", show_default=False),
    ] = None,
    venue: Annotated[list[str] | None, typer.Option("--venue", help="Venue; repeatable.", show_default=False)] = None,
    window: Annotated[str, typer.Option(help="Length of the window: 1h, 4h, 12h, 24h or any other.")] = "24h",
    as_of: Annotated[
        str | None,
        typer.Option(help="End of the window (excluded): RFC 3339 or epoch ms; default now.", show_default=False),
    ] = None,
    by: Annotated[
        str, typer.Option(help="Rows by: coin, venue, symbol, position_side, in any combination with commas.")
    ] = "coin,venue",
    bars: Annotated[
        str | None, typer.Option(help="History instead of totals: bars of 1s to 1d.", show_default=False)
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Rows to print, largest first; 0 for all. JSON always has all.")] = 25,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Liquidation totals: long, short, count, largest order; what the feeds hide is estimated beside the floor."""
    from powderkeg.app.library import open_library
    from powderkeg.cli.liquidation_view import print_history, print_totals
    from powderkeg.cli.output import print_json

    library = open_library(data_dir(data, config), must_exist=True)
    filters = {"coin": coin or None, "venue": venue or None, "window": window, "as_of": as_of}
    if bars is not None:
        history = library.liquidation_history(interval=bars, **filters)
        print_json(history.to_dict()) if as_json else print_history(history, library)
        return
    table = library.liquidations(by=tuple(part.strip() for part in by.split(",") if part.strip()), **filters)
    if as_json:
        print_json(table.to_dict())
    else:
        print_totals(table, library, top=top)
