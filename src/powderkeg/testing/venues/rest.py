"""Answers of the venues' REST endpoints that a collector asks beside the sockets. Pure: a path in, a document out.

All but Hyperliquid, whose questions are posted, tell their clock; Binance, Bybit and OKX open interest, Binance its
long/short ratios; all but Bitget their listing; OKX, Gate and Deribit the liquidations of the past, Deribit as flagged
trades. Binance, Bybit and Bitget have no such history, here as in reality. `_ANSWERS` at the end holds the paths.

Histories hold everything that happened, told or not and lost or not, the latest `memory.HISTORY`. Sources: the venues'
REST docs, read 2026-11. The clock told is the story's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.frames import MarketState
from powderkeg.testing.frames import deribit as deribit_frames
from powderkeg.testing.frames.base import encode, text
from powderkeg.testing.long_short import long_short_row
from powderkeg.testing.venues.contracts import LISTED, Listed
from powderkeg.testing.venues.memory import Memory
from powderkeg.testing.venues.quotes import OPEN_INTEREST_USD
from powderkeg.testing.venues.story import Forced

Query = Mapping[str, str]
_Answer = Callable[["RestDesk", Query], Any]
PAGE: Final = 100
_RATIOS: Final = ("globalLongShortAccountRatio", "topLongShortAccountRatio", "topLongShortPositionRatio")


class RestDesk:
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
        """In the unit of the venue's feed, as the feed told it last."""
        for kind in ("open_interest", "mark_price"):
            told = self.memory.last(kind, contract.venue_symbol)
            if told is not None and isinstance(told.fact, MarketState) and told.fact.open_interest is not None:
                return told.fact.open_interest
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


def _binance_interest(desk: RestDesk, query: Query) -> Any:
    contracts = desk.listed(query.get("symbol", ""))
    if not contracts:
        return {"code": -1121, "msg": "Invalid symbol."}
    interest = text(desk.open_interest(contracts[0]))
    return {"symbol": contracts[0].venue_symbol, "openInterest": interest, "time": desk.now_ms}


def _binance_ratio(name: str) -> _Answer:
    """Long over short, of accounts or of positions."""
    return lambda desk, query: [
        long_short_row(name, contract.venue_symbol, desk.now_ms) for contract in desk.listed(query.get("symbol", ""))
    ]


def _binance_listing(desk: RestDesk, _query: Query) -> Any:
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
        for contract in desk.listed(None)
    ]
    return {"timezone": "UTC", "serverTime": desk.now_ms, "symbols": rows}


def _bybit(result: Any, now_ms: int) -> Any:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms}


def _bybit_interest(desk: RestDesk, query: Query) -> Any:
    rows = [
        {"openInterest": text(desk.open_interest(contract)), "timestamp": str(desk.now_ms)}
        for contract in desk.listed(query.get("symbol", ""))
    ]
    result = {"symbol": query.get("symbol", ""), "category": "linear", "list": rows, "nextPageCursor": ""}
    return _bybit(result, desk.now_ms)


def _bybit_listing(desk: RestDesk, _query: Query) -> Any:
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
        for contract in desk.listed(None)
    ]
    return _bybit({"category": "linear", "list": rows, "nextPageCursor": ""}, desk.now_ms)


def _okx(rows: list[Any]) -> Any:
    return {"code": "0", "msg": "", "data": rows}


def _okx_interest(desk: RestDesk, query: Query) -> Any:
    rows = [
        {
            "instType": "SWAP",
            "instId": contract.venue_symbol,
            "oi": text(desk.open_interest(contract)),
            "ts": str(desk.now_ms),
        }
        for contract in desk.listed(query.get("instId"))
    ]
    return _okx(rows)


def _okx_listing(desk: RestDesk, query: Query) -> Any:
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
        for contract in desk.listed(None)
    ]
    return _okx(rows if query.get("instType", "SWAP") == "SWAP" else [])


def _okx_history(desk: RestDesk, query: Query) -> Any:
    """`after` asks for older, `before` for newer rows than a time; one row a contract, with its orders."""
    family = query.get("instFamily") or query.get("uly") or ""
    symbol = f"{family}-SWAP"
    from_ms, to_ms = _number(query, "before", 0) + 1, _number(query, "after", 1 << 62) - 1
    found = desk.happened(symbol, from_ms, to_ms)[: min(PAGE, _number(query, "limit", PAGE))]
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


def _gate_listing(desk: RestDesk, _query: Query) -> Any:
    return [
        {"name": contract.venue_symbol, "type": "direct", "quanto_multiplier": text(float(contract.unit_base or 1))}
        for contract in desk.listed(None)
    ]


def _gate_history(desk: RestDesk, query: Query) -> Any:
    """Whole seconds, unlike the stream; `size` is the position's, `order_size` the order's."""
    from_ms = _number(query, "from", 0) * 1_000
    to_ms = _number(query, "to", 1 << 40) * 1_000 + 999
    found = desk.happened(query.get("contract"), from_ms, to_ms)[: _number(query, "limit", PAGE)]
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


def _deribit(desk: RestDesk, result: Any) -> Any:
    us = desk.now_ms * 1_000
    return {"jsonrpc": "2.0", "result": result, "usIn": us, "usOut": us, "usDiff": 0, "testnet": True}


def _deribit_listing(desk: RestDesk, _query: Query) -> Any:
    rows = [
        {
            "instrument_name": contract.venue_symbol,
            "kind": "future",
            "base_currency": contract.coin,
            "settlement_period": "perpetual",
            "contract_size": contract.lot_step,
            "is_active": True,
        }
        for contract in desk.listed(None)
    ]
    return _deribit(desk, rows)


def _deribit_history(desk: RestDesk, query: Query) -> Any:
    """Forced trades only; the ordinary ones of the past are not kept. Newest first unless `sorting=asc`."""
    from_ms = _number(query, "start_timestamp", 0)
    to_ms = _number(query, "end_timestamp", 1 << 62)
    found = desk.happened(query.get("instrument_name", ""), from_ms, to_ms)
    if query.get("sorting") == "asc":
        found.reverse()
    count = _number(query, "count", 10)
    rows = deribit_frames.trade_rows([forced.row for forced in found[:count]])
    return _deribit(desk, {"trades": rows, "has_more": len(found) > count})


_ANSWERS: Final[dict[str, dict[str, _Answer]]] = {
    "binance-usdm": {
        "/fapi/v1/time": lambda desk, _: {"serverTime": desk.now_ms},
        "/fapi/v1/openInterest": _binance_interest,
        "/fapi/v1/exchangeInfo": _binance_listing,
        **{f"/futures/data/{name}": _binance_ratio(name) for name in _RATIOS},
    },
    "bybit": {
        "/v5/market/time": lambda desk, _: _bybit({"timeNano": str(desk.now_ms * 10**6)}, desk.now_ms),
        "/v5/market/open-interest": _bybit_interest,
        "/v5/market/instruments-info": _bybit_listing,
    },
    "okx": {
        "/api/v5/public/time": lambda desk, _: _okx([{"ts": str(desk.now_ms)}]),
        "/api/v5/public/open-interest": _okx_interest,
        "/api/v5/public/instruments": _okx_listing,
        "/api/v5/public/liquidation-orders": _okx_history,
    },
    "bitget": {
        "/api/v2/public/time": lambda desk, _: {"code": "00000", "data": {"serverTime": str(desk.now_ms)}},
    },
    "gate": {
        "/api/v4/spot/time": lambda desk, _: {"server_time": desk.now_ms},
        "/api/v4/futures/usdt/contracts": _gate_listing,
        "/api/v4/futures/usdt/liq_orders": _gate_history,
    },
    "hyperliquid": {},
    "deribit": {
        "/api/v2/public/get_time": lambda desk, _: _deribit(desk, desk.now_ms),
        "/api/v2/public/get_instruments": _deribit_listing,
        "/api/v2/public/get_last_trades_by_instrument_and_time": _deribit_history,
    },
}
