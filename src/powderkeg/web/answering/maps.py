"""Answers about maps and scenarios: what `powderkeg map`, `map scores`, `ladder` and `simulate` print with --json."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import msgspec

from powderkeg.app.cascade_depth import DepthChoice
from powderkeg.app.cascade_ladder import ask as ask_ladder
from powderkeg.app.cascade_question import question_of
from powderkeg.app.cascade_reported import with_reported
from powderkeg.app.cascade_words import plain
from powderkeg.app.library import Library
from powderkeg.app.liquidation_map_show import plain_heatmap, read
from powderkeg.app.liquidation_maps import NoMapError
from powderkeg.app.simulation import SimulationQuestion, question_from
from powderkeg.app.simulation_words import plain_simulation
from powderkeg.web import asks
from powderkeg.web.answering.answer import Answer

Ask = TypeVar("Ask", asks.Map, asks.HeatmapAsk, asks.LadderAsk, asks.Simulation)


def _or_empty(answer: Callable[[Library, Ask], Answer]) -> Callable[[Library, Ask], Answer]:
    """Where there is nothing to make a map of, that is the answer, with the reason: nothing was asked wrongly."""

    @wraps(answer)
    def answered(library: Library, ask: Ask) -> Answer:
        try:
            return answer(library, ask)
        except NoMapError as error:
            told = str(error).replace(str(library.data_dir), "the data directory")  # where it lies is nobody's business
            empty = {"state": "no_map", "message": told}
            return Answer({"coin": ask.coin, "method": "modelled", "empty": empty})

    return answered


@_or_empty
def liquidation_map(library: Library, ask: asks.Map) -> Answer:
    """The map."""
    found = library.liquidation_map(ask.coin, as_of=ask.as_of, venue=ask.venue or None)
    return Answer(read(found, ask.count).plain())


@_or_empty
def heatmap(library: Library, ask: asks.HeatmapAsk) -> Answer:
    """The map over time."""
    found = library.heatmap(
        ask.coin, as_of=ask.as_of, window=ask.window, venue=ask.venue or None, columns=ask.columns, rows=ask.rows
    )
    return Answer(plain_heatmap(found))


def map_score(library: Library, ask: asks.MapScore) -> Answer:
    """Stored scores."""
    found = library.map_scores(coin=ask.coin, venue=ask.venue, last=ask.window, as_of=ask.as_of)
    return Answer(found.plain())


@_or_empty
def ladder(library: Library, ask: asks.LadderAsk) -> Answer:
    """The ladder."""
    question = question_of(
        side=ask.position_side,
        shock_usd=ask.shock_usd,
        to=ask.to,
        stress=ask.stress,
        market_share=ask.market_share,
        impact=ask.impact,
    )
    inputs = library.ladder_inputs(ask.coin, **_where(ask))
    return Answer(plain(with_reported(ask_ladder(inputs, question), library.database)))


@_or_empty
def simulation(library: Library, ask: asks.Simulation) -> Answer:
    """A Monte Carlo."""
    told = msgspec.structs.asdict(ask)
    question = question_from({name: told[name] for name in SimulationQuestion.__struct_fields__})
    market = library.simulation_market(ask.coin, **_where(ask))
    return Answer(plain_simulation(market.ask(question)))


def _where(ask: asks.LadderAsk | asks.Simulation) -> dict[str, Any]:
    return {
        "as_of": ask.as_of,
        "venue": ask.venue or None,
        "price": ask.price,
        "depth": DepthChoice(within_usd=ask.depth_usd),
    }
