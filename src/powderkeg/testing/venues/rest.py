"""Answers of the venues' REST endpoints that a collector asks beside the sockets. Pure: a path in, a document out.

| venue | clock | open interest | listing | liquidations or trades of the past |
|---|---|---|---|---|
| binance-usdm | `/fapi/v1/time` | `/fapi/v1/openInterest` | `/fapi/v1/exchangeInfo` | none, as the real one |
| bybit | `/v5/market/time` | `/v5/market/open-interest` | `/v5/market/instruments-info` | none |
| okx | `/api/v5/public/time` | `/api/v5/public/open-interest` | `/api/v5/public/instruments` | `/api/v5/public/liquidation-orders` |
| bitget | `/api/v2/public/time` | – | – | none |
| gate | `/api/v4/spot/time` | – | `/api/v4/futures/usdt/contracts` | `/api/v4/futures/usdt/liq_orders` |
| deribit | `/api/v2/public/get_time` | – | `/api/v2/public/get_instruments` | `/api/v2/public/get_last_trades_by_instrument_and_time` |

Histories hold everything that happened, told or not and lost or not, the latest `memory.HISTORY`. Sources: the venues'
REST docs, read 2026-11. The clock told is the story's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import deribit as deribit_frames
from powderkeg.testing.frames.base import encode, text
from powderkeg.testing.venues.contracts import LISTED, Listed
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.quotes import OPEN_INTEREST_USD
from powderkeg.testing.venues.story import Forced

Query = Mapping[str, str]
_Answer = Callable[["Counter", Query], Any]
PAGE: Final = 100


class Counter:
    """Where one venue's REST questions are answered.

    Args:
        venue: slug.
        memory: of the venue.
    """

    def __init__(self, venue: str, memory: Memory) -> None:
        self.venue = venue
        self.memory = memory
        self.now_ms = 0

    def answer(self, path: str, query: str, now_ns: int) -> bytes | None:
        """The document at a path, or None where the venue has none."""
        found = _ANSWERS[self.venue].get(path)
        self.now_ms = now_ns // NS_PER_MS
        return None if found is None else encode(found(self, dict(parse_qsl(query))))

    def listed(self, venue_symbol: str | None) -> list[Listed]:
        """The named contract, or all without a name."""
        return [contract for contract in LISTED[self.venue] if venue_symbol in (None, contract.venue_symbol)]

    def open_interest(self, contract: Listed) -> float:
        """In the unit of the venue's feed."""
        return contract.qty_of(contract.lots_of(OPEN_INTEREST_USD, contract.price))

    def happened(self, venue_symbol: str | None, from_ms: int, to_ms: int) -> list[Forced]:
        """Liquidations of a contract, None for all, within closed times, newest first."""
        rows = [
            forced
            for forced in self.memory.happened
            if venue_symbol in (None, forced.row.venue_symbol) and from_ms <= forced.row.ts_ms <= to_ms
        ]
        return sorted(rows, key=lambda forced: forced.row.ts_ms, reverse=True)


def _number(query: Query, name: str, default: int) -> int:
    spelled = query.get(name, "")
    return int(spelled) if spelled.isdecimal() else default


def _binance_interest(counter: Counter, query: Query) -> Any:
    contracts = counter.listed(query.get("symbol", ""))
    if not contracts:
        return {"code": -1121, "msg": "Invalid symbol."}
    interest = text(counter.open_interest(contracts[0]))
    return {"symbol": contracts[0].venue_symbol, "openInterest": interest, "time": counter.now_ms}


def _binance_listing(counter: Counter, _query: Query) -> Any:
    rows = [
        {
            "symbol": contract.venue_symbol,
            "pair": contract.venue_symbol,
            "contractType": "PERPETUAL",
            "status": "TRADING",
            "baseAsset": contract.coin,
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
        }
        for contract in counter.listed(None)
    ]
    return {"timezone": "UTC", "serverTime": counter.now_ms, "symbols": rows}


def _bybit(result: Any, now_ms: int) -> Any:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms}


def _bybit_interest(counter: Counter, query: Query) -> Any:
    rows = [
        {"openInterest": text(counter.open_interest(contract)), "timestamp": str(counter.now_ms)}
        for contract in counter.listed(query.get("symbol", ""))
    ]
    result = {"symbol": query.get("symbol", ""), "category": "linear", "list": rows, "nextPageCursor": ""}
    return _bybit(result, counter.now_ms)


def _bybit_listing(counter: Counter, _query: Query) -> Any:
    rows = [
        {
            "symbol": contract.venue_symbol,
            "contractType": "LinearPerpetual",
            "status": "Trading",
            "baseCoin": contract.coin,
            "quoteCoin": "USDT",
            "settleCoin": "USDT",
            "deliveryTime": "0",
        }
        for contract in counter.listed(None)
    ]
    return _bybit({"category": "linear", "list": rows, "nextPageCursor": ""}, counter.now_ms)


def _okx(rows: list[Any]) -> Any:
    return {"code": "0", "msg": "", "data": rows}


def _okx_interest(counter: Counter, query: Query) -> Any:
    rows = [
        {
            "instType": "SWAP",
            "instId": contract.venue_symbol,
            "oi": text(counter.open_interest(contract)),
            "ts": str(counter.now_ms),
        }
        for contract in counter.listed(query.get("instId"))
    ]
    return _okx(rows)


def _okx_listing(counter: Counter, query: Query) -> Any:
    rows = [
        {
            "instType": "SWAP",
            "instId": contract.venue_symbol,
            "instFamily": contract.venue_symbol.removesuffix("-SWAP"),
            "settleCcy": "USDT",
            "ctVal": text(float(contract.unit_base or 1)),
            "ctMult": "1",
            "ctValCcy": contract.coin,
            "ctType": "linear",
            "lotSz": "0.01",
            "state": "live",
        }
        for contract in counter.listed(None)
    ]
    return _okx(rows if query.get("instType", "SWAP") == "SWAP" else [])


def _okx_history(counter: Counter, query: Query) -> Any:
    """`after` asks for older, `before` for newer rows than a time; one row a contract, with its orders."""
    family = query.get("instFamily") or query.get("uly") or ""
    symbol = f"{family}-SWAP"
    from_ms, to_ms = _number(query, "before", 0) + 1, _number(query, "after", 1 << 62) - 1
    found = counter.happened(symbol, from_ms, to_ms)[: min(PAGE, _number(query, "limit", PAGE))]
    details = [
        {
            "bkLoss": "0",
            "bkPx": text(forced.row.price),
            "ccy": "",
            "posSide": forced.position_side,
            "side": "sell" if forced.row.is_long else "buy",
            "sz": text(forced.row.qty),
            "ts": str(forced.row.ts_ms),
        }
        for forced in found
    ]
    row = {"details": details, "instFamily": family, "instId": symbol, "instType": "SWAP", "uly": family}
    return _okx([{**row, "totalLoss": "0"}] if details else [])


def _gate_listing(counter: Counter, _query: Query) -> Any:
    return [
        {"name": contract.venue_symbol, "type": "direct", "quanto_multiplier": text(float(contract.unit_base or 1))}
        for contract in counter.listed(None)
    ]


def _gate_history(counter: Counter, query: Query) -> Any:
    """Whole seconds, unlike the stream; `size` is the position's, `order_size` the order's."""
    from_ms = _number(query, "from", 0) * 1_000
    to_ms = _number(query, "to", 1 << 40) * 1_000 + 999
    found = counter.happened(query.get("contract"), from_ms, to_ms)[: _number(query, "limit", PAGE)]
    rows: list[Any] = []
    for forced in found:
        contracts = int(forced.row.qty) if forced.row.is_long else -int(forced.row.qty)
        rows.append(
            {
                "time": forced.row.ts_ms // 1_000,
                "contract": forced.row.venue_symbol,
                "size": contracts,
                "order_size": -contracts,
                "order_price": text(forced.row.price),
                "fill_price": text(forced.row.price),
                "left": 0,
            }
        )
    return rows


def _deribit(counter: Counter, result: Any) -> Any:
    us = counter.now_ms * 1_000
    return {"jsonrpc": "2.0", "result": result, "usIn": us, "usOut": us, "usDiff": 0, "testnet": True}


def _deribit_listing(counter: Counter, _query: Query) -> Any:
    rows = [
        {
            "instrument_name": contract.venue_symbol,
            "kind": "future",
            "base_currency": contract.coin,
            "settlement_period": "perpetual",
            "contract_size": contract.lot_step,
            "is_active": True,
        }
        for contract in counter.listed(None)
    ]
    return _deribit(counter, rows)


def _deribit_history(counter: Counter, query: Query) -> Any:
    """Forced trades only; the ordinary ones of the past are not kept."""
    from_ms = _number(query, "start_timestamp", 0)
    to_ms = _number(query, "end_timestamp", 1 << 62)
    found = counter.happened(query.get("instrument_name", ""), from_ms, to_ms)[: _number(query, "count", 10)]
    rows = deribit_frames.trade_rows([forced.row for forced in found])
    return _deribit(counter, {"trades": rows, "has_more": False})


_ANSWERS: Final[dict[str, dict[str, _Answer]]] = {
    "binance-usdm": {
        "/fapi/v1/time": lambda counter, _: {"serverTime": counter.now_ms},
        "/fapi/v1/openInterest": _binance_interest,
        "/fapi/v1/exchangeInfo": _binance_listing,
    },
    "bybit": {
        "/v5/market/time": lambda counter, _: _bybit({"timeNano": str(counter.now_ms * 10**6)}, counter.now_ms),
        "/v5/market/open-interest": _bybit_interest,
        "/v5/market/instruments-info": _bybit_listing,
    },
    "okx": {
        "/api/v5/public/time": lambda counter, _: _okx([{"ts": str(counter.now_ms)}]),
        "/api/v5/public/open-interest": _okx_interest,
        "/api/v5/public/instruments": _okx_listing,
        "/api/v5/public/liquidation-orders": _okx_history,
    },
    "bitget": {
        "/api/v2/public/time": lambda counter, _: {"code": "00000", "data": {"serverTime": str(counter.now_ms)}},
    },
    "gate": {
        "/api/v4/spot/time": lambda counter, _: {"server_time": counter.now_ms},
        "/api/v4/futures/usdt/contracts": _gate_listing,
        "/api/v4/futures/usdt/liq_orders": _gate_history,
    },
    "hyperliquid": {},
    "deribit": {
        "/api/v2/public/get_time": lambda counter, _: _deribit(counter, counter.now_ms),
        "/api/v2/public/get_instruments": _deribit_listing,
        "/api/v2/public/get_last_trades_by_instrument_and_time": _deribit_history,
    },
}
