"""The read-only façade: questions about liquidations in the words of the CoinGlass API v4.

A client written for that API needs another base URL and nothing else. Parameters that have no meaning here are
ignored, because such clients send them. Source: docs.coinglass.com, "Liquidation History", "Coin Liquidation History",
"Liquidation Coin List", "Liquidation Exchange List", "Liquidation Order", v4, read 2026-11.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from powderkeg.web.asks import Ask, Instant, Name
from powderkeg.web.endpoints import Endpoint
from powderkeg.web.faults import Fault, Refused
from powderkeg.web.parameters import MAX_FIELDS, check_query

BASE: Final = "/compat/coinglass/v4/api/futures/liquidation"

Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h", "4h", "6h", "8h", "12h", "1d", "1w"]
Limit = Annotated[int, Meta(ge=1, le=4_500)]
Exchange = Annotated[str, Meta(min_length=1, max_length=64)]


class CoinglassHistory(Ask, frozen=True, kw_only=True):
    """Bars of one pair of one exchange; numbers as strings."""

    exchange: Exchange
    symbol: Name
    interval: Interval
    limit: Limit = 1_000
    start_time: Instant | None = None
    end_time: Instant | None = None


class CoinglassAggregated(Ask, frozen=True, kw_only=True):
    """Bars of one coin summed over exchanges; numbers as numbers."""

    symbol: Name
    interval: Interval
    exchange_list: Annotated[str, Meta(max_length=512)] = "ALL"
    limit: Limit = 1_000
    start_time: Instant | None = None
    end_time: Instant | None = None


class CoinglassCoins(Ask, frozen=True, kw_only=True):
    """Totals of 1, 4, 12 and 24 hours of every coin of one exchange."""

    exchange: Exchange = "ALL"


class CoinglassExchanges(Ask, frozen=True, kw_only=True):
    """Totals of every exchange, and of all."""

    range: Literal["1h", "4h", "12h", "24h"] = "24h"
    symbol: Name | None = None


class CoinglassOrders(Ask, frozen=True, kw_only=True):
    """Single liquidations of one coin; `side` 1 is a bought, 2 a sold order."""

    exchange: Exchange = "ALL"
    symbol: Name | None = None
    min_liquidation_amount: Annotated[float, Meta(ge=0, le=1e15)] = 0.0
    start_time: Instant | None = None
    end_time: Instant | None = None


COINGLASS: Final = (
    Endpoint(f"{BASE}/history", "coinglass_history", CoinglassHistory, is_table=False),
    Endpoint(f"{BASE}/aggregated-history", "coinglass_aggregated", CoinglassAggregated, is_table=False),
    Endpoint(f"{BASE}/coin-list", "coinglass_coins", CoinglassCoins, is_table=False),
    Endpoint(f"{BASE}/exchange-list", "coinglass_exchanges", CoinglassExchanges, is_table=False),
    Endpoint(f"{BASE}/order", "coinglass_orders", CoinglassOrders, is_table=False),
)


def read_coinglass(query: bytes, kind: type[Ask]) -> Ask:
    """The question; unknown parameters are ignored.

    Raises:
        Refused: a parameter is missing or cannot be read.
    """
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    pairs = parse_qsl(check_query(query), max_num_fields=MAX_FIELDS)
    plain: dict[str, Any] = {name: text for name, text in pairs if name in known}
    try:
        return msgspec.convert(plain, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(400, "bad_parameter", f"{error}") from None


def envelope(status: int, body: bytes) -> bytes:
    """An answer as such clients expect it; an error's message where there is one."""
    if status == 200:
        return body
    fault = msgspec.json.decode(body, type=Fault)
    said = f"{fault.message}; {fault.hint}" if fault.hint else fault.message
    return msgspec.json.encode({"code": str(status), "msg": said})
