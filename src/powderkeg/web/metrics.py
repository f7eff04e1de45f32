"""`/metrics`: counters in the text format of Prometheus.

Source: Prometheus docs, "Exposition formats", text-based format 0.0.4, read 2026-11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from powderkeg.app.live.counters import Sample, help_of
from powderkeg.domain.errors import StoreError
from powderkeg.notify.outbox import outbox_path, read_waiting
from powderkeg.web.site import Site

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"

HELP: Final = {
    "powderkeg_web_connections": "open connections of this server",
    "powderkeg_web_listeners": "readers of streams, server-sent events and WebSockets together",
    "powderkeg_web_evicted_total": "readers cut off: they fell behind (slow), took nothing (stalled), or events were "
    "lost before they came here (lost)",
    "powderkeg_web_messages_total": "messages published to streams",
    "powderkeg_web_untold_total": "liquidations the collector could not hand to this server; readers began again",
    "powderkeg_web_answers_total": "questions answered by worker processes",
    "powderkeg_web_timeouts_total": "questions that took longer than their lane allows",
    "powderkeg_web_questions": "questions asked and not answered yet, by lane",
    "powderkeg_web_refused_total": "requests answered with an error on purpose, by its code",
    "powderkeg_web_upkeep_waiting": "coins whose maps are still to be calibrated in the background",
    "powderkeg_web_upkeep_failures_total": "work in the background that failed; the log says why",
    "powderkeg_alerts_waiting": "messages in the outbox that are not delivered yet, by sink",
    "powderkeg_alerts_sink_off": "1 where a sink refused us and nothing is sent to it until its setting changes",
}
"""What this server counts itself; `counters.help_of` has what the session that feeds it does."""


async def metrics_text(site: Site, refused: dict[str, int]) -> bytes:
    """Everything counted: of this server, of the outbox of alerts, then of the session that feeds the server."""
    alerts = await asyncio.to_thread(_alerts, site)
    return render([*_own(site, refused), *alerts, *site.samples]).encode()


def render(samples: Iterable[Sample]) -> str:
    """Samples as text, those of one name together behind what it is and its type."""
    by_name: dict[str, list[str]] = {}
    for name, labels, number in samples:
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        by_name.setdefault(name, []).append(f"{name}{{{told}}} {number!r}" if told else f"{name} {number!r}")
    lines: list[str] = []
    for name, rows in by_name.items():
        lines.append(f"# HELP {name} {HELP.get(name) or help_of(name)}")
        lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
        lines += rows
    return "\n".join(lines) + "\n"


def _own(site: Site, refused: dict[str, int]) -> Iterator[Sample]:
    yield "powderkeg_web_connections", {}, float(site.connection_count())
    yield "powderkeg_web_listeners", {}, float(len(site.hub.listeners))
    yield "powderkeg_web_messages_total", {}, float(site.hub.published)
    yield "powderkeg_web_answers_total", {}, float(site.desk.answered)
    yield "powderkeg_web_timeouts_total", {}, float(site.desk.timeouts)
    for lane, count in site.desk.asked.items():
        yield "powderkeg_web_questions", {"lane": lane}, float(count)
    for code, count in sorted(site.hub.evicted.items()):
        yield "powderkeg_web_evicted_total", {"code": code}, float(count)
    for code, count in sorted(refused.items()):
        yield "powderkeg_web_refused_total", {"code": code}, float(count)
    if site.upkeep is not None:
        yield "powderkeg_web_upkeep_waiting", {}, float(site.upkeep.waiting)
        for work, count in sorted(site.upkeep.failures.items()):
            yield "powderkeg_web_upkeep_failures_total", {"work": work}, float(count)


def _alerts(site: Site) -> list[Sample]:
    """What waits at each sink; nothing where that cannot be read now, which is not the same as nothing waiting."""
    found: list[Sample] = []
    with suppress(StoreError):
        for sink, waiting in read_waiting(outbox_path(site.data_dir)):
            found.append(("powderkeg_alerts_waiting", {"sink": sink.name}, float(waiting)))
            found.append(("powderkeg_alerts_sink_off", {"sink": sink.name}, float(bool(sink.off_reason))))
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
