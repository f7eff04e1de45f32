"""Simulated venues in a process of their own: `python -m powderkeg.testing.venues --seed 7 --port-file ports.json`.

The port file appears, whole, once every venue listens: `{"base_urls": {"bybit": "ws://127.0.0.1:40001", ...}, ...}`.
The ledger file appears when the story is over or the process is told to stop. The process always ends by itself:
`--linger` seconds after the story, and after `--bound` seconds whatever happens.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S
from powderkeg.testing.squeeze import START_NS
from powderkeg.testing.venues.faults import FAULTS, Fault, random_faults
from powderkeg.testing.venues.fleet import SimulatedVenues
from powderkeg.testing.venues.scenario import SIMULATED, Scenario
from powderkeg.testing.venues.server import Playback
from powderkeg.testing.venues.squeeze_story import SqueezeStory

BOUND_S: Final = 3_600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the story is over; exit code 2 for bad use."""
    options = _parser().parse_args(arguments)
    try:
        fleet = _fleet(options)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    asyncio.run(_run(fleet, options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m powderkeg.testing.venues", description="Simulated exchanges.")
    parser.add_argument("--story", choices=("synthetic", "squeeze"), default="synthetic")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same bytes (default 7)")
    parser.add_argument("--venues", default=",".join(SIMULATED), help="slugs, comma separated (synthetic story)")
    parser.add_argument("--rate", type=float, default=2_000.0, help="messages per second of all seven venues")
    parser.add_argument("--liquidation-share", type=float, default=0.01, help="liquidations per message")
    parser.add_argument("--seconds", type=int, default=60, help="length of the story")
    parser.add_argument("--squeeze-seconds", type=int, help="the squeeze takes only so much of its story")
    parser.add_argument("--now", action="store_true", help="event times begin now instead of on a fixed day")
    parser.add_argument("--start-ns", type=int, help="event times begin at this instant, and frames are sent on time")
    parser.add_argument("--speed", type=float, default=1.0, help="story seconds per second; 0: as fast as clients read")
    parser.add_argument("--faults", action="store_true", help="random faults from --fault-seed")
    parser.add_argument("--fault-names", default=",".join(FAULTS), help="which faults to draw from, comma separated")
    parser.add_argument("--fault-seed", type=int, default=0)
    parser.add_argument("--fault-every", type=float, default=20.0, help="mean seconds between faults of a venue")
    parser.add_argument("--patient", action="store_true", help="stand still until clients that were cut off are back")
    parser.add_argument("--held", action="store_true", help="wait for GET /simulator/begin on every venue")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds to wait for clients to have read all")
    parser.add_argument("--linger", type=float, default=5.0, help="seconds to stay after the end")
    parser.add_argument("--bound", type=float, default=BOUND_S, help="seconds after which the process ends anyway")
    parser.add_argument("--port-file", type=Path)
    parser.add_argument("--ledger-file", type=Path)
    return parser


def _fleet(options: argparse.Namespace) -> SimulatedVenues:
    start_ns = options.start_ns or (int(time.time()) * NS_PER_S if options.now else START_NS)
    story: Scenario | SqueezeStory
    if options.story == "squeeze":
        story = SqueezeStory(
            seed=options.seed, duration_s=options.seconds, start_ns=start_ns, squeeze_s=options.squeeze_seconds
        )
        story.prepare()
    else:
        venues = tuple(filter(None, str(options.venues).split(",")))
        story = Scenario(
            seed=options.seed,
            venues=venues,
            messages_per_s=options.rate,
            liquidation_share=options.liquidation_share,
            duration_s=options.seconds,
            start_ns=start_ns,
        )
    faults: tuple[Fault, ...] = ()
    if options.faults:
        faults = random_faults(
            options.fault_seed,
            venues=story.venues,
            start_ns=start_ns,
            duration_s=options.seconds,
            every_s=options.fault_every,
            names=[name for name in FAULTS if name in str(options.fault_names).split(",")],
        )
    playback = Playback(
        speed=options.speed or None,
        is_patient=options.patient,
        is_held=options.held,
        is_on_time=options.start_ns is not None,
    )
    return SimulatedVenues(story, faults=faults, fault_seed=options.fault_seed, playback=playback)


async def _run(fleet: SimulatedVenues, options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.call_later(options.bound, stopped.set)
    async with fleet:
        if options.port_file is not None:
            _write(options.port_file, {"base_urls": fleet.base_urls, "pid": os.getpid()})
        ending = asyncio.create_task(_end(fleet, options.settle))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({ending, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if options.ledger_file is not None:
            _write(options.ledger_file, fleet.document())
        if ending.done():
            ending.result()
            await asyncio.wait({waiting}, timeout=options.linger)
        ending.cancel()
        waiting.cancel()


async def _end(fleet: SimulatedVenues, settle_s: float) -> None:
    await fleet.ended()
    try:
        await fleet.settle(settle_s)
    except TimeoutError:
        sys.stderr.write(f"a client did not confirm within {settle_s} s that it has read everything\n")


def _write(path: Path, document: object) -> None:
    """Whole or not at all: whoever waits for the file must not read half of it."""
    fresh = path.with_name(path.name + ".tmp")
    fresh.write_bytes(msgspec.json.encode(document))
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
