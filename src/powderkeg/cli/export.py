"""`powderkeg export`: events, or a query's rows, as a file for other tools."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.opened import opened
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir


class FileFormat(str, Enum):  # noqa: UP042 - typer lists the members of a str enumeration
    """Formats of exported files."""

    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


def export(
    event: Annotated[str, typer.Argument(help="Event type (liquidation, trade, open_interest, ...).")] = "liquidation",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write; by default EVENT.FORMAT here.", show_default=False),
    ] = None,
    format_: Annotated[FileFormat, typer.Option("--format", help="File format.")] = FileFormat.PARQUET,
    start: Annotated[str | None, typer.Option("--from", help="First instant, included.", show_default=False)] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last instant, excluded.", show_default=False)] = None,
    coin: Annotated[
        list[str] | None, typer.Option("--coin", help="Coin or symbol; repeatable.", show_default=False)
    ] = None,
    venue: Annotated[list[str] | None, typer.Option("--venue", help="Venue; repeatable.", show_default=False)] = None,
    sql: Annotated[str | None, typer.Option(help="Export the rows of this SELECT instead.", show_default=False)] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write events to a CSV, Parquet or Arrow file: the same rows that every total is made of."""
    from powderkeg.cli.output import console, print_json
    from powderkeg.domain.errors import InputError
    from powderkeg.store.exporters import export_table

    if sql and (start or end or coin or venue):
        raise InputError("--sql stands for itself: leave --from, --to, --coin and --venue out, or write them into it")
    with opened(data_dir(data, config)) as library:
        table = library.sql(sql) if sql else library.events(event, start=start, end=end, coin=coin, venue=venue)
        path = out or Path(f"{'query' if sql else event}.{format_.value}")
        export_table(table, path, format_.value)
    if as_json:
        print_json(
            {"file": str(path), "rows": table.num_rows, "format": format_.value, "simulated": library.is_simulated}
        )
    else:
        mark = "SIMULATED " if library.is_simulated else ""
        console().print(f"{mark}{table.num_rows:,} row{'' if table.num_rows == 1 else 's'} → {path}", markup=False)
