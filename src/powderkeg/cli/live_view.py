"""How a running collector looks: one status line, or a table that is drawn again at most four times a second."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from powderkeg.app.live.snapshot import Snapshot, VenueStatus
from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, table
from powderkeg.domain.time import format_instant
from powderkeg.stats.liquidation_rows import LiquidationRow

SHOWN_ROWS = 24
STATE_STYLES = {"LIVE": "green", "QUIET": "cyan", "CONNECTING": "yellow", "STALE": "bold yellow", "DOWN": "bold red"}


def status_line(snapshot: Snapshot) -> str:
    """Everything that matters in one line, for logs."""
    counters = snapshot.counters
    rate = sum(venue.frames_per_s for venue in snapshot.venues)
    delays = [venue.counts.delays.delay_p99_ms for venue in snapshot.venues]
    words = [
        format_instant(snapshot.as_of_ns)[:19] + "Z",
        *(["SIMULATED"] if snapshot.is_simulated else []),
        f"{rate:,.0f} frames/s",
        f"p99 {max((delay for delay in delays if delay is not None), default=0.0):.3g} ms",
        f"stored {counters.durable_records:,}",
        f"shed {counters.shed:,}",
        f"gaps {sum(venue.counts.gaps for venue in snapshot.venues)}",
        f"reconnects {sum(venue.counts.reconnects for venue in snapshot.venues)}",
        f"rejects {sum(venue.counts.rejects for venue in snapshot.venues):,}",
        *(["PAUSED"] if counters.is_paused else []),
        *(f"{venue.venue} {_worst(venue)}" for venue in snapshot.venues),
    ]
    return " | ".join(words)


def live_view(snapshot: Snapshot, coins: Collection[str] | None = None) -> RenderableType:
    """Totals by coin and venue over four windows, and how every feed stands; of some coins alone where named."""
    parts: list[RenderableType] = [_heading(snapshot), _totals(snapshot, coins), Text(), _feeds(snapshot)]
    parts += [Text(f"! {alert}", style="yellow") for alert in snapshot.alerts[-3:]]
    parts.append(Text("≥ a floor: the feed leaves orders out, or was not watched all the time   q leaves", style="dim"))
    return Group(*parts)


def _heading(snapshot: Snapshot) -> Text:
    parts: list[str | tuple[str, str]] = [(" SIMULATED ", "bold reverse"), " "] if snapshot.is_simulated else []
    rate = sum(venue.frames_per_s for venue in snapshot.venues)
    parts.append(f"{format_instant(snapshot.as_of_ns)[:19]}Z  {rate:,.0f} frames/s  shed {snapshot.counters.shed:,}")
    if snapshot.counters.is_paused:
        parts.append(("  PAUSED: the disk refuses", "bold red"))
    if snapshot.is_rebuilding:
        parts.append(("  reading the past", "yellow"))
    return Text.assemble(*parts)


def _totals(snapshot: Snapshot, coins: Collection[str] | None) -> Table:
    names = list(snapshot.windows)
    view = table("coin", "venue", *names, "long 1h", "short 1h", right=(*names, "long 1h", "short 1h"))
    rows: dict[tuple[str, str], dict[str, LiquidationRow]] = {}
    for name in reversed(names):  # the longest window has every row, and sorts them
        for row in snapshot.windows[name].rows:
            if coins is not None and row.coin not in coins:
                continue
            rows.setdefault((str(row.coin), str(row.venue)), {})[name] = row
    for (coin, venue), found in list(rows.items())[:SHOWN_ROWS]:
        shortest = found.get(names[0])
        view.add_row(
            coin,
            venue,
            *(_figure(found.get(name)) for name in names),
            Text(compact_usd(shortest.long_usd if shortest else 0.0), LONG_COLOR),
            Text(compact_usd(shortest.short_usd if shortest else 0.0), SHORT_COLOR),
        )
    return view


def _figure(row: LiquidationRow | None) -> str:
    if row is None:
        return "0"
    return f"{'≥ ' if row.is_floor else ''}{compact_usd(row.total_usd)}"


def _feeds(snapshot: Snapshot) -> Table:
    numbers = ("per s", "lag p50", "p99", "delay p99", "bad", "shed", "gaps", "lost")
    view = table("venue", "feed", *numbers, right=numbers)
    for venue in snapshot.venues:
        counts, delays = venue.counts, venue.counts.delays
        view.add_row(
            venue.venue,
            _states(venue),
            f"{venue.frames_per_s:,.0f}",
            *(_ms(delay_ms) for delay_ms in (delays.lag_p50_ms, delays.lag_p99_ms, delays.delay_p99_ms)),
            f"{counts.rejects:,}",
            f"{sum(counts.shed.values()):,}",
            str(counts.gaps),
            str(counts.reconnects),
        )
    return view


def _states(venue: VenueStatus) -> Text:
    """The streams by state, `LIVE` first; and why a socket is missing."""
    by_state: dict[str, list[str]] = {}
    for stream, state in venue.states.items():
        by_state.setdefault(state, []).append(stream)
    text = Text(" ").join(
        Text.assemble((state, STATE_STYLES.get(state, "")), f" {_short(by_state[state])}")
        for state in STATE_STYLES
        if state in by_state
    )
    return text.append(f" ({venue.trouble})", style="dim") if venue.trouble else text


def _short(streams: Iterable[str]) -> str:
    return ",".join(
        "".join(word[0] for word in stream.split("_")) if "_" in stream else stream[:3] for stream in streams
    )


def _worst(venue: VenueStatus) -> str:
    return next((state for state in reversed(STATE_STYLES) if state in venue.states.values()), "–")


def _ms(delay_ms: float | None) -> str:
    if delay_ms is None:
        return "–"
    for limit, divisor, unit in ((1e3, 1.0, "ms"), (1e5, 1e3, "s"), (6e6, 6e4, "m"), (float("inf"), 3.6e6, "h")):
        if delay_ms < limit:
            return f"{delay_ms / divisor:.3g} {unit}"
    raise AssertionError("the last limit is infinite")
