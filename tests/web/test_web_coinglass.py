"""The façade, asked by a client written for the other API: only its base URL is changed."""

from __future__ import annotations

import httpx
import pytest

from powderkeg.app.library import open_library
from powderkeg.web.answering import coinglass
from powderkeg.web.coinglass import BASE

END_MS = 1_789_570_800_000


class CoinglassClient:
    """Reads the documented response shapes of API v4, and fails where they are not met."""

    def __init__(self, base_url):
        headers = {"accept": "application/json", "CG-API-KEY": "a key of the other API"}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=40)

    def close(self):
        self._http.close()

    def _data(self, path, **parameters):
        answer = self._http.get(f"/api/futures/liquidation/{path}", params=parameters).json()
        if answer["code"] != "0":
            raise RuntimeError(answer["msg"])
        return answer["data"]

    def pair_history(self, **parameters):
        rows = self._data("history", **parameters)
        for row in rows:
            assert isinstance(row["long_liquidation_usd"], str)
            assert isinstance(row["short_liquidation_usd"], str)
        return [(row["time"], float(row["long_liquidation_usd"]), float(row["short_liquidation_usd"])) for row in rows]

    def aggregated_history(self, **parameters):
        rows = self._data("aggregated-history", **parameters)
        return [
            (row["time"], row["aggregated_long_liquidation_usd"] + 0.0, row["aggregated_short_liquidation_usd"] + 0.0)
            for row in rows
        ]

    def coin_list(self, exchange):
        return {
            row["symbol"]: {
                (side, hours): row[f"{side}liquidation_usd_{hours}"] + 0.0
                for side in ("", "long_", "short_")
                for hours in ("1h", "4h", "12h", "24h")
            }
            for row in self._data("coin-list", exchange=exchange)
        }

    def exchange_list(self, **parameters):
        rows = self._data("exchange-list", **parameters)
        return {
            row["exchange"]: (row["liquidation_usd"], row["long_liquidation_usd"], row["short_liquidation_usd"])
            for row in rows
        }

    def orders(self, **parameters):
        rows = self._data("order", **parameters)
        for row in rows:
            assert row["side"] in (1, 2)
            assert {"exchange_name", "symbol", "base_asset", "price", "usd_value", "time"} < set(row)
        return rows


@pytest.fixture(scope="module")
def client(server):
    """The client, told another base URL."""
    one = CoinglassClient(server.address + BASE.removesuffix("/api/futures/liquidation"))
    yield one
    one.close()


def library_rows(squeeze_dir, **words):
    """Totals as our own API has them."""
    with open_library(squeeze_dir) as library:
        return library.liquidations(as_of=END_MS, window="10m", **words).rows


def test_history_of_a_pair(client, squeeze_dir):
    """Bars in ms, as strings, summing to our own totals."""
    bars = client.pair_history(
        exchange="Binance", symbol="BTCUSDT", interval="1m", limit=10, end_time=END_MS, start_time=END_MS - 600_000
    )
    assert [at for at, _, _ in bars] == list(range(END_MS - 600_000, END_MS, 60_000))
    [row] = library_rows(squeeze_dir, venue="binance-usdm", coin="BTC", by="coin")
    assert sum(long for _, long, _ in bars) == pytest.approx(row.long_usd)
    assert sum(short for _, _, short in bars) == pytest.approx(row.short_usd)


def test_history_of_a_coin_over_exchanges(client, squeeze_dir):
    """Numbers, summed over those named; `ALL` is all."""
    asked = {"symbol": "ETH", "interval": "5m", "limit": 2, "end_time": END_MS}
    some = client.aggregated_history(exchange_list="Bybit, OKX", **asked)
    everything = client.aggregated_history(exchange_list="ALL", **asked)
    for bars, venue in ((some, ("bybit", "okx")), (everything, None)):
        [row] = library_rows(squeeze_dir, venue=venue, coin="ETH", by="coin")
        assert sum(short for _, _, short in bars) == pytest.approx(row.short_usd)


def test_order_sides_are_those_of_the_orders(client, squeeze_dir):
    """A closed short is bought (1), a closed long is sold (2)."""
    with open_library(squeeze_dir) as library:
        wanted = library.events("liquidation", coin="SOL", venue="bybit").to_pylist()
    large = [row for row in wanted if row["notional_usd"] >= 1_000]
    rows = client.orders(exchange="Bybit", symbol="SOL", min_liquidation_amount=1_000, end_time=END_MS)
    assert len(rows) == min(len(large), coinglass.MAX_ORDERS) > 0
    by_time = {(row["ts_event_ns"] // 1_000_000, row["notional_usd"]): row["position_side"] for row in large}
    assert {row["side"] for row in rows} == {1, 2}
    for row in rows:
        assert (row["exchange_name"], row["base_asset"], row["symbol"]) == ("BYBIT", "SOL", "SOLUSDT")
        assert row["side"] == {"short": 1, "long": 2}[by_time[row["time"], row["usd_value"]]]


def test_lists_of_coins_and_exchanges(client, squeeze_dir, monkeypatch):
    """The four ranges of every coin, and every exchange with all of them first."""
    assert client.coin_list("Binance") == {}  # the windows end now, and the recording is old
    assert next(iter(client.exchange_list(range="1h", symbol="BTC"))) == "All"
    monkeypatch.setattr(coinglass, "instant_ns", lambda _: END_MS * 1_000_000)
    with open_library(squeeze_dir) as library:
        coins = coinglass.coins(library, coinglass.asks.CoinglassCoins(exchange="Bybit")).document["data"]
        exchanges = coinglass.exchanges(library, coinglass.asks.CoinglassExchanges(range="1h")).document["data"]
    rows = library_rows(squeeze_dir, venue="bybit", by="coin")
    assert {row["symbol"]: row["liquidation_usd_1h"] for row in coins} == {row.coin: row.total_usd for row in rows}
    for row in coins:
        assert row["liquidation_usd_24h"] == pytest.approx(
            row["long_liquidation_usd_24h"] + row["short_liquidation_usd_24h"]
        )
    assert exchanges[0]["exchange"] == "All"
    assert exchanges[0]["liquidation_usd"] == pytest.approx(sum(row["liquidation_usd"] for row in exchanges[1:]))
    assert {row["exchange"] for row in exchanges[1:]} == {"Binance", "Bybit", "OKX", "Bitget"}


def test_errors_come_in_the_envelope(client):
    """A code that is not 0 and a message, as such clients check for."""
    with pytest.raises(RuntimeError, match="symbol"):
        client.pair_history(exchange="Binance", interval="1h")
    with pytest.raises(RuntimeError, match="unknown venue"):
        client.coin_list("Mt Gox")
    with pytest.raises(RuntimeError, match="milliseconds"):
        client.orders(exchange="Bybit", symbol="SOL", start_time=1_789_570_800)
    with pytest.raises(RuntimeError, match="interval"):
        client.pair_history(exchange="Binance", symbol="BTCUSDT", interval="7m")
