"""A made-up market in the shapes of the API, as large as a dashboard has to bear; seeded, so that runs compare."""

from __future__ import annotations

import base64
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_MS, format_instant

CANDLES: Final = 20_000
COLUMNS: Final = 250
ROWS: Final = 400
MARKERS: Final = 5_000
BINS: Final = 600
END_NS: Final = 1_789_570_800_000_000_000
"""2026-09-16T15:00:00Z."""

Document = dict[str, Any]
Floats = NDArray[np.float64]


class Market:
    """Documents of one made-up coin.

    Args:
        seed: of everything random.
    """

    def __init__(self, seed: int = 7) -> None:
        self._rng = np.random.default_rng(seed)
        self._open_ns = END_NS - np.arange(CANDLES, 0, -1, dtype=np.int64) * NS_PER_MINUTE
        steps = self._rng.standard_t(4, CANDLES) * 4e-4
        self._close: NDArray[np.float64] = 95_000 * np.exp(np.cumsum(steps) - np.sum(steps))
        self._documents = {
            "prices": self._prices(),
            "liquidation-heatmap": self._heatmap(),
            "liquidations/orders": self._orders(),
            "liquidations/history": self._history(),
            "ladder": self._ladder(),
            "open-interest": self._readings(
                "open_interest_usd", 4e9 + np.cumsum(self._rng.normal(0, 2e6, CANDLES // 10))
            ),
            "cvd": self._readings("delta_usd", self._rng.normal(0, 3e6, CANDLES // 10)),
            "funding": self._readings("annualized_ratio", self._rng.normal(0.1, 0.02, CANDLES // 480)),
        }

    @property
    def paths(self) -> list[str]:
        """What can be asked."""
        return list(self._documents)

    def document(self, path: str) -> Document | None:
        """The answer at a path below the API's base, None where there is none."""
        return self._documents.get(path)

    def order(self, number: int, at_ns: int) -> Document:
        """One liquidation for the stream."""
        is_long = number % 3 == 0
        return {
            "at": format_instant(at_ns),
            "coin": ("BTC", "ETH", "SOL")[number % 3],
            "venue": ("bybit", "okx", "binance-usdm")[number % 3],
            "symbol": "BTC/USDT:USDT",
            "position_side": "long" if is_long else "short",
            "notional_usd": 1_000.0 + number % 997 * 311,
            "price": 95_000.0 + number % 100,
            "price_kind": "bankruptcy",
            "event_id": None,
        }

    def _head(self) -> Document:
        return {"simulated": True, "from": format_instant(int(self._open_ns[0])), "to": format_instant(END_NS)}

    def _prices(self) -> Document:
        start = np.concatenate([self._close[:1], self._close[:-1]])
        reach = np.abs(self._rng.normal(0, 3e-4, (2, CANDLES)))
        columns = (
            start,
            np.maximum(start, self._close) * (1 + reach[0]),
            np.minimum(start, self._close) * (1 - reach[1]),
        )
        rows = [
            {
                "open_at": format_instant(int(open_ns)),
                "open_price": float(one),
                "high_price": float(high),
                "low_price": float(low),
                "close_price": float(close),
                "volume_usd": 1e6,
            }
            for open_ns, one, high, low, close in zip(self._open_ns, *columns, self._close, strict=True)
        ]
        said = {"interval": "1m", "method": "measured", "coin": "BTC", "venue": "bybit", "symbol": "BTC/USDT:USDT"}
        return {**self._head(), **said, "basis": "trade", "rows": rows, "empty": None}

    def _heatmap(self) -> Document:
        times = self._open_ns[:: CANDLES // COLUMNS]
        low, high = float(np.log(self._close.min())) - 0.03, float(np.log(self._close.max())) + 0.03
        edges: Floats = low + (high - low) * np.arange(ROWS + 1, dtype=np.float64) / ROWS
        price = np.log(self._close[:: CANDLES // COLUMNS])[:, None]
        distance = np.abs(edges[None, :-1] - price)
        usd = np.exp(-(((distance - 0.025) / 0.02) ** 2)) * self._rng.gamma(1.5, 1.0, ROWS)[None, :]
        cells = np.clip(np.log(np.maximum(usd, 1e-3) / 0.02) / np.log(250) * 254, 0, 255).astype(np.uint8)
        return {
            **self._head(),
            "as_of": format_instant(END_NS),
            "coin": "BTC",
            "method": "modelled",
            "sources": ["bybit BTC/USDT:USDT"],
            "times_ms": (times // NS_PER_MS).tolist(),
            "price_edges": np.exp(edges).tolist(),
            "cells_base64": base64.b64encode(cells.tobytes()).decode(),
            "scale": {"floor_usd": 5e4, "top_usd": 5e6},
        }

    def _orders(self) -> Document:
        at = np.sort(self._rng.integers(0, CANDLES, MARKERS))
        notional = self._rng.pareto(1.3, MARKERS) * 5e4
        rows = [
            {**self.order(k, int(self._open_ns[n])), "notional_usd": float(usd), "price": float(self._close[n])}
            for k, (n, usd) in enumerate(zip(at, notional, strict=True))
        ]
        said = {"method": "measured", "order": "largest", "matching": MARKERS}
        return {**self._head(), **said, "rows": rows, "empty": None}

    def _history(self) -> Document:
        usd = self._rng.pareto(1.2, (2, CANDLES // 10)) * 1e5
        rows = [
            {"open": format_instant(int(open_ns)), "long_usd": float(longs), "short_usd": float(shorts), "count": 3}
            for open_ns, longs, shorts in zip(self._open_ns[::10], *usd, strict=True)
        ]
        return {**self._head(), "interval": "1m", "method": "measured", "sources": [], "rows": rows, "empty": None}

    def _ladder(self) -> Document:
        bins = np.arange(BINS)
        fuel = 2e5 * np.exp(-(((bins - 120) / 60.0) ** 2)) + 3e4
        depth = 9e4 + 200.0 * bins
        return {
            **self._head(),
            "as_of": format_instant(END_NS),
            "method": "modelled",
            "position_side": "short",
            "price": float(self._close[-1]),
            "rows": [],
            "steps": [],
            "bins": {"bin_bps": 1.0, "fuel_usd": fuel.tolist(), "depth_usd": depth.tolist()},
        }

    def _readings(self, name: str, figures: NDArray[np.float64]) -> Document:
        every = CANDLES // len(figures)
        rows = [
            {
                "open_at": format_instant(int(at)),
                "venue": "bybit",
                "symbol": "BTC/USDT:USDT",
                "market": "perp",
                name: float(figure),
            }
            for at, figure in zip(self._open_ns[::every], figures, strict=False)
        ]
        return {**self._head(), "method": "measured", "rows": rows, "empty": None}
