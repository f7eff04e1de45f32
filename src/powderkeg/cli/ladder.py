"""`powderkeg ladder`: what a shock would do once the liquidations it triggers have traded too."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from powderkeg.cli import options
from powderkeg.cli.opened import opened
from powderkeg.cli.standpoint import check_fuel, standpoint_of


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
    as_of: options.AsOfOption = None,
    price: options.StartOption = None,
    bars: options.MapBarsOption = None,
    fuel: options.FuelOption = None,
    depth: options.DepthOption = None,
    depth_usd: options.DepthUsdOption = None,
    shape: Annotated[
        float | None,
        typer.Option(help="Depth up to a distance u grows as u^SHAPE; 1 is even.", show_default=False),
    ] = None,
    stress: Annotated[str, typer.Option(help="Thinner book: calm, median, p90 of events, or a factor.")] = "calm",
    market_share: options.MarketShareOption = 1.0,
    impact: Annotated[str, typer.Option(help="sweep, power or sqrt.")] = "sweep",
    venue: options.VenuesOption = None,
    out: options.PictureOption = None,
    data: options.DataOption = None,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Fuel against depth, rung by rung: where a shock stops, or what it takes to reach a price."""
    from powderkeg.app.cascade_ladder import ask
    from powderkeg.app.cascade_question import question_of
    from powderkeg.app.cascade_reported import with_reported
    from powderkeg.app.cascade_words import plain
    from powderkeg.cli.ladder_view import print_ladder
    from powderkeg.cli.output import console, print_json

    check_fuel(fuel, bars, as_of, venue)
    question = question_of(
        side=side, shock_usd=shock_usd, to=to, stress=stress, market_share=market_share, impact=impact
    )
    where = standpoint_of(as_of=as_of, venue=venue, price=price, depth=depth, depth_usd=depth_usd, shape=shape)
    with ExitStack() as held:
        library = None
        if fuel is not None:
            from powderkeg.app.cascade_loading import inputs_of_table

            inputs = inputs_of_table(coin, fuel, price, where.get("depth"))
        elif bars is not None:
            from powderkeg.app.cascade_loading import inputs_of_maps
            from powderkeg.app.liquidation_maps import maps_of_file

            inputs = inputs_of_maps(maps_of_file(bars), coin, **where)
        else:
            library = held.enter_context(opened(options.data_dir(data, config)))
            inputs = library.ladder_inputs(coin, **where)
        report = with_reported(ask(inputs, question), None if library is None else library.database)
    if as_json:
        print_json(plain(report))
    else:
        print_ladder(report)
    if out is not None:
        from powderkeg.app.cascade_picture import draw_ladder

        draw_ladder(report, out)
        console(stderr=True).print(f"picture written to {out}", markup=False)
