"""`powderkeg collect` against simulated venues, on the clock of their story.

For runs that have to come out the same twice: all is as in the command, but when frames came is read off the frames.
Run as `python -m powderkeg.bench.story_collector`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.app.live.collector import Collector
from powderkeg.app.live.running import options_of, run_collector
from powderkeg.testing.squeeze import START_NS
from powderkeg.testing.story_clock import StoryClock

EVERY_S: Final = 1.0


def main() -> None:
    """Collect until SIGINT; a snapshot a second on standard output."""
    parser = argparse.ArgumentParser(prog="python -m powderkeg.bench.story_collector", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--coin", action="append", required=True)
    parser.add_argument("--url-override", action="append", required=True, metavar="VENUE=URL")
    words = parser.parse_args()
    options = options_of(
        words.coin, data_dir=words.data, with_books=True, with_rest=False, overrides=words.url_override
    )
    clock = StoryClock(START_NS)
    _tell(run_collector(options, watch=_report, clock=clock, stamper=clock.stamper))


async def _report(collector: Collector) -> None:
    while True:
        await asyncio.sleep(EVERY_S)
        _tell(collector)


def _tell(collector: Collector) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(collector.snapshot().to_dict()) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
