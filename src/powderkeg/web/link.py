"""The collector's side of a server: starts it, feeds it, ends it, and never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from powderkeg.app.child import Child
from powderkeg.app.live.collector import Collector
from powderkeg.app.live.running import Watcher
from powderkeg.app.live.snapshot import Snapshot
from powderkeg.domain.errors import PowderkegError, StoreBusyError
from powderkeg.domain.events import Event, Liquidation
from powderkeg.domain.time import format_instant
from powderkeg.stats.liquidation_rows import gap_dict
from powderkeg.web.feeding import Fed, FedKind, Opened
from powderkeg.web.frames import LENGTHS, pack
from powderkeg.web.options import ServeOptions

FEED_S: Final = 0.05
STATE_S: Final = 1.0
MAX_HELD_EVENTS: Final = 20_000
MAX_PIPE_BYTES: Final = 8 * 1_048_576
STARTING_S: Final = 30.0
STOP_S: Final = 8.0


class Link:
    """One server process of one collector.

    Args:
        options: where and for whom it answers.
    """

    def __init__(self, options: ServeOptions) -> None:
        self.address = ""
        self.dropped = 0
        self._options = msgspec.structs.replace(options, is_fed=True)
        self._held: list[Liquidation] = []
        self._has_lost = False
        self._process: Child | None = None
        self._told_gap_ns = 0
        self._told_alerts = 0

    async def start(self) -> str:
        """Start the server; the address it answers at.

        Raises:
            StoreBusyError: the port is taken.
            PowderkegError: it did not come up.
        """
        process = self._process = await Child.start("powderkeg.web.process")
        process.orders.write(msgspec.json.encode(self._options) + b"\n")
        try:
            async with asyncio.timeout(STARTING_S):
                head_length, _ = LENGTHS.unpack(await process.answers.readexactly(LENGTHS.size))
                opened = msgspec.json.decode(await process.answers.readexactly(head_length), type=Opened)
        except (TimeoutError, asyncio.IncompleteReadError):
            process.kill()
            if await process.wait() == StoreBusyError.exit_code:
                where = f"{self._options.host}:{self._options.port}"
                raise StoreBusyError(
                    f"{where} cannot be listened on; is another server there? Take another --port"
                ) from None
            raise PowderkegError("the server did not come up; its own message stands above") from None
        self.address = opened.address
        return self.address

    async def run(self, collector: Collector) -> None:
        """Feed it until cancelled, or until it ends.

        Raises:
            PowderkegError: the server ended by itself.
        """
        assert self._process is not None, "started before"
        collector.session.on_events = self.hear
        ended = asyncio.ensure_future(self._process.wait())
        loop = asyncio.get_running_loop()
        state_at = loop.time()
        self._told_gap_ns = max((gap.to_ns for gap in collector.session.watched.gaps), default=0)
        try:
            while not ended.done():
                self._send_events()
                if loop.time() >= state_at:
                    state_at = max(state_at + STATE_S, loop.time())
                    self._send_state(collector)
                await asyncio.sleep(FEED_S)
        finally:
            collector.session.on_events = None
            ended.cancel()
        raise PowderkegError("the server of the dashboard ended; collection goes on without it")

    @property
    def port(self) -> int:
        """Where the server listens, once started."""
        return int(self.address.rpartition(":")[2])

    @property
    def process_id(self) -> int:
        """Of the server, once started."""
        assert self._process is not None, "started before"
        return self._process.pid

    async def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            await process.end(STOP_S)

    def hear(self, events: Sequence[Event]) -> None:
        """Hold the liquidations among what was decoded."""
        for event in events:
            if type(event) is Liquidation:
                if len(self._held) >= MAX_HELD_EVENTS:
                    self._has_lost = True
                    self.dropped += 1
                else:
                    self._held.append(event)

    def publish(self, kind: FedKind, document: Any) -> bool:
        """Send a document to whoever listens; whether the pipe took it."""
        return self._send(kind, msgspec.json.encode(document))

    def _send_events(self) -> None:
        if self._has_lost and self._send("lost", b""):
            self._has_lost = False
        if self._held:
            held, self._held = self._held, []
            if not self._send("liquidations", msgspec.json.encode(held)):
                self._has_lost = True
                self.dropped += len(held)

    def _send_state(self, collector: Collector) -> None:
        snapshot = collector.snapshot()
        self.publish("totals", totals_document(snapshot))
        self.publish("health", health_document(snapshot))
        self.publish("samples", [*collector.metrics(), ("powderkeg_web_untold_total", {}, float(self.dropped))])
        version = str(snapshot.counters.durable_records)
        self.publish("data", {"as_of": format_instant(snapshot.as_of_ns), "version": version})
        fresh = [gap for gap in collector.session.watched.gaps if gap.to_ns > self._told_gap_ns]
        for gap in fresh:
            self.publish("gap", gap_dict(gap))
            self._told_gap_ns = max(self._told_gap_ns, gap.to_ns)
        new_alerts = min(collector.alert_count - self._told_alerts, len(collector.alerts))
        for line in list(collector.alerts)[len(collector.alerts) - new_alerts :]:
            self.publish("alert", {"at": format_instant(snapshot.as_of_ns), "message": line})
        self._told_alerts = collector.alert_count

    def _send(self, kind: FedKind, body: bytes) -> bool:
        process = self._process
        if process is None or process.orders.is_closing():
            return False
        if process.orders.transport.get_write_buffer_size() > MAX_PIPE_BYTES:
            return False
        process.orders.write(pack(Fed(kind), body))
        return True


def totals_document(snapshot: Snapshot) -> dict[str, Any]:
    """The topic `totals`."""
    return {
        "as_of": format_instant(snapshot.as_of_ns),
        "simulated": snapshot.is_simulated,
        "rebuilding": snapshot.is_rebuilding,
        "windows": {name: table.to_dict() for name, table in snapshot.windows.items()},
    }


def health_document(snapshot: Snapshot) -> dict[str, Any]:
    """The topic `health`."""
    return {
        "as_of": format_instant(snapshot.as_of_ns),
        "rebuilding": snapshot.is_rebuilding,
        "paused": snapshot.counters.is_paused,
        "alerts": snapshot.alerts,
        "venues": [
            {
                "venue": one.venue,
                "states": one.states,
                "polled": one.polled,
                "trouble": one.trouble,
                "frames_per_s": one.frames_per_s,
                **msgspec.structs.asdict(one.counts.delays),
                "events": one.counts.events,
                "rejects": one.counts.rejects,
                "shed": sum(one.counts.shed.values()),
                "gaps": one.counts.gaps,
                "reconnects": one.counts.reconnects,
            }
            for one in snapshot.venues
        ],
    }


def served(show: Watcher, options: ServeOptions, tell: Callable[[str], None]) -> Watcher:
    """A watcher that serves a collector while another shows it.

    Args:
        show: what shows it; when it returns, both end.
        options: where and for whom it is served.
        tell: is told the address, and what goes wrong.
    """

    async def watch(collector: Collector) -> None:
        is_simulated = collector.options.kind == "simulated"
        link = Link(msgspec.structs.replace(options, is_simulated=is_simulated))
        tell(await link.start())
        showing = asyncio.ensure_future(show(collector))
        feeding = asyncio.ensure_future(link.run(collector))
        feeding.add_done_callback(lambda task: _tell_end(task, collector.alert))
        try:
            await showing
        finally:
            for task in (showing, feeding):
                task.cancel()
            await asyncio.gather(showing, feeding, return_exceptions=True)
            await link.stop()

    return watch


def _tell_end(task: asyncio.Task[None], tell: Callable[[str], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        tell(str(error))
