"""`powderkeg simulate`: where price may go, with and without the liquidations it triggers."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from powderkeg.cli import options
from powderkeg.cli.opened import opened
from powderkeg.cli.standpoint import check_fuel, standpoint_of


def simulate(
    coin: Annotated[str | None, typer.Argument(help="Coin or symbol; default that of --position.")] = None,
    horizon: Annotated[str, typer.Option(help="How far ahead: 48h, 7d, ...")] = "48h",
    paths: Annotated[int, typer.Option(help="How many paths.")] = 100_000,
    level: Annotated[
        list[float] | None, typer.Option("--level", help="A price to touch; may be given again.", show_default=False)
    ] = None,
    position: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A position (TOML): its survival.", show_default=False)
    ] = None,
    returns: Annotated[str, typer.Option(help="gaussian, student or bootstrap.")] = "gaussian",
    variance: Annotated[str, typer.Option(help="none, antithetic or sobol.")] = "none",
    step: Annotated[
        str | None, typer.Option(help="Length of a step; default 1m, in a bootstrap a bar.", show_default=False)
    ] = None,
    sigma: Annotated[
        float | None, typer.Option(help="Standard deviation of daily log returns.", show_default=False)
    ] = None,
    shock_usd: Annotated[float, typer.Option(help="Market order that comes first; selling is negative.")] = 0.0,
    market_share: options.MarketShareOption = 1.0,
    latency: Annotated[str, typer.Option(help="Mean time from trigger to execution; 0 for none.")] = "10s",
    stress: Annotated[
        float | None,
        typer.Option(help="How much thinner the book gets per unit of forced log move.", show_default=False),
    ] = None,
    maps: Annotated[int, typer.Option(help="Maps drawn from the band.")] = 16,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answer.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Default all processors; changes no number.", show_default=False)
    ] = None,
    as_of: options.AsOfOption = None,
    price: options.StartOption = None,
    bars: options.MapBarsOption = None,
    fuel: options.FuelOption = None,
    depth: options.DepthOption = None,
    depth_usd: options.DepthUsdOption = None,
    venue: options.VenuesOption = None,
    out: options.PictureOption = None,
    data: options.DataOption = None,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Extremes, liquidations and P(touch) of a coin, with forced flow and without; survival of a position."""
    from powderkeg.app.pictures import picture_path
    from powderkeg.app.simulation import question_from
    from powderkeg.app.simulation_loading import market_of_files
    from powderkeg.app.simulation_position import position_at, position_levels, read_position, survival_of
    from powderkeg.cli.progress import work_progress
    from powderkeg.domain.errors import InputError

    if coin is None and position is None:
        raise InputError("give a coin (powderkeg simulate BTC), or a position (--position pos.toml)")
    if device not in ("cpu", "gpu"):
        raise InputError(f"device is {device!r}; there are cpu and gpu")
    if out is not None:
        picture_path(out)
    check_fuel(fuel, bars, as_of, venue)
    where = standpoint_of(as_of=as_of, venue=venue, price=price, depth=depth, depth_usd=depth_usd)
    asked: dict[str, Any] = {
        "horizon": horizon,
        "step": step,
        "paths": paths,
        "levels": tuple(level or ()),
        "returns": returns,
        "variance": variance,
        "daily_sigma": sigma,
        "shock_usd": shock_usd,
        "market_share": market_share,
        "latency": latency,
        "stress": stress,
        "maps": maps,
        "seed": seed,
    }
    question_from(asked)
    wanted = coin if coin is not None else read_position(position or Path()).symbol
    with ExitStack() as held:
        if bars is None and fuel is None:
            market = held.enter_context(opened(options.data_dir(data, config))).simulation_market(wanted, **where)
        else:
            market = market_of_files(wanted, bars, fuel, **where)
        mine = None if position is None else position_at(position, market.inputs.price)
        if mine is not None:
            own = position_levels(mine, market.inputs.price)
            asked["levels"] = (*asked["levels"], *(one for one in own if one not in asked["levels"]))
        with work_progress("paths") as progress:
            report = market.ask(question_from(asked), threads=threads, device=device, progress=progress)
    outcome = None if mine is None else survival_of(mine, report)
    if as_json:
        from powderkeg.app.simulation_words import plain_simulation
        from powderkeg.cli.output import print_json

        print_json(plain_simulation(report, outcome))
    else:
        from powderkeg.cli.simulate_view import print_simulation

        print_simulation(report, outcome)
    if out is not None:
        from powderkeg.app.simulation_picture import draw_simulation
        from powderkeg.cli.output import console

        draw_simulation(report, out)
        console(stderr=True).print(f"picture written to {out}", markup=False)
