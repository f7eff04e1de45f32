"""One miniature of every file kind: hand-written, in the publishers' own shapes."""

from __future__ import annotations

import json
from typing import NamedTuple

from powderkeg.domain.instruments import Instrument, InstrumentMap


class Miniature(NamedTuple):
    """A small file of a kind.

    `data_lines` are the positions of its data rows, `events` how many events the whole of it holds.
    """

    format: str
    name: str
    text: str
    events: int


TARDIS_TRADE_HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"

MINIATURES = (
    Miniature(
        "binance-force-orders",
        "orders.txt",
        "BTC,SELL,LIMIT,IOC,0.5,60000,60100.5,FILLED,0.1,0.5,1723895903305,30000\n"
        "1000BONKUSDC,BUY,LIMIT,IOC,100,0.02,0.0195,FILLED,100,100,1723895926128,2.0,25\n"
        "币安人生,SELL,LIMIT,IOC,7,0.5,0.51,FILLED,7,7,1766845883281,3.5\n",
        3,
    ),
    Miniature(
        "binance-vision-aggtrades",
        "BTCUSDT-aggTrades-2024-08-05.csv",
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
        "1,50000.5,0.2,10,11,1722816000123,true\n"
        "2,50001,0.1,12,12,1722816000456,false\n",
        2,
    ),
    Miniature(
        "binance-vision-klines",
        "BTCUSDT-1h-2024-08.csv",
        "1722470400000,64628.1,64800,64500,64700.5,100,1722473999999,6465000,5000,60,3879000,0\n"
        "1722474000000,64700.5,64900,64600,64650,200,1722477599999,12930000,6000,90,5818500,0\n",
        2,
    ),
    Miniature(
        "binance-vision-metrics",
        "BTCUSDT-metrics-2024-08-05.csv",
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
        "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
        "2024-08-05 00:05:00,BTCUSDT,80000.5,4640029000,1.9,1.1,2.5,0.8\n"
        "2024-08-05 00:10:00,BTCUSDT,80100,4645800000,1.9,,2.6,0.9\n",
        9,
    ),
    Miniature(
        "binance-vision-liquidations",
        "BTCUSDT-liquidationSnapshot-2023-07-31.csv",
        "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
        "accumulated_fill_quantity\n"
        "1690761600100,SELL,LIMIT,IOC,0.5,29000,29100,FILLED,0.5,0.5\n"
        "1690761600900,BUY,LIMIT,IOC,0.1,29300,29200,FILLED,0.1,0.1\n",
        2,
    ),
    Miniature(
        "tardis-trades",
        "okex-swap_trades_2024-01-01_BTC-USDT-SWAP.csv",
        f"{TARDIS_TRADE_HEADER}\n"
        "okex-swap,BTC-USDT-SWAP,1704067200000123,1704067200010456,77,buy,42000,100\n"
        "okex-swap,BTC-USDT-SWAP,1704067201000000,1704067201010000,78,sell,42001,50\n",
        2,
    ),
    Miniature(
        "tardis-liquidations",
        "bitget-futures_liquidations_2026-05-01_APEUSDT.csv",
        f"{TARDIS_TRADE_HEADER}\n"
        "bitget-futures,APEUSDT,1777358886549000,1777358897167000,,sell,0.1649,13.70319\n"
        "binance-futures,BTCUSDT,1704067200000000,1704067200010000,,buy,42000,0.5\n",
        2,
    ),
    Miniature(
        "tardis-derivative-ticker",
        "ticker.csv",
        "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,"
        "open_interest,last_price,index_price,mark_price\n"
        "okex-swap,BTC-USDT-SWAP,1704067200000000,1704067200010000,1704096000000000,0.0001,,1000,42000,42001,42002\n"
        "binance-futures,BTCUSDT,1704067200000000,1704067200010000,,,,,42000,,42002\n",
        5,
    ),
    Miniature(
        "coinalyze-hourly",
        "hours.csv",
        "open_time_utc,symbol,open,high,low,close,volume_base,taker_buy_base,trades,taker_buy_trades,oi_open,oi_high,"
        "oi_low,oi_close,ls_ratio,long_pct,short_pct,liq_long_base,liq_short_base,filled_mask\n"
        "2024-06-19 21:00:00+00:00,BTCUSDT,100,110,90,105,3000,1800,18000,7900,75000,75100,74900,75050,2.5,71.4,28.6,"
        "0.5,0.9,0\n"
        "2024-06-19 22:00:00+00:00,BTCUSDT,105,110,90,100,3000,1800,18000,7900,75000,75100,74900,75060,2.5,71.4,28.6,"
        "0.0,0.0,8\n"
        "2024-06-19 23:00:00+00:00,BTCUSDT,100,100,100,100,0,0,0,0,0,0,0,0,2.5,71.4,28.6,0.0,0.0,15\n",
        7,
    ),
    Miniature(
        "coinglass-liquidations",
        "liquidations.csv",
        "symbol,ts_utc,liq_long_usd,liq_short_usd\nADA,2020-12-23 00:00:00+00,1827258.04,52764.21\n"
        "BTC,2020-12-24 00:00:00+00,5.5,\n",
        2,
    ),
    Miniature(
        "coinglass-futures-candles",
        "futures_daily.csv",
        "symbol,ts_utc,open,high,low,close,volume_usd\n"
        "ADAUSDT,2020-12-23 00:00:00+00:00,0.15,0.16,0.14,0.145,87411566.8\n",
        1,
    ),
    Miniature(
        "coinglass-spot-candles",
        "spot_daily.csv",
        "symbol,ts_utc,open,high,low,close,volume_usd\nADAUSDT,2020-12-23 00:00:00+00:00,0.15,0.16,0.14,0.145,118.5\n",
        1,
    ),
    Miniature(
        "coinglass-open-interest",
        "oi.csv",
        "symbol,ts_utc,oi_total_close,oi_stable_close,oi_coinm_close,unit\n"
        "BTC,2020-12-23 00:00:00+00,57279081.0,127935304.52,1829890.0,usd\n",
        1,
    ),
    Miniature(
        "coinglass-taker-volume",
        "taker.csv",
        "symbol,ts_utc,taker_buy_usd,taker_sell_usd\nBTC,2020-12-23 00:00:00+00,62.5,72.5\n",
        1,
    ),
    Miniature("coinglass-funding", "f.csv", "symbol,ts_utc,funding_close\nBTC,2020-12-23 00:00:00+00,0.01\n", 1),
    Miniature(
        "coinglass-ratios",
        "r.csv",
        "symbol,ts_utc,lsr_global,lsr_top_accounts,lsr_top_positions\nADA,2020-12-23 00:00:00+00,2.33,2.32,0.79\n",
        3,
    ),
    Miniature(
        "coinglass-depth",
        "depth.csv",
        "symbol,ts_utc,range_pct,bids_usd,asks_usd,bids_qty,asks_qty\n"
        "ADA,2024-04-25 00:00:00+00,1.0,5046724.8,4428363.9,1,2\n",
        1,
    ),
    Miniature(
        "coinglass-etf-flows",
        "etf.csv",
        "symbol,date_utc,flow_usd,aum_usd,premium_discount\nBTC,2024-01-12,203000000.0,58316428801.37,\n"
        "BTC,2024-01-13,0.0,,\nBTC,2024-09-02,276000.0,,\n",
        2,
    ),
    Miniature(
        "venue-candles-hourly",
        "candles.csv",
        "timestamp,venue,coin,o,h,l,c,v\n2025-11-01T00:00:00Z,binance,BTC,109557.2,109725.0,109351.5,109689.7,1488.945\n"
        "2025-11-01T00:00:00Z,okx,BTC,109557.2,109725.0,109351.5,109689.7,170000\n"
        "2025-11-01T00:00:00Z,kraken,BTC,109557.2,109725.0,109351.5,109689.7,78.5\n",
        3,
    ),
    Miniature(
        "binance-candles-minutes",
        "ETHUSDT_3m.csv",
        "open,high,low,close,volume,quote_volume,timestamp\n"
        "2850.36,2856.0,2849.34,2855.42,11924.203,34029103.2,2025-12-18T09:45:00Z\n",
        1,
    ),
    Miniature(
        "venue-funding",
        "rates.csv",
        "timestamp,venue,coin,funding_rate\n2025-11-01T00:00:00Z,binance,BTC,0.0001\n"
        "2025-11-01T01:00:00Z,hyperliquid,kPEPE,-0.0000125\n2025-11-01T04:00:00Z,okx,PEPE,0.00005\n",
        3,
    ),
    Miniature(
        "binance-open-interest",
        "binance_BTCUSDT_oi_5m.csv",
        "t,oi,oi_usd\n1764547500000,89832.175,8064963864.475\n1764547800000,89353.369,\n",
        2,
    ),
    Miniature(
        "hyperliquid-liquidations-daily",
        "hl.csv",
        "timestamp,coin,total_usd,long_usd,short_usd,liq_count\n2026-01-14,BTC,18337030.5,4600000.0,13090347.8,2574\n",
        1,
    ),
    Miniature(
        "etf-flows-daily",
        "funds.csv",
        "date,ticker,flow_usd\n2026-01-14,IBIT,126270000.0\n2026-01-19,IBIT,\n2026-01-20,IBIT,15090000.0\n",
        2,
    ),
    Miniature(
        "market-odds",
        "odds.csv",
        "time_utc,venue,market,outcome,probability_ratio\n"
        '2026-01-14T00:00:00Z,polymarket,"Will Bitcoin reach $100,000 in January?",Yes,0.57\n'
        "2026-01-14T00:01:00Z,kalshi,BTC above 105k on Friday,Yes,\n",
        1,
    ),
)

TABLES = {miniature.format: miniature for miniature in MINIATURES}

BOOK_TICKER = json.dumps({"stream": "sushiusdt@bookTicker", "data": {"e": "bookTicker", "u": 1, "s": "SUSHIUSDT"}})

CAPTURES = (
    Miniature(
        "capture-feed-handler",
        "capture.0",
        'https://fapi.binance.com/fapi/v1/exchangeInfo -> 1626992740.175661: {"timezone":"UTC"}\n'
        "wss://fstream.binance.com/stream?streams=a <-> 1626992740.179554\n"
        'wss://fstream.binance.com/stream?streams=a <- 1626992740.2: {"method":"SUBSCRIBE"}\n'
        f"1626992741.06217: {BOOK_TICKER}\n"
        "\n"
        f"1626992741.062170001: {BOOK_TICKER}\n"
        "wss://ws.okx.com:8443/ws/v5/public <-> 1626992750.1\n"
        '1626992751.5: {"event":"subscribe","arg":{"channel":"trades"}}\n'
        'configuration: {"trades":["SUSHI-USDT-PERP"]}\n',
        0,
    ),
    Miniature(
        "capture-backtester",
        "btcusdt.raw",
        f"1723161255030314667 {BOOK_TICKER}\n"
        '1723161255319702566 {"lastUpdateId":51,"E":1723161256501,"bids":[],"asks":[]}\n'
        f"1723161255330314667 {BOOK_TICKER}\n",
        0,
    ),
    Miniature(
        "messages-json",
        "messages.json",
        json.dumps(
            {
                "source": "a test",
                "groups": [
                    {"messages": [{"id": 1, "result": None}]},
                    {"messages": [{"stream": "btcusdt@aggTrade", "data": {"e": "aggTrade", "E": 1568693103463}}]},
                ],
            },
            indent=1,
        ),
        0,
    ),
    Miniature(
        "messages-jsonl",
        "golden.jsonl",
        '{"venue": "okx-v3-legacy", "raw": {"table": "futures/liquidation", "data": [{"created_at": '
        '"2020-12-18T08:32:34.576Z"}]}, "note": ""}\n'
        '{"venue": "dydx-v4", "ts_received_ns": 1726617600000000007, "raw": {"type": "channel_data"}}\n',
        0,
    ),
)

ALL = (*MINIATURES, *CAPTURES)


def contract(venue: str, name: str, symbol: str, qty_unit: str, contract_size: float) -> Instrument:
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    return Instrument(venue, name, symbol, base, quote, settle, "linear", qty_unit, contract_size)


def listed() -> InstrumentMap:
    """The contracts the miniatures name, and no way to guess others."""

    def unknown(venue: str, name: str) -> Instrument:
        raise ValueError(f"{name} of {venue} is not listed")

    return InstrumentMap(
        unknown,
        (
            contract("okx", "BTC-USDT-SWAP", "BTC/USDT:USDT", "contracts", 0.01),
            contract("bitget", "APEUSDT", "APE/USDT:USDT", "base", 1.0),
            contract("binance-usdm", "BTCUSDT", "BTC/USDT:USDT", "base", 1.0),
        ),
    )
