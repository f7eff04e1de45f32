"""A collector from start to stop: lock, journal, past, feeds, archive, and an orderly end.

lock the name ─► open the journal ─► connect feeds ────────────────► frames are journaled from here on
└─► rebuild the past, in a thread ─► frames are decoded from here on
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from powderkeg.app.live.archiver import EVERY_S, Archiver, unsettled
from powderkeg.app.live.counters import Sample, samples, state_samples
from powderkeg.app.live.heap import give_back
from powderkeg.app.live.observer import SessionObserver
from powderkeg.app.live.rebuild import rebuild
from powderkeg.app.live.recorder import TICK_S, JournalKind
from powderkeg.app.live.rest_desk import RestDesk
from powderkeg.app.live.session import LiveSession
from powderkeg.app.live.snapshot import Snapshot, Snapshotter
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of
from powderkeg.feed.connection import Feed
from powderkeg.feed.liveness import Limits
from powderkeg.feed.plan import Plan, plans
from powderkeg.feed.ports import Clock, Stamper, SystemClock
from powderkeg.store.lock import FileLock
from powderkeg.venues import VENUES

STREAMS: Final = ("liquidation", "trade", "mark_price", "funding_rate", "open_interest", "long_short_ratio")
"""What is collected unless books are asked for: everything the totals, floors and ceilings rest on."""

DELAY_PERIOD_S: Final = 60.0
KEPT_ALERTS: Final = 50


class CollectorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to collect, and where to.

    Attributes:
        data_dir: the data directory, made if absent.
        name: one collector of a name per directory; journals bear it.
        symbols: venue slug -> the venue's own names of contracts.
        streams: stream classes.
        more_streams: venue slug -> stream classes of this venue only.
        kind: `simulated` where the venues are.
        base_urls: other hosts, see `feed.plan.plans`.
        limits: times of connections, None for the promised ones.
        archive_every_s: between two parts of the archive, None never.
        with_rest: also poll what has no stream, and ask for past liquidations after gaps.
        seed: of the jitter of retries.
    """

    data_dir: Path
    name: str = "main"
    symbols: dict[str, tuple[str, ...]]
    streams: tuple[str, ...] = STREAMS
    more_streams: dict[str, tuple[str, ...]] = {}
    kind: JournalKind = "live"
    base_urls: dict[str, str] = {}
    limits: Limits | None = None
    archive_every_s: float | None = EVERY_S
    with_rest: bool = True
    seed: int | None = None

    def streams_of(self, venue: str) -> tuple[str, ...]:
        """Stream classes that are wanted of a venue."""
        return (*self.streams, *self.more_streams.get(venue, ()))


class Collector:
    """Runs a `LiveSession` over real sockets.

    Args:
        options: what to collect.
        clock: both clocks.
        tell: takes each alert as it comes.
        stamper: see `Feed`.
    """

    def __init__(
        self,
        options: CollectorOptions,
        *,
        clock: Clock | None = None,
        tell: Callable[[str], None] = lambda _: None,
        stamper: Stamper | None = None,
    ) -> None:
        if not options.name.replace("-", "").replace("_", "").isalnum() or not options.name.isascii():
            raise InputError(f"{options.name!r} cannot name a collector: use letters, digits, '-' and '_'")
        self.options = options
        self.alerts: deque[str] = deque(maxlen=KEPT_ALERTS)
        self.alert_count = 0  # of this run; `alerts` holds the latest
        self.plans = tuple(
            plan
            for venue, names in sorted(options.symbols.items())
            for plan in plans(venue, names, options.streams_of(venue), base_urls=options.base_urls)
        )
        self._clock = clock or SystemClock()
        self._tell = tell
        self._stamper = stamper
        self._rng = random.Random(options.seed)  # noqa: S311 - jitter, no secret
        self.started = asyncio.Event()  # there is a session to look at
        self._stopping = asyncio.Event()
        self.session: LiveSession  # from `run` on
        self._observer: SessionObserver
        self._snapshotter: Snapshotter
        self._to_seal: list[str] = []

    async def run(self) -> None:
        """Collect until `stop`; everything is durable when it returns.

        Raises:
            StoreBusyError: a collector of this name is at work in the directory.
            StoreError: the journal cannot be opened, or the last frames could not be written.
        """
        loop = asyncio.get_running_loop()
        data_dir = self.options.data_dir
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        what = f"collector {self.options.name!r} in {data_dir}"
        with FileLock(data_dir / f"collector-{self.options.name}.lock", what):
            self.session = LiveSession(
                data_dir,
                self.options.name,
                kind=self.options.kind,
                wall_ns=self._clock.now_ns,
                call_soon=loop.call_soon,
                call_soon_threadsafe=loop.call_soon_threadsafe,
                alert=self.alert,
            )
            self._desk = self._rest_desk() if self.options.with_rest else None
            self._observer = SessionObserver(self.session, self._desk.gap if self._desk else lambda _: None)
            is_simulated = self.options.kind == "simulated"
            self._snapshotter = Snapshotter(self.session, self._observer, is_simulated=is_simulated)
            self.session.on_day_end = self._to_seal.append
            journal_id, last_seq = self.session.start()
            self.started.set()
            try:
                await self._work(journal_id, last_seq)
            finally:
                self.session.stop()

    def stop(self) -> None:
        """Ask for an orderly end; may be called before `run`, and by signal handlers."""
        self._stopping.set()

    @property
    def coins(self) -> frozenset[str]:
        """What was asked for; some venues send the liquidations of all their contracts anyway."""
        return frozenset(
            coin_of(VENUES[venue].infer_instrument(name).symbol)
            for venue, names in self.options.symbols.items()
            for name in names
        )

    @property
    def is_running(self) -> bool:
        """Frames are taken, decoded, and part of every number."""
        return self.started.is_set() and not self.session.is_rebuilding

    def snapshot(self) -> Snapshot:
        """The session as it stands now; only while `run` runs."""
        return self._snapshotter.snapshot(tuple(self.alerts))

    def metrics(self) -> list[Sample]:
        """Everything counted and the state of every stream, as `/metrics` lists them (see `counters.help_of`)."""
        return [*samples(self.session.counters()), *state_samples(self._snapshotter.states())]

    def alert(self, line: str) -> None:
        """Something the operator should know."""
        self.alerts.append(line)
        self.alert_count += 1
        self._tell(line)

    async def _work(self, journal_id: str, last_seq: int) -> None:
        feeds = [self._feed(plan) for plan in self.plans]
        archiver = Archiver(self.options.data_dir, self.alert)
        tasks = [asyncio.create_task(feed.run(), name=feed.plan.key) for feed in feeds]
        tasks.append(asyncio.create_task(self._ticking(), name="tick"))
        if self._desk is not None:
            tasks.append(asyncio.create_task(self._desk.run(), name="rest"))
        past = asyncio.create_task(self._rebuild(journal_id, last_seq), name="rebuild")
        tasks.append(asyncio.create_task(self._archiving(archiver, past), name="archive"))
        stopping = asyncio.create_task(self._stopping.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()  # whatever ended before it was asked to has failed
        finally:
            await _ended([*tasks, stopping])
            await past  # its thread cannot be interrupted, and what waits must be decoded
            await archiver.stop()

    def _rest_desk(self) -> RestDesk:
        options = self.options
        return RestDesk(self.session, options.symbols, options.streams, options.base_urls, self._clock)

    def _feed(self, plan: Plan) -> Feed:
        return Feed(
            plan,
            self.session.take,
            self._observer,
            rng=random.Random(self._rng.random()),  # noqa: S311 - jitter, no secret
            clock=self._clock,
            limits=self.options.limits,
            stamper=self._stamper,
        )

    async def _rebuild(self, journal_id: str, last_seq: int) -> None:
        venues = frozenset(self.options.symbols)
        past = await asyncio.to_thread(
            rebuild, self.options.data_dir, journal_id, last_seq, venues, self._clock.now_ns()
        )
        self.session.go_on_from(past)
        await asyncio.to_thread(give_back)  # reading the past took far more than keeping it

    async def _ticking(self) -> None:
        delays_due_s = time.monotonic() + DELAY_PERIOD_S
        while True:
            await asyncio.sleep(TICK_S)
            self.session.tick()
            if time.monotonic() >= delays_due_s:
                delays_due_s += DELAY_PERIOD_S
                self.session.turn_delays()
                await asyncio.to_thread(give_back)

    async def _archiving(self, archiver: Archiver, past: asyncio.Task[None]) -> None:
        """First what earlier runs left, then a part every so often, and whole days as they end."""
        await asyncio.shield(past)
        every_s = self.options.archive_every_s
        if every_s is None:
            await asyncio.Event().wait()
            return
        current = self.session.recorder.journal_id
        self._to_seal += await asyncio.to_thread(unsettled, self.options.data_dir, self.options.name, current)
        while True:
            for journal_id in list(self._to_seal):
                if await archiver.order("seal", journal_id):
                    self._to_seal.remove(journal_id)
            await asyncio.sleep(every_s)
            await archiver.order("grow", self.session.recorder.journal_id)


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they are over."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
