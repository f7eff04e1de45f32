"""`powderkeg alerts`: what would be told, what was told, and whether it arrives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from powderkeg.cli.opened import opened
from powderkeg.cli.options import ConfigOption, DataOption, JsonOption, data_dir

if TYPE_CHECKING:
    from powderkeg.app.alerts.plan import AlertPlan

app = typer.Typer(help="Alerts: rules, previews, tests and history.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every rule with its mode and thresholds, and every sink; addresses are never shown."""
    from powderkeg.app.alerts.plan import thresholds
    from powderkeg.app.alerts.sinks import sink_rows
    from powderkeg.cli.alerts_view import print_plan
    from powderkeg.cli.output import print_json

    plan = _plan(config)
    rows, sinks = thresholds(plan), sink_rows(plan)
    if as_json:
        print_json({"rules": rows, "sinks": sinks})
    else:
        print_plan(rows, sinks, plan)


@app.command()
def preview(
    start: Annotated[str | None, typer.Option(metavar="TIME", help="First instant.", show_default=False)] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Last instant; default the newest event.", show_default=False)
    ] = None,
    window: Annotated[str, typer.Option(metavar="DURATION", help="Before the end, without --start.")] = "24h",
    with_map: Annotated[
        bool, typer.Option("--map", help="Also read map and ladder as they stood; about a second for each reading.")
    ] = False,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay what was recorded and print the alerts it would have given; nothing is sent."""
    from powderkeg.app.alerts.preview import preview as run
    from powderkeg.cli.alerts_view import print_preview
    from powderkeg.cli.output import print_json
    from powderkeg.cli.progress import work_progress

    plan = _plan(config)
    with opened(data_dir(data, config)) as library, work_progress("replaying") as progress:
        found = run(
            library,
            plan,
            start=start,
            end=end,
            window=window,
            with_map=with_map,
            progress=lambda share: progress(round(1_000 * share), 1_000),
        )
    if as_json:
        print_json(found.plain())
    else:
        print_preview(found)


@app.command("test")
def try_sink(
    sink: Annotated[str, typer.Argument(help="telegram, discord, slack, mail or webhook.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one message to a sink and say what came of it."""
    from powderkeg.app.alerts.plan import sink_named
    from powderkeg.app.alerts.sinks import send_test
    from powderkeg.cli.output import print_json

    plan = _plan(config)
    outcome = send_test(plan, sink_named(plan, sink))
    if as_json:
        told = {"sink": sink, "outcome": outcome.kind, "reason": outcome.reason}
        print_json({**told, "retry_after_s": outcome.retry_after_s})
    elif outcome.kind == "sent":
        print(f"{sink}: sent; look whether it arrived")
    else:
        wait = f", it asks to wait {outcome.retry_after_s:g} s" if outcome.retry_after_s else ""
        print(f"{sink}: not sent ({outcome.kind}): {outcome.reason}{wait}")
    if outcome.kind != "sent":
        raise typer.Exit(1)


@app.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What was told, and what became of it at each sink."""
    from powderkeg.app.alerts.sinks import read_told
    from powderkeg.cli.alerts_view import print_history
    from powderkeg.cli.output import print_json

    folder: Path = data_dir(data, config)
    told = read_told(folder, limit)
    if as_json:
        print_json(told.plain())
    else:
        print_history(told)


def _plan(config: Path | None) -> AlertPlan:
    from powderkeg.app.alerts.plan import plan_of
    from powderkeg.app.config import load_config

    return plan_of(load_config(config).alerts)
