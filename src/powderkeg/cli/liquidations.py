"""`powderkeg liquidations`: totals of a window, or bars, with coverage, floor and gaps beside every number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.opened import opened
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.app.library import Library
    from powderkeg.stats.liquidation_rows import LiquidationRow

DEFAULT_BY = ("coin", "venue")


def liquidations(
    coin: Annotated[
        list[str] | None,
        typer.Option("--coin", help="Coin, or any spelling of a symbol; repeatable.", show_default=False),
    ] = None,
    venue: Annotated[list[str] | None, typer.Option("--venue", help="Venue; repeatable.", show_default=False)] = None,
    window: Annotated[str, typer.Option(help="Length of the window: 1h, 4h, 12h, 24h or any other.")] = "24h",
    as_of: Annotated[
        str | None,
        typer.Option(help="End of the window, excluded: RFC 3339 or epoch ms; default now.", show_default=False),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Rows by coin, venue, symbol, position_side, with commas; default coin,venue, for bars none.",
            show_default=False,
        ),
    ] = None,
    bars: Annotated[
        str | None, typer.Option(help="History instead of totals: bars of 1s to 1d.", show_default=False)
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Rows to print, largest first; 0 for all. JSON has all.")] = 25,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Liquidation totals: long, short, count, largest order; what the feeds hide is estimated beside the floor."""
    from powderkeg.cli.liquidation_view import print_history, print_totals
    from powderkeg.cli.output import print_json

    keys = tuple(part.strip() for part in (by or "").split(",") if part.strip())
    with opened(data_dir(data, config)) as library:
        simulated = library.is_simulated
        marks = {"simulated": True} if simulated else {}
        if bars is not None:
            history = library.liquidation_history(
                interval=bars, coin=coin, venue=venue, window=window, as_of=as_of, by=keys
            )
            if as_json:
                print_json({**marks, **history.to_dict()})
                return
            why = _why_empty(library, history.rows, (history.from_ns, history.to_ns), coin, venue)
            print_history(history, why_empty=why, simulated=simulated)
            return
        totals = library.liquidations(coin=coin, venue=venue, window=window, as_of=as_of, by=keys or DEFAULT_BY)
        if as_json:
            print_json({**marks, **totals.to_dict()})
            return
        span = (totals.as_of_ns - totals.window_ns, totals.as_of_ns)
        why = _why_empty(library, totals.rows, span, coin, venue)
        print_totals(totals, why_empty=why, top=top, simulated=simulated)


def _why_empty(
    library: Library,
    rows: Sequence[LiquidationRow],
    span: tuple[int, int],
    coin: list[str] | None,
    venue: list[str] | None,
) -> str:
    return "" if any(row.count for row in rows) else library.why_empty(span, coin=coin, venue=venue)
