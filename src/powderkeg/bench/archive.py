"""The archive: milliseconds for a 24 h window over 30 days, and bytes a trade row.

Both archives are written by the store's own file writer. The rows of the large one are made as columns, because what
is measured is reading them; nothing outside a temporary folder is touched.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportMissingTypeArgument=false, reportMissingTypeStubs=false
# pyarrow ships no types.

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from powderkeg.bench.base import Measure, best_seconds
from powderkeg.domain.time import NS_PER_DAY, NS_PER_HOUR, NS_PER_MS
from powderkeg.store.columns import schema_of
from powderkeg.store.manifest import ArchiveFile, Manifest, archive_dir, file_sha256, save_manifest
from powderkeg.store.parquet import ROW_GROUP_ROWS, PartFile, PartKey
from powderkeg.store.query import Database

ROWS = 5_000_000
DAYS = 30
VENUES = ("binance-usdm", "bybit", "okx", "bitget", "hyperliquid")
COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "PEPE", "SUI", "ADA", "LINK", "AVAX")
FIRST_DAY = 20_454  # 2026-01-01
TRADES = 2_000_000

TOTALS = """
    SELECT split_part(symbol, '/', 1) AS coin, position_side, venue, sum(notional_usd) AS total_usd, count(*) AS rows
    FROM liquidation WHERE date BETWEEN ?::DATE AND ?::DATE AND ts_event_ns >= ? AND ts_event_ns < ? GROUP BY ALL
"""


def run() -> list[Measure]:
    """Build both archives, ask, and weigh."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_window(Path(folder) / "liquidations"), _row(Path(folder) / "trades")]


def _window(data_dir: Path) -> list[Measure]:
    dice = np.random.default_rng(20260114)
    count = ROWS // (DAYS * len(VENUES))
    files = [
        write_rows(data_dir, PartKey("liquidation", venue, FIRST_DAY + day), _liquidations(dice, venue, day, count))
        for venue in VENUES
        for day in range(DAYS)
    ]
    save_manifest(data_dir, Manifest(journal_id="bench", journal_kind="live", is_sealed=True, files=tuple(files)))
    end_ns = (FIRST_DAY + DAYS - 3) * NS_PER_DAY + 7 * NS_PER_HOUR
    parameters = ["2026-01-27", "2026-01-28", end_ns - NS_PER_DAY, end_ns]
    with Database(data_dir) as database:
        first = best_seconds(partial(database.query, TOTALS, parameters), repeats=1)
        seconds = best_seconds(partial(database.query, TOTALS, parameters), repeats=9)
        groups = database.query(TOTALS, parameters).num_rows
    again_s = best_seconds(lambda: Database(data_dir).close(), repeats=5)
    (archive_dir(data_dir) / "verified.json").unlink()
    open_s = best_seconds(lambda: Database(data_dir).close(), repeats=1)
    note = f"{ROWS:,} liquidations, {DAYS} days, {len(VENUES)} venues, {groups} groups of coin, side and venue"
    return [
        Measure(
            name="archive: 24 h window",
            figure=seconds * 1e3,
            unit="ms",
            claim="< 100",
            holds=seconds < 0.1,
            note=note,
        ),
        Measure(name="archive: 24 h window, first question", figure=first * 1e3, unit="ms", note=note),
        Measure(name="archive: first opening", figure=open_s * 1e3, unit="ms", note="SHA-256 of every file"),
        Measure(name="archive: opening again", figure=again_s * 1e3, unit="ms", note="no file has changed"),
    ]


def _row(data_dir: Path) -> Measure:
    file = write_rows(data_dir, PartKey("trade", "binance-usdm", FIRST_DAY), _trades(np.random.default_rng(7), TRADES))
    figure = file.file_bytes / file.rows
    note = f"{TRADES:,} Binance-like trades: bursts, ms event and ns receive times, sequential ids, float64 notional"
    return Measure(
        name="archive: trade row", figure=figure, unit="bytes/row", claim="<= 14", holds=figure <= 14, note=note
    )


def write_rows(data_dir: Path, key: PartKey, columns: dict[str, Any]) -> ArchiveFile:
    """Write the columns of one event type, venue and day through the store's writer, row group by row group."""
    path = archive_dir(data_dir) / key.folder / "bench.1-1.parquet"
    path.parent.mkdir(parents=True)
    table = pa.table(columns, schema=schema_of(key.event))
    file = PartFile(key, path, {})
    for start in range(0, table.num_rows, ROW_GROUP_ROWS):
        file.write(table.slice(start, ROW_GROUP_ROWS))
    part = file.close()
    return ArchiveFile(
        path=f"{key.folder}/{path.name}",
        event=key.event,
        venue=key.venue,
        date=key.date,
        rows=part.rows,
        file_bytes=path.stat().st_size,
        min_ts_event_ns=part.min_ts_event_ns,
        max_ts_event_ns=part.max_ts_event_ns,
        sha256=file_sha256(path),
    )


def _liquidations(dice: np.random.Generator, venue: str, day: int, count: int) -> dict[str, Any]:
    symbols = np.array([f"{coin}/USDT:USDT" for coin in COINS])
    event_ms = (FIRST_DAY + day) * 86_400_000 + np.sort(dice.integers(0, 86_400_000, count))
    price = np.round(1_000 * np.exp(dice.normal(0, 2, count)), 2)
    qty = np.ceil(1_000 * np.exp(dice.normal(0, 2, count))) / 1_000
    return {
        "venue": [venue] * count,
        "symbol": symbols[dice.integers(0, len(COINS), count)],
        "position_side": np.array(["long", "short"])[dice.integers(0, 2, count)],
        "qty": qty,
        "qty_unit": ["base"] * count,
        "qty_base": qty,
        "notional_usd": qty * price,
        "price": price,
        "price_kind": ["fill"] * count,
        "order_price": pa.nulls(count, pa.float64()),
        "fill_price": price,
        "bankruptcy_price": pa.nulls(count, pa.float64()),
        "coverage": ["all"] * count,
        "event_id": pa.nulls(count, pa.string()),
        "ts_event_ns": event_ms * NS_PER_MS,
        "ts_received_ns": event_ms * NS_PER_MS + dice.integers(1_000_000, 90_000_000, count),
        "ts_is_received": np.zeros(count, dtype=bool),
    }


def _trades(dice: np.random.Generator, count: int) -> dict[str, Any]:
    """One busy symbol's day: a quarter of the trades open a burst, the others follow within it at the same moment."""
    opens = dice.random(count) < 0.25
    event_ms = FIRST_DAY * 86_400_000 + np.cumsum(opens * dice.geometric(1 / 150, count))
    burst_ns = np.maximum.accumulate(
        np.where(opens, event_ms * NS_PER_MS + dice.integers(2_000_000, 9_000_000, count), 0)
    )
    price = (955_000 + np.cumsum(dice.integers(-3, 4, count) * opens)) / 10
    qty = np.maximum(1, np.exp(dice.normal(2.5, 1.8, count))).astype(np.int64) / 1_000
    return {
        "venue": ["binance-usdm"] * count,
        "symbol": ["BTC/USDT:USDT"] * count,
        "price": price,
        "qty_base": qty,
        "notional_usd": price * qty,
        "taker_side": np.array(["buy", "sell"])[np.cumsum(opens) % 2],
        "trade_id": [str(5_266_583_935 + n) for n in range(count)],
        "ts_event_ns": event_ms * NS_PER_MS,
        "ts_received_ns": burst_ns + np.cumsum(dice.integers(300, 900, count)) % 1_000_000,
    }
