"""The exact exchange: whole numbers, a real order book, accounts, liquidations, an insurance fund and ADL.

The referee of the fast models, and a market for simulations. `Exchange` is one venue; `simulate_exchange` runs a
scenario of agents on it. Everything it says is simulated.
"""

from powderkeg.cascade.exchange.book import Fill, OrderBook, Placed
from powderkeg.cascade.exchange.book_kernels import FILL_OR_KILL, IMMEDIATE, LIMIT
from powderkeg.cascade.exchange.driver import Run, Simulation, simulate_exchange
from powderkeg.cascade.exchange.engine import Exchange, OrderResult
from powderkeg.cascade.exchange.instruments import Instrument
from powderkeg.cascade.exchange.log import Event, EventLog, Kind
from powderkeg.cascade.exchange.replay import replay, replay_events
from powderkeg.cascade.exchange.rules import BINANCE_LIKE, BYBIT_LIKE, HYPERLIQUID_LIKE, RULES, VenueRules
from powderkeg.cascade.exchange.scenario import CoinScenario, Crowd, Push, Scenario

__all__ = [
    "BINANCE_LIKE",
    "BYBIT_LIKE",
    "FILL_OR_KILL",
    "HYPERLIQUID_LIKE",
    "IMMEDIATE",
    "LIMIT",
    "RULES",
    "CoinScenario",
    "Crowd",
    "Event",
    "EventLog",
    "Exchange",
    "Fill",
    "Instrument",
    "Kind",
    "OrderBook",
    "OrderResult",
    "Placed",
    "Push",
    "Run",
    "Scenario",
    "Simulation",
    "VenueRules",
    "replay",
    "replay_events",
    "simulate_exchange",
]
