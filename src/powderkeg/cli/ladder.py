"""`powderkeg ladder`: what a shock would do once the liquidations it triggers have traded too."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from powderkeg.cli.options import (
    AsOfOption,
    ConfigOption,
    DataOption,
    DepthOption,
    DepthUsdOption,
    FuelOption,
    JsonOption,
    MapBarsOption,
    MarketShareOption,
    PictureOption,
    StartOption,
    VenuesOption,
    data_dir,
)
from powderkeg.domain.errors import InputError


def ladder(
    coin: Annotated[str, typer.Argument(help="Coin or symbol.")],
    side: Annotated[str, typer.Option(help="Whose positions: short (price goes up) or long (down).")] = "short",
    shock_usd: Annotated[
        float | None, typer.Option(help="Net buying (selling, for longs) that starts the move.", show_default=False)
    ] = None,
    to: Annotated[
        float | None,
        typer.Option("--to", metavar="PRICE", help="Instead of a shock: the price to reach.", show_default=False),
    ] = None,
    as_of: AsOfOption = None,
    price: StartOption = None,
    bars: MapBarsOption = None,
    fuel: FuelOption = None,
    depth: DepthOption = None,
    depth_usd: DepthUsdOption = None,
    shape: Annotated[
        float | None,
        typer.Option(help="Depth up to a distance u grows as u^SHAPE; 1 is even.", show_default=False),
    ] = None,
    stress: Annotated[str, typer.Option(help="Thinner book: calm, median, p90 of events, or a factor.")] = "calm",
    market_share: MarketShareOption = 1.0,
    impact: Annotated[str, typer.Option(help="sweep, power or sqrt.")] = "sweep",
    venue: VenuesOption = None,
    out: PictureOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fuel against depth, rung by rung: where a shock stops, or what it takes to reach a price."""
    from powderkeg.app.cascade_depth import DepthChoice
    from powderkeg.app.cascade_ladder import ask
    from powderkeg.app.cascade_question import question_of
    from powderkeg.app.cascade_reported import with_reported
    from powderkeg.app.cascade_words import plain
    from powderkeg.cli.ladder_view import print_ladder
    from powderkeg.cli.output import console, print_json

    if depth is not None and depth_usd is not None:
        raise InputError("--depth and --depth-usd both say how deep the book is; give one of them")
    if fuel is not None and (bars is not None or as_of is not None or venue):
        raise InputError("--fuel stands instead of a map; --bars, --as-of and --venue choose one: give either")
    question = question_of(
        side=side, shock_usd=shock_usd, to=to, stress=stress, market_share=market_share, impact=impact
    )
    choice = DepthChoice(path=depth, within_usd=depth_usd)
    choice = choice if shape is None else DepthChoice(path=depth, within_usd=depth_usd, exponent=shape)
    with ExitStack() as held:
        library = None
        if fuel is not None:
            from powderkeg.app.cascade_loading import inputs_of_table

            inputs = inputs_of_table(coin, fuel, price, choice)
        elif bars is not None:
            from powderkeg.app.cascade_loading import inputs_of_maps
            from powderkeg.app.liquidation_maps import maps_of_file

            inputs = inputs_of_maps(
                maps_of_file(bars), coin, as_of=as_of, venue=venue or None, price=price, depth=choice
            )
        else:
            from powderkeg.app.library import open_library
            from powderkeg.cli.output import warn_of

            library = held.enter_context(open_library(data_dir(data, config)))
            warn_of(library)
            inputs = library.ladder_inputs(coin, as_of=as_of, venue=venue or None, price=price, depth=choice)
        report = with_reported(ask(inputs, question), None if library is None else library.database)
    if as_json:
        print_json(plain(report))
    else:
        print_ladder(report)
    if out is not None:
        from powderkeg.app.cascade_picture import draw_ladder

        draw_ladder(report, out)
        console(stderr=True).print(f"picture written to {out}", markup=False)
