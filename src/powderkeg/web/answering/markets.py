"""Answers about markets: candles, funding, open interest, ratios, taker flow, and events among the liquidations."""

from __future__ import annotations

from typing import Any

import msgspec

from powderkeg.app.asked_span import span_words
from powderkeg.app.library import Library
from powderkeg.app.liquidation_events import EventQuery, seen_events
from powderkeg.app.market_series import EVENT_OF, SeriesKind, market_series
from powderkeg.app.price_bars import price_bars
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer


def prices(library: Library, ask: asks.Prices) -> Answer:
    """Candles."""
    bars = price_bars(library, **msgspec.structs.asdict(ask))
    empty = None if bars.bars is not None else _empty(library, ("candle", "trade", "mark_price"))
    return Answer({**bars.to_dict(), "empty": empty}, None if bars.bars is None else lambda: bars.bars)


def funding(library: Library, ask: asks.Funding) -> Answer:
    """Funding rates."""
    return _series(library, "funding", ask)


def open_interest(library: Library, ask: asks.OpenInterest) -> Answer:
    """Open interest."""
    return _series(library, "open_interest", ask)


def long_short(library: Library, ask: asks.LongShort) -> Answer:
    """Long/short ratios."""
    return _series(library, "long_short", ask)


def cvd(library: Library, ask: asks.Cvd) -> Answer:
    """Taker flow."""
    return _series(library, "cvd", ask)


def events(library: Library, ask: asks.Events) -> Answer:
    """Events seen in the liquidation totals."""
    seen = seen_events(library, EventQuery(**msgspec.structs.asdict(ask)))
    empty: dict[str, Any] | None = None
    if not seen.events:
        table = library.liquidations(
            coin=ask.coin, venue=ask.venue, window=span_words(seen.span)[1], as_of=span_words(seen.span)[0], by=()
        )
        if any(row.count for row in table.rows):
            empty = {"state": "no_events", "message": "nothing of what was recorded stands out by this rule"}
        else:
            empty = library.emptiness(seen.span, coin=ask.coin, venue=ask.venue)._asdict()
    return Answer({**seen.to_dict(), "empty": empty})


def _series(library: Library, kind: SeriesKind, ask: asks.Series) -> Answer:
    series = market_series(library, kind, **msgspec.structs.asdict(ask))
    empty = None if series.bars.num_rows else _empty(library, (EVENT_OF[kind],))
    return Answer({**series.to_dict(), "empty": empty}, lambda: series.bars)


def _empty(library: Library, kinds: tuple[str, ...]) -> dict[str, Any]:
    words = " or ".join(kind.replace("_", " ") for kind in kinds)
    for kind in kinds:
        if library.database.rows(f"SELECT 1 AS one FROM {kind} LIMIT 1"):  # noqa: S608 - our own names
            return {"state": "filtered_out", "message": f"no {words} of it in this interval; there are others"}
    return {"state": "not_connected", "message": f"no {words} was ever recorded here"}
