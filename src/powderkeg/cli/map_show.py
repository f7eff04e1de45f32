"""`powderkeg map COIN`: reads a map, modelled or measured, and draws it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.opened import opened
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, PictureOption, VenuesOption, data_dir
from powderkeg.domain.errors import InputError

if TYPE_CHECKING:
    from powderkeg.app.liquidation_maps import Maps


def show(
    coin: Annotated[str, typer.Argument(help="Coin or symbol.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="The map as it stood then; default newest.", show_default=False)
    ] = None,
    bars: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of bars instead of the data directory.", show_default=False),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Published positions: a measured map, no model.", show_default=False),
    ] = None,
    price: Annotated[
        float | None, typer.Option(help="Mark price, where the positions do not say it.", show_default=False)
    ] = None,
    venue: VenuesOption = None,
    by: Annotated[
        str | None, typer.Option(metavar="venue", help="Clusters of every venue too.", show_default=False)
    ] = None,
    out: PictureOption = None,
    window: Annotated[str, typer.Option(metavar="DURATION", help="Length of the heatmap.")] = "7d",
    profile: Annotated[bool, typer.Option("--profile", help="Draw the map at one time, not over time.")] = False,
    count: Annotated[int, typer.Option(min=1, help="Clusters per side.")] = 5,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The nearest clusters above and below: notional, distance, band, share of open interest."""
    if by not in (None, "venue"):
        raise InputError(f"--by {by}: maps are read by venue only")
    if out is not None:
        from powderkeg.app.pictures import picture_path

        picture_path(out)
    if positions is not None:
        if bars is not None or venue:
            raise InputError("--positions is a map of its own; leave --bars and --venue out")
        _measured(coin, positions, price, (as_of, count, out, as_json))
        return
    if price is not None:
        raise InputError("--price goes with --positions; a modelled map knows the price of its last bar")
    from powderkeg.app.liquidation_map_show import read
    from powderkeg.cli.map_print import print_map
    from powderkeg.cli.output import console, print_json

    with ExitStack() as held:
        maps = _maps(bars, data_dir(data, config) if bars is None else Path(), held)
        reading = read(maps.liquidation_map(coin, as_of=as_of, venue=venue or None), count)
        if as_json:
            print_json(reading.plain())
        else:
            print_map(reading, by_venue=by == "venue")
        if out is not None:
            from powderkeg.app.liquidation_map_picture import draw_heatmap, draw_profile

            if profile:
                draw_profile(reading.total, out)
            else:
                draw_heatmap(maps.heatmap(coin, as_of=as_of, window=window, venue=venue or None), out)
            console(stderr=True).print(f"{'map' if profile else 'heatmap'} written to {out}", markup=False)


def _maps(bars: Path | None, data: Path, held: ExitStack) -> Maps:
    if bars is not None:
        from powderkeg.app.liquidation_maps import maps_of_file

        return maps_of_file(bars)

    library = held.enter_context(opened(data))
    return library.maps


def _measured(coin: str, positions: Path, price: float | None, how: tuple[str | None, int, Path | None, bool]) -> None:
    from powderkeg.app.liquidation_map_measured import measured_from_file
    from powderkeg.app.liquidation_map_show import read
    from powderkeg.cli.map_print import print_bad_rows, print_map
    from powderkeg.cli.output import console, print_json

    as_of, count, out, as_json = how
    found = measured_from_file(coin, positions, mark_price=price, as_of=as_of)
    reading = read(found.total, count)
    if as_json:
        bad = [{"line": row.line, "reason": row.reason} for row in found.bad_rows]
        print_json({**reading.plain(), "bad_rows": bad, "other_coins": found.other_coins})
    else:
        print_map(reading)
        print_bad_rows(found.bad_rows, found.other_coins)
    if out is not None:
        from powderkeg.app.liquidation_map_picture import draw_profile

        draw_profile(found.total, out)
        console(stderr=True).print(f"map written to {out}", markup=False)
