"""`powderkeg watch`: collect, and show what is collected as it comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.collect import BooksOption, ForOption, NameOption, OverrideOption, RestOption, VenueOption
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir
from powderkeg.cli.serve_options import HostOption, OpenOption, PortOption

if TYPE_CHECKING:
    from powderkeg.app.live.collector import Collector
    from powderkeg.app.live.running import Watcher

FRAMES_PER_S = 4
"""As often as a person can read numbers; more would only cost."""


def watch(
    coins: Annotated[list[str], typer.Argument(help="Coins: BTC ETH ...")],
    venue: VenueOption = None,
    name: NameOption = "main",
    books: BooksOption = False,
    rest: RestOption = True,
    for_: ForOption = None,
    url_override: OverrideOption = None,
    serve: Annotated[bool, typer.Option("--serve", help="Also serve the dashboard and the HTTP API.")] = False,
    host: HostOption = None,
    port: PortOption = None,
    open_: OpenOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Collect coins and watch their liquidation totals live; `q` or ctrl-c leaves, what was recorded stays."""
    from powderkeg.app.alerts.beside import alerting
    from powderkeg.app.config import load_config
    from powderkeg.app.live.running import options_of, run_collector
    from powderkeg.domain.time import NS_PER_S, parse_duration

    folder = data_dir(data, config)
    options = options_of(
        coins,
        data_dir=folder,
        venues=venue or (),
        name=name,
        with_books=books,
        with_rest=rest,
        overrides=url_override or (),
    )
    is_drawn = sys.stdout.isatty() and not as_json
    show: Watcher = draw if is_drawn else print_lines if as_json else say
    show = alerting(show, folder, load_config(config).alerts)
    if serve:
        from powderkeg.cli.serve_options import serve_options, tell_address
        from powderkeg.web.link import served

        where = serve_options(folder, config, host=host, port=port)
        show = served(show, where, tell_address(as_json=as_json, open_=open_))
    run_collector(
        options,
        watch=show,
        tell=lambda line: None if is_drawn else print(f"! {line}", file=sys.stderr, flush=True),
        for_s=parse_duration(for_) / NS_PER_S if for_ else None,
    )


async def idle(_collector: Collector) -> None:
    """Show nothing."""
    await asyncio.Event().wait()


async def draw(collector: Collector) -> None:
    """A table over the whole terminal, until `q`."""
    from rich.live import Live

    from powderkeg.cli.live_view import live_view
    from powderkeg.cli.output import console

    leaving = asyncio.Event()
    with _keys(leaving), Live(console=console(), screen=True, auto_refresh=False) as live:
        while not leaving.is_set():
            # Drawing costs milliseconds: in a thread, so that sockets are not kept waiting.
            await asyncio.to_thread(live.update, live_view(collector.snapshot(), collector.coins), refresh=True)
            try:
                await asyncio.wait_for(leaving.wait(), 1 / FRAMES_PER_S)
            except TimeoutError:
                continue


async def print_lines(collector: Collector) -> None:
    """A snapshot a line, four times a second."""
    from powderkeg.cli.output import print_json

    while True:
        await asyncio.sleep(1 / FRAMES_PER_S)
        # In a thread, here and below, so that a reader who stops reading does not stop the recording.
        await asyncio.to_thread(print_json, collector.snapshot().to_dict())


async def say(collector: Collector) -> None:
    """Where there is no terminal to draw on: a line a second."""
    from powderkeg.cli.live_view import status_line

    while True:
        await asyncio.sleep(1)
        await asyncio.to_thread(print, status_line(collector.snapshot()), flush=True)


@contextmanager
def _keys(leaving: asyncio.Event) -> Generator[None]:
    """`q` sets `leaving`; keys are read one by one meanwhile."""
    if not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()
    tty.setcbreak(terminal)
    loop.add_reader(terminal, lambda: leaving.set() if sys.stdin.read(1) in "qQ" else None)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
