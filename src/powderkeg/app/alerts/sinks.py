"""Sinks as people ask about them: which there are, whether one works, and what was told."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from powderkeg.alerts.delivery import Outcome, SinkState
from powderkeg.alerts.message import Alert, Message
from powderkeg.app.alerts.plan import AlertPlan
from powderkeg.app.alerts.preview import plain_alert
from powderkeg.domain.errors import ConfigError
from powderkeg.notify.deliver import check, deliver
from powderkeg.notify.outbox import Told, outbox_path, read_history
from powderkeg.notify.sinks import SINK_KINDS, Sink


class ToldAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """History, newest first, and the sinks as they stand; `path` is the outbox, which may not exist yet."""

    rows: list[Told]
    sinks: list[SinkState]
    path: Path

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rows": [
                {
                    **plain_alert(told.alert),
                    "deliveries": [
                        {"sink": one.sink, "state": one.state, "attempts": one.attempts, "reason": one.reason}
                        for one in told.deliveries
                    ],
                }
                for told in self.rows
            ],
            "sinks": [{"sink": one.name, "is_on": not one.off_reason, "reason": one.off_reason} for one in self.sinks],
        }


def sink_rows(plan: AlertPlan) -> list[dict[str, Any]]:
    """Every kind of sink: whether it is set, and why it cannot be used where it cannot."""
    found: list[dict[str, Any]] = []
    known = {sink.kind: sink for sink in plan.sinks}
    for kind in SINK_KINDS:
        problem = ""
        if kind in known:
            try:
                check(known[kind], plan.allowed)
            except ConfigError as error:
                problem = str(error)
        found.append({"sink": kind, "is_set": kind in known, "problem": problem})
    return found


def send_test(plan: AlertPlan, sink: Sink) -> Outcome:
    """One message, now, past digest and quiet hours."""
    now_ns = time.time_ns()
    alert = Alert(
        key=f"test/{sink.kind}/{now_ns}",
        rule="test",
        subject=sink.kind,
        at_ns=now_ns,
        headline="powderkeg: this is a test",
        detail="If you can read this, alerts arrive here",
        sureness="sent by hand; it says nothing about any market.",
        path="/health",
        strength=0.0,
    )
    message = Message(key=alert.key, at_ns=now_ns, why="alert", alerts=(alert,))
    return deliver(sink, message, base_url=plan.dashboard, allowed=plan.allowed, now_s=now_ns / 1e9)


def read_told(data_dir: Path, limit: int) -> ToldAlerts:
    """What was told in a data directory.

    Raises:
        StoreError: the outbox cannot be read.
    """
    path = outbox_path(data_dir)
    rows, sinks = read_history(path, limit)
    return ToldAlerts(rows=rows, sinks=sinks, path=path)
