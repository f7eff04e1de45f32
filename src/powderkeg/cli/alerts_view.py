"""Alerts as tables and paragraphs."""

from __future__ import annotations

from typing import Any, Final

from rich.text import Text

from powderkeg.alerts.message import Alert
from powderkeg.app.alerts.plan import AlertPlan
from powderkeg.app.alerts.preview import Preview
from powderkeg.app.alerts.sinks import ToldAlerts
from powderkeg.cli.output import console, table
from powderkeg.domain.time import format_duration, format_instant

SHOWN: Final = 60


def print_plan(rows: list[dict[str, Any]], sinks: list[dict[str, Any]], plan: AlertPlan) -> None:
    """Rules, sinks and when."""
    out = console()
    view = table("rule", "mode", "thresholds")
    for row in rows:
        told = ", ".join(f"{name} {_number(held)}" for name, held in row["parameters"].items())
        view.add_row(row["rule"], row["mode"], told)
    out.print(view)
    view = table("sink", "state")
    for row in sinks:
        view.add_row(row["sink"], row["problem"] or ("set" if row["is_set"] else "not set"))
    out.print(view)
    policy = plan.policy
    digest = f"gathered for {format_duration(policy.digest_ns)}" if policy.digest_ns else "sent one by one"
    quiet = ""
    if policy.quiet is not None:
        begin, end = policy.quiet.from_minute, policy.quiet.to_minute
        quiet = f", quiet {begin // 60:02}:{begin % 60:02} to {end // 60:02}:{end % 60:02} {policy.quiet.zone}"
    out.print(f"Alerts are {digest}{quiet}.", markup=False)


def print_preview(found: Preview) -> None:
    """The alerts, and how many messages they would have been."""
    out = console()
    if found.is_simulated:
        out.print(Text(" SIMULATED ", style="reverse"))
    span = f"{format_instant(found.from_ns)} to {format_instant(found.to_ns)}"
    out.print(f"{span}: {found.observation_count:,} observations", markup=False)
    for alert in found.alerts[:SHOWN]:
        _print_alert(alert)
    more = found.alert_count - min(SHOWN, len(found.alerts))
    if more > 0:
        out.print(f"and {more:,} more; --json has them", markup=False)
    count = len(found.messages)
    out.print(f"{found.alert_count:,} alerts, {count:,} message{'' if count == 1 else 's'} would have been sent.")
    if not found.with_map:
        out.print("Rules about the map were not asked; --map asks them.", style="dim")
    for coin, reason in found.missing.items():
        out.print(f"{coin}: {reason}", style="dim", markup=False)


def print_history(told: ToldAlerts) -> None:
    """What was told, newest first."""
    out = console()
    if not told.rows:
        out.print("nothing was told yet; alerts are watched for beside collect, watch and serve, see docs/alerts.md")
    for row in told.rows:
        _print_alert(row.alert)
        states = [
            f"{one.sink} {one.state.replace('_', ' ')}{f' ({one.reason})' if one.reason else ''}"
            for one in row.deliveries
        ]
        fallback = "silent" if row.alert.is_silent else "to no sink, or waiting for a digest"
        out.print(Text("  " + ("; ".join(states) or fallback), style="dim"))
    for sink in told.sinks:
        if sink.off_reason:
            out.print(Text(f"{sink.name} is off: {sink.off_reason}", style="bold"))


def _print_alert(alert: Alert) -> None:
    out = console()
    mark = " SIMULATED" if alert.is_simulated else ""
    stamp = format_instant(alert.at_ns)[:19].replace("T", " ")
    out.print(Text.assemble(f"{stamp} ", (alert.headline, "bold"), (mark, "reverse")))
    out.print(Text(f"  {alert.detail}. {alert.sureness}", style="dim"))


def _number(held: float) -> str:
    return f"{held:,.6g}" if abs(held) < 1e5 else f"{held / 1e6:g}e6"
