"""`/metrics`: counters in the text format of Prometheus.

Source: Prometheus docs, "Exposition formats", text-based format 0.0.4, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from powderkeg.web.feeding import Sample
from powderkeg.web.site import Site

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def metrics_text(site: Site, refused: dict[str, int]) -> bytes:
    """Everything counted: of this server, then of the session that feeds it."""
    return render([*_own(site, refused), *site.samples]).encode()


def render(samples: Iterable[Sample]) -> str:
    """Samples as text, those of one name together behind their type."""
    by_name: dict[str, list[str]] = {}
    for name, labels, number in samples:
        assert _NAME.fullmatch(name), "names are ours"
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        by_name.setdefault(name, []).append(f"{name}{{{told}}} {number!r}" if told else f"{name} {number!r}")
    lines: list[str] = []
    for name, rows in by_name.items():
        lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
        lines += rows
    return "\n".join(lines) + "\n"


def _own(site: Site, refused: dict[str, int]) -> Iterator[Sample]:
    yield "powderkeg_web_connections", {}, float(site.connection_count())
    yield "powderkeg_web_listeners", {}, float(len(site.hub.listeners))
    yield "powderkeg_web_messages_total", {}, float(site.hub.published)
    yield "powderkeg_web_answers_total", {}, float(site.desk.answered)
    yield "powderkeg_web_timeouts_total", {}, float(site.desk.timeouts)
    for code, count in sorted(site.hub.evicted.items()):
        yield "powderkeg_web_evicted_total", {"code": code}, float(count)
    for code, count in sorted(refused.items()):
        yield "powderkeg_web_refused_total", {"code": code}, float(count)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
