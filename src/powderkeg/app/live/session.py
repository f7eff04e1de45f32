"""A live session: what feeds deliver goes in, numbers come out, and everything in between is bounded and counted.

One thread, the event loop's, runs all of it but the commits (`recorder.py`). `take` is called for every frame and does
no more than it must; decoding is done in turns, a slice of each venue's queue at a time, so that a venue with a flood,
or with frames that are costly to refuse, delays the others by one slice.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.live.admission import Admission, Lane
from powderkeg.app.live.counters import Counters, VenueTally
from powderkeg.app.live.queues import MAX_FRAMES, VenueQueue
from powderkeg.app.live.rebuild import Rebuilt
from powderkeg.app.live.recorder import JournalKind, Recorder
from powderkeg.app.live.watched import Watched
from powderkeg.app.pipeline import Pipeline
from powderkeg.domain.events import Event, FeedGap, FundingRate, LongShortRatio, OpenInterest
from powderkeg.domain.time import NS_PER_S
from powderkeg.store.decode import CONTINUED, Decoder, DecoderState, RejectedRecord, continued_header
from powderkeg.store.journal_format import Record
from powderkeg.store.overlap import handed_on
from powderkeg.store.spans import backfill_note

SLICE_FRAMES: Final = 64
SLICE_BYTES: Final = 64 * 1024
"""Frames of one venue decoded before it is the next one's turn, and their bytes, after which a slice ends as well: half
a millisecond of usual frames. A larger frame is a slice by itself; one of a thousand entries, some bad, takes four."""

TURN_S: Final = 0.004
"""How long decoding may keep the loop before sockets are looked at again."""

LONG_TURN_S: Final = 0.02
"""The same where a queue is behind: sockets then wait, and venues with them, instead of frames being shed."""

BEHIND_FRAMES: Final = 8_192
"""From this many waiting frames of one venue on, a session is behind: half a second at 20,000 a second, far below the
bound at which anything is shed."""

UNHURRIED: Final[tuple[type[Event], ...]] = (FundingRate, LongShortRatio, OpenInterest)
"""Told, or polled, when their time is long past: their age says nothing about a connection."""

LATEST_REJECTS: Final = 20
"""Refusals kept for showing; all are counted, and the archive lists them."""


class LiveSession:
    """Takes frames of any number of connections; all methods are for one thread.

    Args:
        data_dir: where the journals are.
        name: the collector's.
        kind: of the journals.
        wall_ns: UTC now, ns.
        call_soon: runs a function soon, after sockets were looked at (`loop.call_soon`).
        call_soon_threadsafe: the same from another thread.
        alert: takes a line for the operator.
        max_frames: bound of each venue's queue.
    """

    def __init__(
        self,
        data_dir: Path,
        name: str,
        *,
        kind: JournalKind = "live",
        wall_ns: Callable[[], int] = time.time_ns,
        call_soon: Callable[[Callable[[], None]], object],
        call_soon_threadsafe: Callable[[Callable[[], None]], object],
        alert: Callable[[str], None] = lambda _: None,
        max_frames: int = MAX_FRAMES,
    ) -> None:
        self.recorder = Recorder(
            data_dir,
            name,
            kind=kind,
            on_pause=self._pause_of_thread,
            on_resume=self._resume_of_thread,
        )
        self.pipeline = Pipeline()
        self.watched = Watched()
        self.tallies: dict[str, VenueTally] = {}
        self.lanes: dict[str, Lane] = {}
        self.rejects: deque[tuple[str, RejectedRecord]] = deque(maxlen=LATEST_REJECTS)
        self.pauses = 0
        self.started_ns = wall_ns()
        self.on_day_end: Callable[[str], None] = lambda _: None  # told the journal that is being sealed
        self.on_events: Callable[[Sequence[Event]], None] | None = None  # told what was decoded, once it is counted
        self._wall_ns = wall_ns
        self._call_soon = call_soon
        self._call_soon_threadsafe = call_soon_threadsafe
        self._alert = alert
        self._max_frames = max_frames
        self._admission = Admission(self.recorder, self.gap)
        self._queues: dict[str, VenueQueue] = {}
        self._round: deque[VenueQueue] = deque()
        self._is_turn_due = False
        self._decoder: Decoder | None = None  # until the past is rebuilt, frames are journaled and wait
        self._paused_since_ns: int | None = None

    # Beginning and end.

    def start(self) -> tuple[str, int]:
        """Open the journal; its id, and the last batch of what stood in it, for `rebuild`.

        Raises:
            StoreBusyError: another process writes it.
            StoreError: it cannot be made.
        """
        journal = self.recorder.start(self._wall_ns())
        return self.recorder.journal_id, journal.progress.last_seq

    def go_on_from(self, past: Rebuilt) -> None:
        """Take over the rebuilt past and begin to decode."""
        self.pipeline = past.pipeline
        for gap in self.watched.take_over(past.observed, past.watched_until_ns, past.gaps):
            self.gap(gap)
        for problem in past.problems:
            self._alert(problem)
        self._decoder = Decoder(self.recorder.connections, None, past.decoder_state)
        self._schedule()

    @property
    def is_rebuilding(self) -> bool:
        """The past is still being read; frames are journaled and wait."""
        return self._decoder is None

    def stop(self) -> None:
        """Decode what waits, end connections and gaps, make everything durable.

        Raises:
            StoreError: the disk refuses the last of it.
        """
        at_ns = self._wall_ns()
        if self._decoder is not None:
            self.drain()
        for key in list(self.lanes):
            self.closed(key, at_ns)
        self._admission.ledger.end_all(at_ns)
        self._end_pause(at_ns)
        self.recorder.stop()

    def tick(self) -> None:
        """Hand over what is staged; call it every `recorder.TICK_S`, also when nothing comes.

        Raises:
            StoreError: the journal cannot be written any more.
        """
        now_ns = self._wall_ns()
        if now_ns >= self.recorder.day_end_ns:
            self._begin_day(now_ns)  # a quiet session ends its day too
        self.recorder.tick()

    # What feeds report.

    def opened(self, key: str, venue: str, stream: str, at_ns: int) -> None:
        """A connection stands; `stream` names its classes joined by `+`."""
        tally = self.tally(venue)
        tally.opened += 1
        queue = self._queues.get(venue)
        if queue is None:
            queue = self._queues[venue] = VenueQueue(venue, max_frames=self._max_frames)
        connection_id = self.recorder.connect(venue=venue, stream=stream, opened_ns=at_ns)
        self.lanes[key] = Lane(connection_id, venue, stream, at_ns, queue, tally)
        for gap in self.watched.opened(venue, stream, at_ns):
            self.gap(gap)

    def closed(self, key: str, at_ns: int, *, is_lost: bool = False) -> None:
        """A connection ended; `is_lost` if nobody asked for it."""
        lane = self.lanes.pop(key, None)
        if lane is None:
            return
        lane.tally.closed += 1
        lane.tally.reconnects += is_lost
        self.recorder.disconnect(lane.connection_id, at_ns)
        self.watched.closed(lane.venue, lane.stream, (lane.opened_ns, at_ns))
        if all(other.venue != lane.venue for other in self.lanes.values()):
            self._admission.ledger.end_all(at_ns, venue=lane.venue)

    def gap(self, gap: FeedGap) -> None:
        """Streams were not observed; the journal and every number that spans it will say so, stream by stream."""
        if gap.to_ns <= gap.from_ns:
            return
        tally = self.tally(gap.venue)
        tally.gaps += 1
        tally.gap_ns += gap.to_ns - gap.from_ns
        for stream in gap.stream.split("+"):
            one = msgspec.structs.replace(gap, stream=stream)
            self.recorder.gap(one)
            self.watched.gap(one)

    def backfilled(self, gap: FeedGap) -> None:
        """A venue has told all the liquidations it keeps of a gap; the gap stays noted, and this beside it."""
        self.recorder.gap(backfill_note(gap))
        self.watched.backfilled(gap)

    def take(self, key: str, received_ns: int, payload: bytes) -> None:
        """A frame came: admit it or not, journal it, queue it."""
        lane = self.lanes[key]
        queue = lane.queue
        if self._admission.needs_look(queue) and not self._admission.admit(lane, received_ns, payload):
            return
        if received_ns >= self.recorder.day_end_ns:
            self._begin_day(received_ns)
            lane = self.lanes[key]
        record = Record(lane.connection_id, received_ns, payload)
        self.recorder.append(record)
        queue.push(record)
        if not queue.is_active:
            queue.is_active = True
            self._round.append(queue)
            self._schedule()

    # Decoding.

    def drain(self) -> None:
        """Decode everything that waits, however long it takes."""
        while self._round:
            self._serve(self._round.popleft())

    @property
    def queued(self) -> int:
        """Frames journaled and not decoded yet."""
        return sum(len(queue.frames) for queue in self._queues.values())

    def _schedule(self) -> None:
        if not self._is_turn_due and self._round and self._decoder is not None:
            self._is_turn_due = True
            self._call_soon(self._turn)

    def _turn(self) -> None:
        self._is_turn_due = False
        is_behind = any(len(queue.frames) >= BEHIND_FRAMES for queue in self._round)
        until = time.perf_counter() + (LONG_TURN_S if is_behind else TURN_S)
        while self._round:
            self._serve(self._round.popleft())
            if time.perf_counter() >= until:
                break
        self._schedule()

    def _serve(self, queue: VenueQueue) -> None:
        """Decode a slice of one venue's frames."""
        assert self._decoder is not None
        tally = self.tallies[queue.venue]
        decode, update, repeated = self._decoder.decode, self.pipeline.update, self._decoder.repeated
        tell, connections = self.on_events, self.recorder.connections
        first_ns, end_bytes = queue.frames[0].position, tally.raw_bytes + SLICE_BYTES
        count = 0
        while queue.frames and count < SLICE_FRAMES and tally.raw_bytes < end_bytes:
            record = queue.pop()
            count += 1
            tally.raw_bytes += len(record.payload)
            try:
                events, rejects = decode(record)
                update(events)
                if tell is not None and events:
                    tell(events)
            except Exception as error:  # noqa: BLE001 - a bug of ours in one venue's frames must not stop the others
                self._failed(tally, error)
                continue
            if events:
                tally.events += len(events)
                kind = type(events[0])
                tally.by_kind[kind] = tally.by_kind.get(kind, 0) + len(events)
                if kind not in UNHURRIED and events[0].ts_event_ns >= connections[record.connection_id].opened_ns:
                    tally.lag.add(record.position - events[0].ts_event_ns)
            if rejects:
                tally.rejects += len(rejects)
                self.rejects.extend((queue.venue, reject) for reject in rejects)
            tally.last_received_ns = record.position
        tally.frames += count
        tally.repeated += self._decoder.repeated - repeated
        tally.delay.add(self._wall_ns() - first_ns, count)  # of the longest waiting of the slice, to be safe
        if queue.frames:
            self._round.append(queue)
        else:
            queue.is_active = False

    def _failed(self, tally: VenueTally, error: Exception) -> None:
        tally.failures += 1
        if tally.failures == 1:
            self._alert(f"{tally.venue}: our code failed on a frame ({error!r}); it is journaled, please report it")

    # Days and pauses.

    def _begin_day(self, now_ns: int) -> None:
        """Go on in the journal of the new day: connections are carried over, memories are handed on."""
        decoder = self._decoder
        if decoder is None:
            return  # the past is not rebuilt yet: the old journal takes a little of the new day
        self.drain()
        boundary_ns = self.recorder.day_end_ns
        memories = {key: decoder.memory(lane.connection_id) for key, lane in self.lanes.items()}
        state: DecoderState = handed_on(decoder.state())
        for lane in self.lanes.values():
            self.recorder.disconnect(lane.connection_id, boundary_ns)
        ended = self.recorder.journal_id
        self.recorder.begin_day(now_ns)
        for key, lane in self.lanes.items():
            connection_id = self.recorder.connect(
                venue=lane.venue,
                stream=lane.stream,
                opened_ns=boundary_ns,
                format=CONTINUED,
                header=continued_header(memories[key]),
            )
            self.lanes[key] = lane._replace(connection_id=connection_id)
        self._decoder = Decoder(self.recorder.connections, None, state)
        self.on_day_end(ended)

    def _pause_of_thread(self, reason: str) -> None:
        self._call_soon_threadsafe(lambda: self._paused(reason))

    def _resume_of_thread(self) -> None:
        self._call_soon_threadsafe(self._resumed)

    def _paused(self, reason: str) -> None:
        self.pauses += 1
        self._paused_since_ns = self._wall_ns()
        self._alert(f"collection paused, trying again until it works: {reason}")

    def _resumed(self) -> None:
        at_ns = self._wall_ns()
        if self._paused_since_ns is not None:
            self._alert(f"collection goes on after {(at_ns - self._paused_since_ns) / NS_PER_S:.1f} s")
        self._end_pause(at_ns)

    def _end_pause(self, at_ns: int) -> None:
        if self._paused_since_ns is not None:
            self._paused_since_ns = None
            self._admission.ledger.end_all(at_ns)

    # Counting.

    def tally(self, venue: str) -> VenueTally:
        """The counters of a venue."""
        found = self.tallies.get(venue)
        if found is None:
            found = self.tallies[venue] = VenueTally(venue)
        return found

    def turn_delays(self) -> None:
        """Begin a new period of delays; call it once a minute."""
        for tally in self.tallies.values():
            tally.lag.turn()
            tally.delay.turn()

    def counters(self) -> Counters:
        """Everything counted, as it stands now."""
        recorder = self.recorder
        return Counters(
            started_ns=self.started_ns,
            as_of_ns=self._wall_ns(),
            venues=tuple(tally.counts() for _, tally in sorted(self.tallies.items())),
            queued=self.queued,
            unsaved_ratio=recorder.fill,
            durable_records=recorder.durable_records,
            commits=recorder.commits,
            slowest_commit_ms=recorder.slowest_commit_s * 1e3,
            pauses=self.pauses,
            is_paused=recorder.is_paused,
        )
