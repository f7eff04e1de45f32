"""`powderkeg replay`: a recording through the whole path, nothing stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import JsonOption


def replay(
    recording: Annotated[Path, typer.Argument(help="A recorded file of any kind, or a data directory.")],
    format_: Annotated[
        str | None, typer.Option("--format", help="Force a kind instead of recognizing it.", show_default=False)
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Symbol, where neither name nor content says it.", show_default=False)
    ] = None,
    window: Annotated[str, typer.Option(help="Length of the window: 1h, 4h, 12h, 24h or any other.")] = "24h",
    as_of: Annotated[
        str | None, typer.Option(help="End of the window; default the end of the recording.", show_default=False)
    ] = None,
    by: Annotated[str, typer.Option(help="Rows by: coin, venue, symbol, position_side, with commas.")] = "coin,venue",
    as_json: JsonOption = False,
) -> None:
    """Replay what was recorded and print the liquidation totals at its end."""
    from powderkeg.app.replay import replay_data_dir, replay_file
    from powderkeg.cli.output import print_json
    from powderkeg.domain.time import parse_duration, parse_instant

    is_library = recording.is_dir()
    result = replay_data_dir(recording) if is_library else replay_file(recording, format=format_, symbol=symbol)
    totals = result.totals(
        window_ns=parse_duration(window),
        as_of_ns=None if as_of is None else parse_instant(as_of),
        by=tuple(part.strip() for part in by.split(",") if part.strip()),
    )
    if as_json:
        marks = {"simulated": True} if result.is_simulated else {}
        told = {**marks, "records": result.records, "events": result.pipeline.counts, "rejects": result.rejects}
        print_json({**told, **totals.to_dict()})
        return
    from powderkeg.cli.import_view import print_counts, print_rejects
    from powderkeg.cli.liquidation_view import print_totals

    print_counts(result.pipeline.counts, f"{recording.name or recording}: {result.records:,} records")
    print_rejects(result.rejects, result.first_rejects)
    print_totals(totals, why_empty="the recording has none.", simulated=result.is_simulated)
