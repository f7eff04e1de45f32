"""An import that is killed goes on where it stopped, and two imports at once never write the same journal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from powderkeg.store.archive import archive_hash
from powderkeg.store.importers.registry import recognize
from powderkeg.store.importers.run import import_file
from powderkeg.store.importers.sources import source_of
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path, journal_paths
from powderkeg.store.journal_format import JournalMeta
from powderkeg.store.journal_reader import JournalReader

ROWS = 300_000
T0_MS = 1_766_845_883_000


@pytest.fixture(scope="module")
def agg_trades(tmp_path_factory):
    """A day of aggregated trades as Binance Vision publishes it, some 18 MB."""
    rng = np.random.default_rng(5)
    prices = 95_000 + rng.standard_normal(ROWS).cumsum().round(1)
    qty = rng.integers(1, 5_000, ROWS) / 1_000
    stamps = T0_MS + np.arange(ROWS) * 100
    makers = rng.random(ROWS) < 0.5
    path = tmp_path_factory.mktemp("vision") / "BTCUSDT-aggTrades-2025-12-27.csv"
    with path.open("w") as out:
        out.write("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n")
        out.writelines(
            f"{n},{price:.1f},{base:.3f},{n},{n},{stamp},{'true' if maker else 'false'}\n"
            for n, (price, base, stamp, maker) in enumerate(zip(prices, qty, stamps, makers, strict=True), 1)
        )
    return path


def start_import(source, data_dir):
    """A real process, killed like one."""
    return subprocess.Popen(
        [sys.executable, "-m", "powderkeg.cli.main", "import", str(source), "--data", str(data_dir)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "80"},
    )


def committed(data_dir):
    """Batches that are in the journal for good, 0 before there is one, and whether it is complete."""
    for path in journal_paths(data_dir):
        try:
            with JournalReader(path) as reader:
                return reader.progress.last_seq, reader.progress.state
        except Exception:  # noqa: BLE001 - it is being made this very moment
            return 0, "open"
    return 0, "open"


def kill_when(process, condition):
    """SIGKILL as soon as the condition holds."""
    while process.poll() is None and not condition():
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()


def killed_while_journaling(source, folder):
    """A data directory whose import was killed between two commits; another one where the kill came too late."""
    for attempt in range(6):
        data_dir = folder / f"broken-{attempt}"
        kill_when(start_import(source, data_dir), lambda data_dir=data_dir: committed(data_dir)[0] >= 3)
        batches, state = committed(data_dir)
        if state == "open":
            assert batches >= 3
            return data_dir
    pytest.fail("six imports were done before they could be killed: make the file larger")


def test_a_killed_import_ends_like_an_undisturbed_one(keg, tmp_path, agg_trades):
    """Killed in the journal, killed in the archive, run again: the bytes of an import nobody disturbed."""
    whole = tmp_path / "whole"
    expected = import_file(whole, agg_trades)
    assert expected.events == {"trade": ROWS}
    broken = killed_while_journaling(agg_trades, tmp_path)
    assert archive_hash(broken) != archive_hash(whole)
    kill_when(start_import(agg_trades, broken), lambda: any((broken / "archive").glob("tmp-*/*")))
    answer = keg("import", agg_trades, "--data", broken, "--json")
    assert answer.code == 0
    assert answer.json["imports"][0]["result"]["events"] == {"trade": ROWS}
    assert archive_hash(broken) == archive_hash(whole)
    assert {path.name for path in broken.rglob("*.parquet")} == {path.name for path in whole.rglob("*.parquet")}
    assert keg("import", agg_trades, "--data", broken, "--json").json["imports"][0]["result"]["already_imported"]


def test_a_second_writer_is_refused_with_exit_3(keg, tmp_path):
    """While somebody writes the journal of a file, importing the same file says busy, and what to do."""
    source = tmp_path / "orders.csv"
    source.write_text("ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883281,3000.0\n" * 3)
    meta: JournalMeta = source_of(source, recognize(source), lambda _: None).meta
    with Journal.create_or_resume(journal_path(tmp_path / "keg", meta.journal_id), meta, now_ns=int):
        answer = keg("import", source, "--data", tmp_path / "keg")
    assert answer.code == 3
    assert "in use by another process" in answer.err
    assert keg("import", source, "--data", tmp_path / "keg").code == 0
