"""What the server's background process is told to do; nobody can ask these over HTTP."""

from __future__ import annotations

import msgspec

from powderkeg.app.library import Library
from powderkeg.app.map_upkeep import calibrate_ahead, coins_to_map, rehearse, score_daily
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer


def coins(library: Library, _ask: asks.MapCoins) -> Answer:
    """Coins that can have a map."""
    return Answer({"coins": coins_to_map(library)})


def calibrate(library: Library, ask: asks.CalibrateAhead) -> Answer:
    """Calibrate the maps of a coin and keep that."""
    calibrate_ahead(library, ask.coin)
    if ask.rehearse:
        rehearse(library, ask.coin)
    return Answer({"coin": ask.coin})


def score(library: Library, ask: asks.ScoreDaily) -> Answer:
    """Score the maps, once a day."""
    return Answer(msgspec.to_builtins(score_daily(library, ask.now_ns)))
