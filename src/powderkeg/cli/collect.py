"""`powderkeg collect`: record venues until told to stop, with one status line a minute."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.app.live.collector import Collector
    from powderkeg.app.live.snapshot import Snapshot

CoinOption = Annotated[
    list[str] | None, typer.Option("--coin", metavar="COIN", help="BTC, ETH, ...; may be repeated.", show_default=False)
]
VenueOption = Annotated[
    list[str] | None,
    typer.Option("--venue", metavar="VENUE", help="Default: all that publish liquidations.", show_default=False),
]
OverrideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--url-override",
        metavar="VENUE=URL",
        help="Connect to a simulated venue instead; everything recorded is then marked as simulated.",
        show_default=False,
    ),
]
NameOption = Annotated[str, typer.Option(help="Of this collector; several with different names may share a directory.")]
BooksOption = Annotated[bool, typer.Option("--books", help="Also order books: most of the traffic.")]
RestOption = Annotated[
    bool, typer.Option("--rest/--no-rest", help="Also poll what has no stream, and fill gaps from venues' histories.")
]
ForOption = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="Stop after 10s, 5m, 2h ...", show_default=False)
]


def collect(
    coin: CoinOption = None,
    venue: VenueOption = None,
    name: NameOption = "main",
    books: BooksOption = False,
    rest: RestOption = True,
    every: Annotated[str, typer.Option(metavar="DURATION", help="Between two status lines.")] = "1m",
    for_: ForOption = None,
    url_override: OverrideOption = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record liquidations, trades, prices and open interest of every venue; stop with ctrl-c, nothing is lost."""
    from powderkeg.app.alerts.beside import alerting
    from powderkeg.app.config import load_config
    from powderkeg.app.live.running import options_of, run_collector
    from powderkeg.cli.live_view import status_line
    from powderkeg.cli.output import print_json
    from powderkeg.domain.time import NS_PER_S, parse_duration

    every_s = parse_duration(every) / NS_PER_S
    options = options_of(
        coin or ["BTC", "ETH"],
        data_dir=data_dir(data, config),
        venues=venue or (),
        name=name,
        with_books=books,
        with_rest=rest,
        overrides=url_override or (),
    )

    async def report(collector: Collector) -> None:
        while True:
            await asyncio.sleep(every_s)
            # In a thread, so that a reader who stops reading does not stop the recording.
            await asyncio.to_thread(tell, collector.snapshot())

    def tell(snapshot: Snapshot) -> None:
        if as_json:
            print_json(snapshot.to_dict())
        else:
            print(status_line(snapshot), flush=True)

    collector = run_collector(
        options,
        watch=alerting(report, options.data_dir, load_config(config).alerts),
        tell=lambda line: print(f"! {line}", file=sys.stderr, flush=True),
        for_s=parse_duration(for_) / NS_PER_S if for_ else None,
    )
    tell(collector.snapshot())
