"""`powderkeg map`: where leverage sits, calibrated and scored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from powderkeg.cli import map_score, map_screen, map_show
from powderkeg.cli.map_options import BarsOption, CutOption
from powderkeg.cli.options import JsonOption


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


app.command()(map_score.score)
app.command()(map_score.scores)
app.command()(map_screen.screen)
app.command(hidden=True)(map_show.show)
