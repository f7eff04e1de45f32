"""Answers of the tools: what the command line prints with --json, bounded, with how sure it is beside it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from powderkeg.app.alerts.sinks import read_told
from powderkeg.app.asked_span import asked_span
from powderkeg.app.cascade_depth import DepthChoice
from powderkeg.app.cascade_ladder import ask as ask_ladder
from powderkeg.app.cascade_question import question_of
from powderkeg.app.cascade_reported import with_reported
from powderkeg.app.cascade_words import outcome_sentence, plain
from powderkeg.app.feed_health import feed_health
from powderkeg.app.instants import Instant, instant_ns
from powderkeg.app.library import Library
from powderkeg.app.liquidation_events import EventQuery, seen_events
from powderkeg.app.liquidation_map_show import read
from powderkeg.app.liquidation_tape import TapeQuery, liquidation_tape
from powderkeg.app.market_series import SeriesKind, market_series
from powderkeg.app.simulation import question_from
from powderkeg.app.simulation_words import plain_simulation
from powderkeg.domain.time import NS_PER_MS, end_of_ms
from powderkeg.mcp import asks
from powderkeg.mcp.sureness import map_sureness

Answer = dict[str, Any]

MAX_STEPS: Final = 400
"""Numbers of a long list that are given; programs that need the whole array use the HTTP API."""


def liquidation_totals(library: Library, ask: asks.LiquidationTotals) -> Answer:
    """See `asks`."""
    table = library.liquidations(
        coin=_names(ask.coin), venue=_names(ask.venue), window=ask.window, as_of=_as_of(library, ask.as_of), by=ask.by
    )
    return _with_reason(library, ask, table.to_dict(), ask.window)


def liquidation_history(library: Library, ask: asks.LiquidationHistory) -> Answer:
    """See `asks`."""
    bars = library.liquidation_history(
        coin=_names(ask.coin),
        venue=_names(ask.venue),
        interval=ask.interval,
        window=ask.window,
        as_of=_as_of(library, ask.as_of),
    )
    return _bounded(_with_reason(library, ask, bars.to_dict(), ask.window), MAX_STEPS)


def nearest_clusters(library: Library, ask: asks.NearestClusters) -> Answer:
    """See `asks`."""
    one = library.liquidation_map(ask.coin, as_of=ask.as_of, venue=_names(ask.venue))
    told = read(one, ask.count).plain()
    clusters = [row for row in told.pop("rows") if ask.position_side in ("both", row["position_side"])]
    for bulky in ("bins", "bin_bps", "kernel", "by_market"):
        told.pop(bulky, None)
    sureness = map_sureness(library, one, ask.coin)
    return {**told, "clusters": clusters, "how_sure": sureness.sentences, "scorecard": sureness.scorecard}


def map_score(library: Library, ask: asks.MapScore) -> Answer:
    """See `asks`."""
    return _bounded(library.map_scores(coin=ask.coin, venue=ask.venue, last=ask.last).plain(), MAX_STEPS)


def ladder(library: Library, ask: asks.Ladder) -> Answer:
    """See `asks`."""
    question = question_of(side=ask.position_side, shock_usd=ask.shock_usd, to=ask.price_target, stress=ask.stress)
    inputs = library.ladder_inputs(
        ask.coin, as_of=ask.as_of, venue=_names(ask.venue), depth=DepthChoice(within_usd=ask.depth_usd)
    )
    report = with_reported(ask_ladder(inputs, question), library.database)
    told = plain(report)
    told.pop("bins", None)
    return {"in_words": outcome_sentence(report), **_bounded(told, MAX_STEPS)}


def simulate(library: Library, ask: asks.Simulate) -> Answer:
    """See `asks`."""
    question = question_from(
        {
            "horizon": ask.horizon,
            "levels": list(ask.levels),
            "paths": ask.paths,
            "shock_usd": ask.shock_usd,
            "seed": ask.seed,
        }
    )
    market = library.simulation_market(
        ask.coin, as_of=ask.as_of, venue=_names(ask.venue), depth=DepthChoice(within_usd=ask.depth_usd)
    )
    return _bounded(plain_simulation(market.ask(question)), MAX_STEPS)


def funding(library: Library, ask: asks.Funding) -> Answer:
    """See `asks`."""
    return _series(library, "funding", ask)


def open_interest(library: Library, ask: asks.OpenInterest) -> Answer:
    """See `asks`."""
    return _series(library, "open_interest", ask)


def health(library: Library, ask: asks.FeedHealth) -> Answer:
    """See `asks`."""
    table = feed_health(library, venue=_names(ask.venue), window=ask.window, as_of=_as_of(library, ask.as_of))
    return _bounded(table.to_dict(), MAX_STEPS)


def events(library: Library, ask: asks.Events) -> Answer:
    """See `asks`."""
    query = EventQuery(
        coin=_names(ask.coin),
        venue=_names(ask.venue),
        window=ask.window,
        end=_as_of(library, ask.as_of),
        limit=ask.limit,
    )
    return _with_reason(library, ask, seen_events(library, query).to_dict(), ask.window)


def largest_liquidations(library: Library, ask: asks.LargestLiquidations) -> Answer:
    """See `asks`."""
    query = TapeQuery(
        coin=_names(ask.coin),
        venue=_names(ask.venue),
        min_usd=ask.min_usd,
        window=ask.window,
        end=_as_of(library, ask.as_of),
        order=ask.order,
        limit=ask.limit,
    )
    return _with_reason(library, ask, liquidation_tape(library, query).to_dict(), ask.window)


def alert_history(library: Library, ask: asks.AlertHistory) -> Answer:
    """See `asks`."""
    return read_told(library.data_dir, ask.limit).plain()


def _series(library: Library, kind: SeriesKind, ask: asks.Series) -> Answer:
    found = market_series(
        library,
        kind,
        interval=ask.interval,
        coin=_names(ask.coin),
        venue=_names(ask.venue),
        window=ask.window,
        end=_as_of(library, ask.as_of),
    )
    told = found.to_dict()
    rows = told["rows"]
    empty = {} if rows else {"empty": f"no {kind.replace('_', ' ')} is recorded of that in this interval"}
    return {**told, **empty, "row_count": len(rows), "rows": rows[-ask.limit :]}


LiquidationAsk = asks.LiquidationTotals | asks.LiquidationHistory | asks.Events | asks.LargestLiquidations


def _with_reason(library: Library, ask: LiquidationAsk, told: Answer, window: str) -> Answer:
    """Where there are no rows, the reason: nothing happened, nothing was watched, or it was filtered out."""
    if told.get("rows"):
        return told
    span = asked_span(end=_as_of(library, ask.as_of), window=window)
    return {**told, "empty": library.why_empty(span, coin=_names(ask.coin), venue=_names(ask.venue))}


def _as_of(library: Library, asked: str | None) -> Instant:
    """The newest recorded event where no time is asked: an archive of last year should not look empty."""
    if asked is not None:
        return instant_ns(asked) // NS_PER_MS
    newest = max((one.to_ns for one in library.database.observed()), default=None)
    return None if newest is None else end_of_ms(newest) // NS_PER_MS


def _names(given: tuple[str, ...]) -> list[str] | None:
    return list(given) or None


def _bounded(told: Answer, limit: int) -> Answer:
    """Lists of rows cut to their newest, saying how many there were; long lists of numbers are left out."""
    found: Answer = {}
    for name, held in told.items():
        if isinstance(held, list) and len(msgspec.json.encode(held)) > 200_000:  # pyright: ignore[reportUnknownArgumentType] - JSON
            found[name] = held[-limit:]
            found[f"{name}_count"] = len(held)  # pyright: ignore[reportUnknownArgumentType] - JSON
        else:
            found[name] = held
    return found
