"""`powderkeg map score` and `powderkeg map scores`: how far to trust the map, now and over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.map_options import CutOption
from powderkeg.cli.opened import opened
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.app.map_scores import Scored


def score(
    bars: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV of bars instead of the data directory; kept if --data too.", show_default=False
        ),
    ] = None,
    train_until: CutOption = None,
    step: Annotated[
        str | None, typer.Option(help="Walk forward: calibrate again every so long (7d).", show_default=False)
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the map against strong baselines on bars it has not seen, good or bad, and keep the result."""
    from powderkeg.cli.map_view import print_absent, print_scorecard, scorecard_rows
    from powderkeg.cli.output import console, print_json

    if bars is not None:
        from powderkeg.app.map_scores import score_bars

        found = score_bars(bars, train_until, step, data)
    else:
        found = _of_library(data_dir(data, config), train_until, step)
    if as_json:
        print_json({**scorecard_rows(found.cards), "written": found.written, "absent": found.absent})
        return
    for card in found.cards:
        print_scorecard(card)
    print_absent(found.absent)
    if found.written is not None:
        console().print(f"{found.written} new records kept; powderkeg map scores reads them", markup=False)


def _of_library(folder: Path, train_until: str | None, step: str | None) -> Scored:
    from powderkeg.app.map_scores import score_library

    with opened(folder) as library:
        return score_library(library.maps, folder, train_until, step, is_simulated=library.is_simulated)


def scores(
    last: Annotated[str, typer.Option(metavar="DURATION", help="Tests that ended in the last so long.")] = "30d",
    coin: Annotated[str | None, typer.Option(help="Only this coin.", show_default=False)] = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue.", show_default=False)] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="End of that stretch; default the newest test.", show_default=False),
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The scores kept so far, test by test."""
    from powderkeg.app.map_score_history import read_map_scores
    from powderkeg.cli.map_view import print_stored
    from powderkeg.cli.output import print_json

    found = read_map_scores(data_dir(data, config), coin=coin, venue=venue, last=last, as_of=as_of)
    if as_json:
        print_json(found.plain())
    else:
        print_stored(found)
