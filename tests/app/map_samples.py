"""Made-up markets as the files people import: hourly tables, candles by venue, open interest."""

from __future__ import annotations

import numpy as np

from powderkeg.domain.time import NS_PER_HOUR, NS_PER_MS, format_instant, parse_instant

START_NS = parse_instant("2024-03-01T00:00:00Z")

HOURLY = (
    "open_time_utc,symbol,open,high,low,close,volume_base,taker_buy_base,trades,taker_buy_trades,oi_open,oi_high,oi_low,"
    "oi_close,ls_ratio,long_pct,short_pct,liq_long_base,liq_short_base,filled_mask"
)

LONGEST = 300
"""Hours there are; fewer of them are the first ones."""


def hourly_rows(seed, symbol, count, price=50_000.0):
    """Rows of an hourly table: a random walk with volume that follows range and liquidations that follow drawdowns."""
    rng = np.random.default_rng(seed)
    path = np.log(price) + np.cumsum(rng.standard_t(4, (LONGEST, 12)) * 0.002).reshape(LONGEST, 12)
    opened = np.concatenate([[np.log(price)], path[:-1, -1]])
    inside = np.exp(np.column_stack([opened, path]))
    held = 80_000.0 * np.exp(np.cumsum(rng.normal(0, 0.003, LONGEST + 1)))
    held[0] = held[1]  # what stood before the first hour is not among the readings an import makes of it
    for i in range(count):
        o, h, low, c = inside[i, 0], inside[i].max(), inside[i].min(), inside[i, -1]
        depth = np.array([np.log(o / low), np.log(h / o)])
        liquidated = held[i] * 1e-4 * np.expm1(200 * depth) * np.exp(rng.normal(0, 0.8, 2))
        volume = 3_000.0 * (1 + 100 * np.log(h / low))
        stamp = format_instant(START_NS + i * NS_PER_HOUR)
        numbers = [o, h, low, c, volume, volume / 2, 1000, 500, held[i], held[i : i + 2].max(), held[i : i + 2].min()]
        numbers += [held[i + 1], 1.5, 60.0, 40.0, *liquidated, 0]
        yield ",".join([stamp, symbol, *(f"{float(number):.10g}" for number in numbers)])


def hourly_table(path, count=300, symbols=("BTCUSDT", "ETHUSDT")):
    """An hourly table of made-up coins."""
    lines = [HOURLY]
    for seed, symbol in enumerate(symbols, start=1):
        lines += hourly_rows(seed, symbol, count)
    path.write_text("\n".join(lines) + "\n")
    return path


def venue_candles(path, venues, count=100, coin="BTC"):
    """Hourly candles of several venues, 0.1 % apart."""
    lines = ["timestamp,venue,coin,o,h,l,c,v"]
    for n, venue in enumerate(venues):
        for row in hourly_rows(1, "x", count, price=50_000.0 * (1 + n / 1000)):
            stamp, _, o, h, low, c, volume, *_ = row.split(",")
            lines.append(f"{stamp},{venue},{coin},{o},{h},{low},{c},{volume}")
    path.write_text("\n".join(lines) + "\n")
    return path


def open_interest(folder, symbol="BTCUSDT", count=100, *, base=True):
    """Open interest of a Binance contract every five minutes, in coins or in dollars alone."""
    path = folder / f"binance_{symbol}_oi_5m.csv"
    lines = ["t,oi,oi_usd"]
    for i in range(count * 12 + 1):
        held = 80_000.0 + 500.0 * np.sin(i / 40.0)
        at_ms = (START_NS + i * NS_PER_HOUR // 12) // NS_PER_MS
        lines.append(f"{at_ms},{held if base else ''},{held * 50_000.0}")
    path.write_text("\n".join(lines) + "\n")
    return path
