"""Collectors for the command line: made from what a person says, run until a signal, a deadline or an error."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from powderkeg.app.live.collector import STREAMS, Collector, CollectorOptions
from powderkeg.app.live.markets import symbols_of
from powderkeg.app.live.recorder import JournalKind
from powderkeg.domain.errors import InputError, StoreError
from powderkeg.domain.symbols import venue_slug
from powderkeg.feed.ports import Clock, Stamper
from powderkeg.store.journal_file import journal_paths
from powderkeg.store.journal_reader import JournalReader

Watcher = Callable[[Collector], Awaitable[None]]
"""Runs beside a collector once it runs; when it returns, the collector is stopped."""


def options_of(
    coins: Sequence[str],
    *,
    data_dir: Path,
    venues: Sequence[str] = (),
    name: str = "main",
    with_books: bool = False,
    with_rest: bool = True,
    overrides: Sequence[str] = (),
) -> CollectorOptions:
    """What to collect, from words.

    Args:
        coins: at least one.
        data_dir: where to.
        venues: by any name; by default all that publish liquidations, or those overridden.
        name: of the collector.
        with_books: also order books, which are most of the traffic.
        with_rest: also polls, and past liquidations after gaps.
        overrides: `VENUE=URL` of simulated venues; what is collected is then marked as simulated.

    Raises:
        InputError: a word cannot be read, or the directory holds recordings of the other kind.
    """
    base_urls = dict(_override(text) for text in overrides)
    kind: JournalKind = "simulated" if base_urls else "live"
    _refuse_mixture(data_dir, kind)
    return CollectorOptions(
        data_dir=data_dir,
        name=name,
        symbols=symbols_of(coins, venues or tuple(base_urls)),
        streams=(*STREAMS, "book") if with_books else STREAMS,
        kind=kind,
        with_rest=with_rest,
        base_urls=base_urls,
    )


def run_collector(
    options: CollectorOptions,
    *,
    watch: Watcher | None = None,
    tell: Callable[[str], None] = lambda _: None,
    for_s: float | None = None,
    clock: Clock | None = None,
    stamper: Stamper | None = None,
) -> Collector:
    """Collect until SIGINT or SIGTERM, until `watch` returns, or for so long; everything is durable afterwards.

    `clock` and `stamper` stand for the machine's time where a run has to be repeatable.

    Raises:
        StoreBusyError: a collector of this name is at work in the directory.
        StoreError: the journal cannot be written.
    """
    collector = Collector(options, tell=tell, clock=clock, stamper=stamper)
    with what_stays_spared():
        asyncio.run(_run(collector, watch, for_s))
    return collector


@contextmanager
def what_stays_spared() -> Generator[None]:
    """Meanwhile the garbage collector does not look at what exists now.

    Modules and tables are hundreds of thousands of objects; looking through them again and again would stop the loop
    for tens of milliseconds each time (measured 2026-11).
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _run(collector: Collector, watch: Watcher | None, for_s: float | None) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, collector.stop)
    if for_s is not None:
        loop.call_later(for_s, collector.stop)
    collecting = asyncio.create_task(collector.run())
    watching = asyncio.create_task(_watch(collector, watch)) if watch is not None else None
    try:
        await collecting
    finally:
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(collector: Collector, watch: Watcher) -> None:
    try:
        await collector.started.wait()
        await watch(collector)
    finally:
        collector.stop()


def _override(text: str) -> tuple[str, str]:
    venue, sign, url = text.partition("=")
    if not sign or not url.startswith(("ws://", "wss://")):
        raise InputError(f"{text!r} is no override; write VENUE=ws://HOST:PORT")
    return venue_slug(venue), url


def _refuse_mixture(data_dir: Path, kind: JournalKind) -> None:
    for path in journal_paths(data_dir):
        with suppress(StoreError):
            with JournalReader(path) as reader:
                is_simulated = reader.meta.kind == "simulated"
            if is_simulated != (kind == "simulated"):
                held, wanted = ("simulated", "real") if is_simulated else ("real", "simulated")
                raise InputError(
                    f"{data_dir} holds {held} recordings ({path.stem}); {wanted} ones must not be mixed with them: "
                    "name another directory with --data"
                )
