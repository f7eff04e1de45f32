"""A recording of force orders becomes the totals an independent exact sum finds: CLI, Python and SQL alike."""

from __future__ import annotations

import random
from decimal import Decimal

import duckdb
import force_orders
import pytest

import powderkeg

DAY_MS = 86_400_000
AS_OF = "2025-12-28T14:00:00Z"
AS_OF_MS = 1_766_930_400_000


def cents(usd):
    """To the cent; half a cent of a float's dust is no difference."""
    return round(Decimal(repr(usd)), 2)


def assert_equal_to_the_cent(rows, expected):
    """Each coin's long, short and count are those of the oracle, and no coin is missing or made up."""
    assert {row["coin"] for row in rows} == set(expected)
    for row in rows:
        of_coin = expected[row["coin"]]
        assert abs(Decimal(repr(row["long_usd"])) - of_coin["long"]) < Decimal("0.005"), row["coin"]
        assert abs(Decimal(repr(row["short_usd"])) - of_coin["short"]) < Decimal("0.005"), row["coin"]
        assert abs(Decimal(repr(row["total_usd"])) - of_coin["long"] - of_coin["short"]) < Decimal("0.005")
        assert row["count"] == of_coin["count"]
        assert row["is_floor"] is True


def sql_sums(data_dir, start_ms, end_ms):
    """Coin-less sums straight from the Parquet files, by an engine that knows nothing of this package."""
    files = f"{data_dir}/archive/event=liquidation/*/*/*.parquet"
    return {
        (symbol, position_side): (usd, count)
        for symbol, position_side, usd, count in duckdb.connect()
        .sql(
            "SELECT symbol, position_side, fsum(notional_usd), count(*) "
            f"FROM read_parquet('{files}') WHERE ts_event_ns >= {start_ms}000000 AND ts_event_ns < {end_ms}000000 "
            "GROUP BY ALL"
        )
        .fetchall()
    }


def test_the_recorded_day_sums_to_the_cent(keg, tmp_path, shared_data):
    """The recording beside the checkout: every coin and side, an independent Decimal sum, SELL = long."""
    source = shared_data / "ticks" / "binance_force_orders_2025-12-27.csv"
    assert keg("import", source, "--data", tmp_path / "keg").code == 0
    answer = keg(
        "liquidations", "--window", "24h", "--as-of", AS_OF, "--by", "coin", "--json", "--data", tmp_path / "keg"
    )
    expected = force_orders.sums(source.read_text("utf-8").splitlines(), AS_OF_MS - DAY_MS, AS_OF_MS)
    assert len(expected) > 100
    assert_equal_to_the_cent(answer.json["rows"], expected)
    assert answer.json["as_of"] == AS_OF
    assert answer.json["window"] == "24h"


@pytest.mark.parametrize("seed", range(4))
def test_any_recording_of_the_kind_sums_to_the_cent(keg, tmp_path, seed):
    """Generated files, with junk between the rows: the rows count, the junk is quarantined line by line."""
    rng = random.Random(seed)
    rows = force_orders.recording(rng, AS_OF_MS - DAY_MS - 6 * 3_600_000, 700)
    lines = list(rows)
    for junk in force_orders.JUNK:
        lines.insert(rng.randrange(5, len(lines)), junk)
    source = tmp_path / "orders.csv"
    source.write_bytes("\r\n".join(lines).encode() if seed % 2 else "\n".join([*lines, ""]).encode())
    imported = keg("import", source, "--data", tmp_path / "keg", "--json")
    assert imported.code == 0
    result = imported.json["imports"][0]["result"]
    not_empty = [junk for junk in force_orders.JUNK if junk]
    assert (result["rejects"], result["events"]) == (len(not_empty), {"liquidation": len(rows)})
    expected_lines = [number for number, line in enumerate(lines, 1) if line in not_empty]
    assert [reject["line"] for reject in result["first_rejects"]] == expected_lines
    assert all(reject["reason"] for reject in result["first_rejects"])
    answer = keg("liquidations", "--as-of", AS_OF_MS, "--by", "coin", "--json", "--data", tmp_path / "keg")
    assert_equal_to_the_cent(answer.json["rows"], force_orders.sums(rows, AS_OF_MS - DAY_MS, AS_OF_MS))


@pytest.mark.parametrize("window_h", [1, 4, 24])
def test_command_line_python_and_sql_agree(keg, tmp_path, window_h):
    """One `as_of`, three roads: the same figure for every symbol and side."""
    rows = force_orders.recording(random.Random(9), AS_OF_MS - DAY_MS - 6 * 3_600_000, 1_500)
    source = tmp_path / "orders.csv"
    source.write_text("\n".join(rows), "utf-8")
    data_dir = tmp_path / "keg"
    assert keg("import", source, "--data", data_dir).code == 0
    by = ("symbol", "position_side")
    told = keg(
        *("liquidations", "--window", f"{window_h}h", "--as-of", AS_OF, "--by", ",".join(by)),
        *("--json", "--data", data_dir),
    ).json
    with powderkeg.open(data_dir) as library:
        table = library.liquidations(window=f"{window_h}h", as_of=AS_OF, by=by)
        frame = table.to_pandas()
        assert table.to_dict() == told
    by_sql = sql_sums(data_dir, AS_OF_MS - window_h * 3_600_000, AS_OF_MS)
    by_cli = {(row["symbol"], row["position_side"]): (row["total_usd"], row["count"]) for row in told["rows"]}
    by_python = {(row.symbol, row.position_side): (row.total_usd, row.count) for row in frame.itertuples()}
    assert by_cli.keys() == by_sql.keys() == by_python.keys()
    for key, (usd, count) in by_sql.items():
        assert cents(by_cli[key][0]) == cents(usd) == cents(float(by_python[key][0]))
        assert by_cli[key][1] == count == by_python[key][1]


def test_the_same_import_twice_changes_nothing(keg, tmp_path):
    """The second time says so, and every file of the data directory keeps its bytes."""
    source = tmp_path / "orders.csv"
    source.write_text("\n".join(force_orders.recording(random.Random(1), AS_OF_MS - DAY_MS, 300)), "utf-8")
    data_dir = tmp_path / "keg"

    def contents():
        return {path: path.read_bytes() for path in sorted(data_dir.rglob("*.parquet"))}

    first = keg("import", source, "--data", data_dir, "--json").json["imports"][0]["result"]
    before = contents()
    copy = source.with_name("renamed.txt")
    copy.write_bytes(source.read_bytes())
    second = keg("import", source, copy, "--data", data_dir, "--json").json["imports"]
    assert not first["already_imported"]
    assert [one["result"]["already_imported"] for one in second] == [True, True]
    assert [one["result"]["events"] for one in second] == [first["events"]] * 2
    assert before
    assert contents() == before
    assert "already imported" in keg("import", source, "--data", data_dir).out


def test_two_recordings_of_the_same_hours_count_once(keg, tmp_path):
    """A second recording that overlaps the first adds what is new; the rows in both are one event each."""
    rows = force_orders.recording(random.Random(2), AS_OF_MS - DAY_MS, 400)
    for name, part in (("a.csv", rows[:300]), ("b.csv", rows[200:])):
        (tmp_path / name).write_text("\n".join(part), "utf-8")
        assert keg("import", tmp_path / name, "--data", tmp_path / "keg").code == 0
    answer = keg("liquidations", "--as-of", AS_OF, "--by", "coin", "--json", "--data", tmp_path / "keg")
    assert_equal_to_the_cent(answer.json["rows"], force_orders.sums(rows, AS_OF_MS - DAY_MS, AS_OF_MS))
