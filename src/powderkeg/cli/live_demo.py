"""`powderkeg demo --live`: what the collector sees of simulated venues, and what really happened there."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.text import Text

from powderkeg.app.live.demo import LiveDemo, run_live_demo
from powderkeg.app.live.running import Watcher
from powderkeg.cli.demo_view import SIMULATED
from powderkeg.cli.live_view import live_view
from powderkeg.cli.output import compact_usd, console, print_json, table
from powderkeg.cli.watch import draw, idle, say


def show_live_demo(*, seed: int, seconds: int, data_dir: Path | None, as_json: bool) -> None:
    """Run it and print it."""
    watch: Watcher = idle if as_json else draw if sys.stdout.isatty() else say
    result = run_live_demo(seed=seed, seconds=seconds, data_dir=data_dir, watch=watch)
    if as_json:
        truth = {"truth_usd": result.truth_usd, "told_usd": result.told_usd}
        account = {"sent": result.sent, "stored": result.stored}
        print_json({"simulated": True, "seed": seed, **account, **truth, **result.last.to_dict()})
        return
    out = console()
    out.print(live_view(result.last))
    out.print()
    _print_account(result)


def _print_account(result: LiveDemo) -> None:
    seen: dict[str, float] = {}
    for row in result.last.windows["24h"].rows:
        seen[str(row.venue)] = seen.get(str(row.venue), 0.0) + (row.total_usd or 0.0)
    numbers = ("seen", "told by the feed", "truth")
    view = table("venue", *numbers, right=numbers)
    for venue, truth_usd in result.truth_usd.items():
        cells = (compact_usd(seen.get(venue, 0.0)), compact_usd(result.told_usd[venue]))
        view.add_row(venue, *cells, Text(compact_usd(truth_usd), style="reverse"))
    out = console()
    out.print(view)
    out.print(f"{result.sent:,} messages sent, {result.stored:,} stored", style="dim")
    out.print(Text.assemble(SIMULATED, f" seed {result.seed}; nothing here was traded by anyone"))
