"""The table of routes: application, OpenAPI, documentation and the walk of the tests are made from it.

A route that is not in a table here does not exist; one that is, is closed to strangers unless it is declared public.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from powderkeg.web import asks
from powderkeg.web.desk import Lane

API: Final = "/api/v1"


class Endpoint(NamedTuple):
    """A route that is a question to the worker."""

    path: str
    question: str
    ask: type[asks.Ask]
    lane: Lane = "quick"
    method: Literal["GET", "POST"] = "GET"
    is_table: bool = True

    @property
    def summary(self) -> str:
        """One sentence."""
        return (self.ask.__doc__ or "").partition("\n")[0]


class Page(NamedTuple):
    """A route the server answers itself."""

    path: str
    summary: str
    is_public: bool = False
    method: Literal["GET", "POST", "WS"] = "GET"


ENDPOINTS: Final = (
    Endpoint(f"{API}/liquidations/totals", "totals", asks.Totals),
    Endpoint(f"{API}/liquidations/history", "history", asks.History),
    Endpoint(f"{API}/liquidations/orders", "orders", asks.Orders),
    Endpoint(f"{API}/events", "events", asks.Events, is_table=False),
    Endpoint(f"{API}/prices", "prices", asks.Prices),
    Endpoint(f"{API}/funding", "funding", asks.Funding),
    Endpoint(f"{API}/open-interest", "open_interest", asks.OpenInterest),
    Endpoint(f"{API}/long-short", "long_short", asks.LongShort),
    Endpoint(f"{API}/cvd", "cvd", asks.Cvd),
    Endpoint(f"{API}/liquidation-map", "map", asks.Map, "heavy", is_table=False),
    Endpoint(f"{API}/liquidation-heatmap", "heatmap", asks.HeatmapAsk, "heavy", is_table=False),
    Endpoint(f"{API}/map-score", "map_score", asks.MapScore, is_table=False),
    Endpoint(f"{API}/ladder", "ladder", asks.LadderAsk, "heavy", is_table=False),
    Endpoint(f"{API}/simulations", "simulation", asks.Simulation, "heavy", "POST", is_table=False),
    Endpoint(f"{API}/alerts", "alerts", asks.Alerts, is_table=False),
    Endpoint(f"{API}/health", "health", asks.Health, is_table=False),
)

STREAM: Final = Page(f"{API}/stream", "Server-sent events: topics of the live session.")
SOCKET: Final = Page(f"{API}/ws", "The same topics over a WebSocket, for programs.", method="WS")
SCHEMA: Final = Page("/schema", "This API as an OpenAPI document.")
METRICS: Final = Page("/metrics", "Counters of the server and its live session, in Prometheus text format.")
ALIVE: Final = Page("/healthz", "200 while the server runs.", is_public=True)
READY: Final = Page("/readyz", "200 once questions are answered, 503 before.", is_public=True)
LOGIN: Final = Page("/login", "Where a browser signs in with the token.", is_public=True)
SIGN_IN: Final = Page("/login", "Takes the token (form field `token`), gives a cookie.", is_public=True, method="POST")
LOGIN_STYLE: Final = Page("/login.css", "How that page looks.", is_public=True)

OWN: Final = (STREAM, SOCKET, SCHEMA, METRICS, ALIVE, READY, LOGIN, SIGN_IN, LOGIN_STYLE)
