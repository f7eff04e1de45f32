"""`powderkeg demo` in a terminal: simulated venues, the real collector, and the dashboard on top of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from powderkeg.app.alerts.beside import alerting
from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.app.live.demo import run_shown_demo
from powderkeg.app.live.running import Watcher
from powderkeg.cli.serve_options import tell_address
from powderkeg.cli.watch import idle, say
from powderkeg.domain.time import NS_PER_S, parse_duration
from powderkeg.web.link import served
from powderkeg.web.options import PORT, ServeOptions
from powderkeg.web.server import is_free

SHOWN_ALERTS: Final = AlertSettings(enabled=True, fuel_near_price="off", reproduction_above_one="off")
"""Alerts of the demo are shown and go nowhere, whatever the settings: what is simulated must not wake anyone. Maps are
read for the dashboard already."""


def show_served_demo(
    *, seed: int, data_dir: Path | None, port: int | None, open_: bool, exit_after: str | None, as_json: bool
) -> None:
    """Run it until an interrupt, or for so long."""
    chosen = port if port is not None else PORT if is_free(PORT) else 0
    if not as_json:
        print("SIMULATED: four venues, nothing here was traded by anyone; shorts begin to be closed within a minute")
    tell = tell_address(as_json=as_json, open_=open_ and sys.stdout.isatty())

    def watch_of(folder: Path) -> Watcher:
        show = idle if as_json or sys.stdout.isatty() else say
        options = ServeOptions(
            data_dir=str(folder), port=chosen, is_scored=False
        )  # the past is scored where it is made
        return alerting(served(show, options, tell), folder, SHOWN_ALERTS)

    run_shown_demo(
        seed=seed,
        data_dir=data_dir,
        watch_of=watch_of,
        tell=lambda line: print(f"! {line}", file=sys.stderr, flush=True),
        for_s=parse_duration(exit_after) / NS_PER_S if exit_after else None,
    )
