"""`powderkeg map`: where leverage sits, calibrated and scored."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir


class CoinOrCommand(TyperGroup):
    """`powderkeg map BTC` is `powderkeg map show BTC`: a word that names no command is a coin."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put `show` before a coin."""
        known = not args or args[0] in self.commands or args[0].startswith("-")
        return super().resolve_command(ctx, args if known else ["show", *args])


app = typer.Typer(
    cls=CoinOrCommand,
    no_args_is_help=True,
    subcommand_metavar="COIN | COMMAND [ARGS]...",
    help="Liquidation map. `map BTC` reads it; the commands calibrate it, predict with it and score it.",
)

BarsOption = Annotated[
    Path,
    typer.Option("--bars", metavar="FILE", help="CSV of bars with prices, volume, open interest and liquidations."),
]
CutOption = Annotated[
    str | None,
    typer.Option("--train-until", metavar="TIME", help="Only bars that ended by then train.", show_default=False),
]


@app.command()
def predict(
    bars: BarsOption,
    train_until: Annotated[str, typer.Option(metavar="TIME", help="Only bars that ended by then train.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the predictions go (CSV).")],
    as_json: JsonOption = False,
) -> None:
    """Predict the liquidations of every bar after a time, given its price path and nothing else of it or later."""
    from powderkeg.app.liquidation_map import predict_file
    from powderkeg.cli.map_view import print_calibration
    from powderkeg.cli.output import console, print_json

    report = predict_file(bars, train_until, out)
    if as_json:
        print_json(report)
        return
    print_calibration(report.calibration)
    console().print(f"{report.row_count} predictions written to {report.out}", markup=False)


@app.command()
def calibrate(bars: BarsOption, train_until: CutOption = None, as_json: JsonOption = False) -> None:
    """Fit the map to what was liquidated, and say which model each coin and side is best served by."""
    from powderkeg.app.liquidation_map import calibrate_file
    from powderkeg.cli.map_view import print_calibration
    from powderkeg.cli.output import print_json

    report = calibrate_file(bars, train_until)
    if as_json:
        print_json(report)
    else:
        print_calibration(report)


@app.command()
def score(
    bars: BarsOption,
    train_until: CutOption = None,
    step: Annotated[
        str | None, typer.Option(help="Walk forward: calibrate again every so long (7d).", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score the map against strong baselines on bars it has not seen, good or bad."""
    from powderkeg.app.liquidation_map import score_file
    from powderkeg.cli.map_view import print_scorecard, scorecard_rows
    from powderkeg.cli.output import print_json

    cards = score_file(bars, train_until, step)
    if as_json:
        print_json(scorecard_rows(cards))
        return
    for card in cards:
        print_scorecard(card)


@app.command(hidden=True)
def show(
    coin: Annotated[str, typer.Argument(help="Coin or symbol.")],
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="The map as it stood then; default newest.", show_default=False)
    ] = None,
    bars: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of bars instead of the data directory.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the heatmap (.png or .svg).", show_default=False)
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Clusters per side.")] = 5,
    venue: Annotated[
        list[str] | None, typer.Option("--venue", help="Only this venue; may be given again.", show_default=False)
    ] = None,
    window: Annotated[str, typer.Option(metavar="DURATION", help="Length of the heatmap.")] = "7d",
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The nearest clusters above and below: notional, distance, band, share of open interest."""
    from powderkeg.app.liquidation_map_show import read
    from powderkeg.cli.map_view import print_map
    from powderkeg.cli.output import console, print_json, warn_of

    with ExitStack() as held:
        if bars is not None:
            from powderkeg.app.liquidation_maps import maps_of_file

            maps = maps_of_file(bars)
        else:
            from powderkeg.app.library import open_library

            library = held.enter_context(open_library(data_dir(data, config)))
            warn_of(library)
            maps = library.maps
        reading = read(maps.liquidation_map(coin, as_of=as_of, venue=venue or None), count)
        if as_json:
            print_json(reading.plain())
        else:
            print_map(reading)
        if out is not None:
            from powderkeg.app.liquidation_map_picture import draw_heatmap

            draw_heatmap(maps.heatmap(coin, as_of=as_of, window=window, venue=venue or None), out)
            console(stderr=True).print(f"heatmap written to {out}", markup=False)
