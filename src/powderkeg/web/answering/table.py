"""Which function answers which question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from powderkeg.app.library import Library
from powderkeg.web import asks
from powderkeg.web import coinglass as theirs
from powderkeg.web.answering import coinglass, following, health, liquidations, maps, markets
from powderkeg.web.answering.answer import Answer


class Answerer(NamedTuple):
    """The struct of a question, and what answers it."""

    ask: type[asks.Ask]
    answer: Callable[[Library, Any], Answer]


ANSWERERS: Final[dict[str, Answerer]] = {
    "totals": Answerer(asks.Totals, liquidations.totals),
    "history": Answerer(asks.History, liquidations.history),
    "orders": Answerer(asks.Orders, liquidations.orders),
    "events": Answerer(asks.Events, markets.events),
    "prices": Answerer(asks.Prices, markets.prices),
    "funding": Answerer(asks.Funding, markets.funding),
    "open_interest": Answerer(asks.OpenInterest, markets.open_interest),
    "long_short": Answerer(asks.LongShort, markets.long_short),
    "cvd": Answerer(asks.Cvd, markets.cvd),
    "map": Answerer(asks.Map, maps.liquidation_map),
    "heatmap": Answerer(asks.HeatmapAsk, maps.heatmap),
    "map_score": Answerer(asks.MapScore, maps.map_score),
    "ladder": Answerer(asks.LadderAsk, maps.ladder),
    "simulation": Answerer(asks.Simulation, maps.simulation),
    "health": Answerer(asks.Health, health.health),
    "coinglass_history": Answerer(theirs.CoinglassHistory, coinglass.history),
    "coinglass_aggregated": Answerer(theirs.CoinglassAggregated, coinglass.aggregated),
    "coinglass_coins": Answerer(theirs.CoinglassCoins, coinglass.coins),
    "coinglass_exchanges": Answerer(theirs.CoinglassExchanges, coinglass.exchanges),
    "coinglass_orders": Answerer(theirs.CoinglassOrders, coinglass.orders),
    "news": Answerer(asks.News, following.news),
    "windows": Answerer(asks.Windows, following.windows),
}
