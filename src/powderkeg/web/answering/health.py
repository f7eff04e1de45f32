"""Answers about the data itself."""

from __future__ import annotations

from powderkeg.app.feed_health import feed_health
from powderkeg.app.library import Library
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer


def health(library: Library, ask: asks.Health) -> Answer:
    """What of each venue and stream was observed."""
    return Answer(feed_health(library, venue=ask.venue, window=ask.window, as_of=ask.as_of).to_dict())
