"""Which function answers which question; a room of the house is entered when its first question comes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, NamedTuple

from powderkeg.web import asks
from powderkeg.web import coinglass as theirs

if TYPE_CHECKING:
    from powderkeg.app.library import Library
    from powderkeg.web.answering.answer import Answer


class Answerer(NamedTuple):
    """The struct of a question, and what answers it: a function of a module beside this one."""

    ask: type[asks.Ask]
    module: str
    function: str

    def __call__(self, library: Library, ask: asks.Ask) -> Answer:
        """The answer."""
        return getattr(importlib.import_module(f"powderkeg.web.answering.{self.module}"), self.function)(library, ask)


ANSWERERS: Final[dict[str, Answerer]] = {
    "totals": Answerer(asks.Totals, "liquidations", "totals"),
    "history": Answerer(asks.History, "liquidations", "history"),
    "orders": Answerer(asks.Orders, "liquidations", "orders"),
    "events": Answerer(asks.Events, "markets", "events"),
    "prices": Answerer(asks.Prices, "markets", "prices"),
    "funding": Answerer(asks.Funding, "markets", "funding"),
    "open_interest": Answerer(asks.OpenInterest, "markets", "open_interest"),
    "long_short": Answerer(asks.LongShort, "markets", "long_short"),
    "cvd": Answerer(asks.Cvd, "markets", "cvd"),
    "map": Answerer(asks.Map, "maps", "liquidation_map"),
    "heatmap": Answerer(asks.HeatmapAsk, "maps", "heatmap"),
    "map_score": Answerer(asks.MapScore, "maps", "map_score"),
    "ladder": Answerer(asks.LadderAsk, "maps", "ladder"),
    "simulation": Answerer(asks.Simulation, "maps", "simulation"),
    "alerts": Answerer(asks.Alerts, "alerts", "alerts"),
    "health": Answerer(asks.Health, "health", "health"),
    "coinglass_history": Answerer(theirs.CoinglassHistory, "coinglass", "history"),
    "coinglass_aggregated": Answerer(theirs.CoinglassAggregated, "coinglass", "aggregated"),
    "coinglass_coins": Answerer(theirs.CoinglassCoins, "coinglass", "coins"),
    "coinglass_exchanges": Answerer(theirs.CoinglassExchanges, "coinglass", "exchanges"),
    "coinglass_orders": Answerer(theirs.CoinglassOrders, "coinglass", "orders"),
    "news": Answerer(asks.News, "following", "news"),
    "map_coins": Answerer(asks.MapCoins, "upkeep", "coins"),
    "calibrate_ahead": Answerer(asks.CalibrateAhead, "upkeep", "calibrate"),
    "score_daily": Answerer(asks.ScoreDaily, "upkeep", "score"),
    "windows": Answerer(asks.Windows, "following", "windows"),
}
