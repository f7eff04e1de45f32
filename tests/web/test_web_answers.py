"""What the API answers: the numbers of the command line, in every form, and a hint where it cannot."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.feather
import pyarrow.parquet
import pytest

from powderkeg.app.library import open_library
from powderkeg.domain.time import parse_instant
from powderkeg.web.asks import Totals
from powderkeg.web.coinglass import COINGLASS
from powderkeg.web.endpoints import ENDPOINTS, LOGIN_STYLE, OWN
from powderkeg.web.faults import Refused
from powderkeg.web.parameters import MAX_BODY_BYTES, depth_of, read_body

AS_OF = "2026-09-16T15:00:00Z"
TOTALS = "/api/v1/liquidations/totals"
HISTORY = "/api/v1/liquidations/history"
ORDERS = "/api/v1/liquidations/orders"
ROOT = Path(__file__).resolve().parents[2]


def told(data_dir, *words):
    """What `powderkeg liquidations --json` prints."""
    command = [sys.executable, "-m", "powderkeg.cli.main", "liquidations", "--data", str(data_dir), "--json", *words]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("window=10m", ["--window", "10m"]),
        ("window=10m&coin=BTC,ETH&by=coin", ["--window", "10m", "--coin", "BTC", "--coin", "ETH", "--by", "coin"]),
        (
            "window=5m&venue=bybit&venue=okx&by=venue,position_side",
            ["--window", "5m", "--venue", "bybit", "--venue", "okx", "--by", "venue,position_side"],
        ),
    ],
)
def test_totals_are_those_of_the_command_line(server, squeeze_dir, query, words):
    """Byte for byte the same rows, sources and head."""
    answer = server.get(f"{TOTALS}?{query}&as_of={AS_OF}").json()
    assert answer.pop("empty") is None
    assert answer["rows"]
    assert answer == told(squeeze_dir, "--as-of", AS_OF, *words)


def test_bars_are_those_of_the_command_line(server, squeeze_dir):
    """The interval may be given by its ends or by its length."""
    wanted = told(squeeze_dir, "--as-of", AS_OF, "--window", "10m", "--bars", "30s", "--by", "venue")
    for query in (
        f"end={AS_OF}&window=10m",
        f"start=2026-09-16T14:50:00Z&end={AS_OF}",
        "start=1789570200000&end=1789570800000",
    ):
        answer = server.get(f"{HISTORY}?{query}&interval=30s&by=venue").json()
        assert answer.pop("empty") is None
        assert answer == wanted


def test_the_tape_holds_the_orders_that_totals_count(server, squeeze_dir):
    """Filters, order and limit, against the archive's own rows."""
    with open_library(squeeze_dir) as library:
        rows = library.events("liquidation", coin="BTC", venue="bybit").to_pylist()
    large = [row for row in rows if row["notional_usd"] >= 100_000 and row["position_side"] == "short"]
    query = f"end={AS_OF}&window=10m&coin=BTC&venue=bybit&min_usd=100000&position_side=short"
    newest = server.get(f"{ORDERS}?{query}&limit=1000").json()
    largest = server.get(f"{ORDERS}?{query}&limit=3&order=largest").json()
    assert newest["matching"] == largest["matching"] == len(newest["rows"]) == len(large) > 3
    assert [row["at"] for row in newest["rows"]] == sorted((row["at"] for row in newest["rows"]), reverse=True)
    best = sorted((row["notional_usd"] for row in large), reverse=True)[:3]
    assert [row["notional_usd"] for row in largest["rows"]] == best


@pytest.mark.parametrize("path", [TOTALS, HISTORY, ORDERS, "/api/v1/cvd", "/api/v1/prices", "/api/v1/open-interest"])
def test_every_form_has_the_same_rows(server, path):
    """JSON, CSV, Parquet and Arrow; by parameter and by Accept header."""
    clock = f"as_of={AS_OF}" if path == TOTALS else f"end={AS_OF}"
    query = f"{path}?{clock}&window=10m&coin=BTC"
    rows = server.get(query).json()["rows"]
    parquet = pyarrow.parquet.read_table(io.BytesIO(server.get(f"{query}&format=parquet").content))
    told_arrow = server.get(query, headers={"Accept": "application/vnd.apache.arrow.file"})
    arrow = pyarrow.feather.read_table(io.BytesIO(told_arrow.content))
    text = server.get(query, headers={"Accept": "text/csv"})
    assert text.headers["content-type"].startswith("text/csv")
    assert text.headers["powderkeg-simulated"] == told_arrow.headers["powderkeg-simulated"] == "true"
    assert 'filename="SIMULATED-' in text.headers["content-disposition"]
    assert parquet.num_rows == arrow.num_rows == len(list(csv.DictReader(io.StringIO(text.text)))) == len(rows) > 0


def test_cells_a_spreadsheet_would_run_are_inert(tmp_path, squeeze_dir):
    """S8: text that begins like a formula gets an apostrophe, numbers stay numbers."""
    import pyarrow as pa

    from powderkeg.store.exporters import table_bytes

    table = pa.table({"symbol": ["=1+1", "@x", "-2", "BTC"], "delta_usd": [-1.5, 2.0, -3.0, None]})
    rows = list(csv.DictReader(io.StringIO(table_bytes(table, "csv").decode())))
    assert [row["symbol"] for row in rows] == ["'=1+1", "'@x", "'-2", "BTC"]
    assert [row["delta_usd"] for row in rows] == ["-1.5", "2", "-3", ""]


@pytest.mark.parametrize(
    ("query", "status", "code", "hint"),
    [
        ("coim=BTC", 400, "unknown_parameter", "did you mean coin?"),
        ("as_of=1789570800", 400, "bad_input", "did you mean 1789570800000?"),
        ("window=tomorrow", 400, "bad_input", ""),
        ("window=1h&window=2h", 400, "repeated_parameter", ""),
        ("window=", 400, "bad_parameter", ""),
        ("venue=bibit", 400, "bad_input", "bybit"),
        ("by=color", 400, "bad_input", ""),
        ("format=xml", 400, "bad_format", "json, csv"),
        ("coin=" + "A" * 65, 400, "bad_parameter", ""),
        ("coin=" + ",".join(["BTC"] * 51), 400, "bad_parameter", ""),
        ("coin=" + "A" * 5_000, 414, "too_long", ""),
        ("&".join(["coin=A"] * 150), 400, "bad_query", ""),
        ("coin=%FF%FE", 400, "bad_query", ""),
    ],
    ids=lambda content: content[:24] if isinstance(content, str) else None,
)
def test_what_cannot_be_understood_is_answered_with_a_hint(server, query, status, code, hint):
    """The same three members always: code, message, hint."""
    answer = server.get(f"{TOTALS}?{query}")
    fault = answer.json()
    assert set(fault) == {"code", "message", "hint"}
    assert (answer.status_code, fault["code"]) == (status, code)
    assert hint in fault["hint"] or hint in fault["message"]


SQL = ["'; DROP TABLE liquidation; --", "BTC' OR '1'='1", "1) UNION SELECT 1 --", "read_csv('/etc/passwd')", "\\'"]


@pytest.mark.parametrize("text", SQL)
@pytest.mark.parametrize("name", ["coin", "venue", "by", "window", "as_of"])
def test_sql_in_a_filter_is_bad_use(server, name, text):
    """S9: values are values; what is no coin and no venue is 400."""
    assert server.get(TOTALS, params={name: text}).status_code == 400


def test_unknown_numbers_and_choices_are_bad_use(server):
    """Limits hold for every input."""
    for query in (
        "limit=0",
        "limit=1001",
        "min_usd=-1",
        "min_usd=nan",
        "min_usd=1e99",
        "order=random",
        "position_side=up",
        "limit=1.5",
    ):
        assert server.get(f"{ORDERS}?{query}").status_code == 400, query
    assert server.get("/api/v1/prices").status_code == 400
    assert server.get("/api/v1/cvd?coin=BTC&interval=1s&window=2d").status_code == 400


@pytest.mark.parametrize(
    ("query", "state"),
    [
        ("as_of=2026-09-16T14:50:30Z&window=20s&coin=DOGE&venue=bitget", "no_events"),
        (f"as_of={AS_OF}&window=10m&coin=XRP", "filtered_out"),
        ("as_of=2026-10-01&window=1h", "not_watched"),
        (f"as_of={AS_OF}&window=10m&venue=gate", "not_connected"),
    ],
)
def test_an_empty_answer_says_why(server, query, state):
    """The causes never look alike."""
    answer = server.get(f"{TOTALS}?{query}").json()
    assert not any(row["count"] for row in answer["rows"])
    assert answer["empty"]["message"]
    assert answer["empty"]["state"] == state


def test_every_answer_says_that_it_is_simulated(server):
    """Nobody may take the demo for a market."""
    quick = [endpoint for endpoint in (*ENDPOINTS, *COINGLASS) if endpoint.lane == "quick"]
    for endpoint in quick:
        query = "coin=BTC" if endpoint.question == "prices" else ""
        query = "exchange=Binance&symbol=BTC&interval=1h" if endpoint.path.startswith("/compat") else query
        answer = server.get(f"{endpoint.path}?{query}")
        assert (answer.status_code, answer.json()["simulated"]) == (200, True), endpoint.path


def test_events_are_found_by_the_rule_that_is_stated(server):
    """The squeeze stands out in bars of seconds, each event's totals are those of its span."""
    answer = server.get(f"/api/v1/events?end={AS_OF}&min_usd=100000&coin=BTC").json()
    assert answer["rule"]["interval"] == "5s"
    first = answer["rows"][0]
    assert first["coin"] == "BTC"
    assert first["short_usd"] > 10e6
    length_ms = (parse_instant(first["to"]) - parse_instant(first["from"])) // 1_000_000
    totals = server.get(f"{TOTALS}?coin=BTC&by=coin&as_of={first['to']}&window={length_ms}ms").json()["rows"][0]
    assert totals["total_usd"] == first["total_usd"]


def test_bars_of_taker_flow_add_up(server, squeeze_dir):
    """Each bar's delta is buys less sells, the sum runs on, and all of it is in the trades."""
    rows = server.get(f"/api/v1/cvd?coin=BTC&venue=okx&end={AS_OF}&window=10m&interval=1m").json()["rows"]
    with open_library(squeeze_dir) as library:
        trades = library.events("trade", coin="BTC", venue="okx").to_pylist()
    signed = sum(row["notional_usd"] * (1 if row["taker_side"] == "buy" else -1) for row in trades)
    running = 0.0
    for row in rows:
        assert row["delta_usd"] == pytest.approx(row["taker_buy_usd"] - row["taker_sell_usd"], abs=1e-6)
        running += row["delta_usd"]
        assert row["cvd_usd"] == pytest.approx(running, abs=1e-5)
    assert running == pytest.approx(signed, abs=1e-4)
    assert sum(row["trade_count"] for row in rows) == len(trades)


def test_candles_are_those_of_the_trades(server, squeeze_dir):
    """Open, high, low and close of each bar, against the trades themselves."""
    answer = server.get(f"/api/v1/prices?coin=ETH&venue=bybit&end={AS_OF}&window=10m&interval=2m").json()
    assert (answer["basis"], answer["venue"], answer["symbol"]) == ("trade", "bybit", "ETH/USDT:USDT")
    with open_library(squeeze_dir) as library:
        trades = library.events("trade", coin="ETH", venue="bybit").to_pylist()
    bars = {}
    for trade in trades:
        bars.setdefault(trade["ts_event_ns"] // 120_000_000_000, []).append(trade["price"])
    assert len(answer["rows"]) == len(bars)
    for row, prices in zip(answer["rows"], bars.values(), strict=True):
        assert (row["high_price"], row["low_price"]) == (max(prices), min(prices))
        assert row["open_price"] in prices
        assert row["close_price"] in prices


@pytest.mark.parametrize("question", ["liquidations/orders", "events"])
def test_single_orders_and_events_say_how_much_was_watched(server, question):
    """Half of the window was recorded: the same share as that of the totals, venue by venue."""
    told = server.get(f"/api/v1/{question}?end={AS_OF}&window=20m").json()["sources"]
    totals = server.get(f"{TOTALS}?as_of={AS_OF}&window=20m").json()["sources"]
    assert {one["venue"]: one["coverage"] for one in told} == {one["venue"]: one["coverage"] for one in totals}
    assert [one["coverage"] for one in told] == pytest.approx([0.5] * 4)


def test_health_knows_what_was_recorded(server):
    """Reach and coverage per stream; no live session here."""
    answer = server.get(f"/api/v1/health?as_of={AS_OF}&window=20m").json()
    assert answer["recorded"] == {"from": "2026-09-16T14:50:00Z", "to": AS_OF}
    assert answer["live"] is None
    stream = next(row for row in answer["rows"] if (row["venue"], row["stream"]) == ("bybit", "liquidation"))
    assert stream["coverage"] == pytest.approx(0.5)
    assert stream["gap_s"] == pytest.approx(600)


def test_files_have_tags_and_unknown_ones_do_not_exist(server):
    """A page is sent once; what is not a file of the dashboard is 404 with a hint."""
    page = server.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert server.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    for name in ("/nothing.js", "/package.json.bak", "/api/v1/nothing"):
        answer = server.get(name)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert server.get("/api/v1/health", headers={"Accept": "text/csv"}).json()["rows"]


def test_the_schema_and_the_page_of_the_api_name_every_route(server):
    """OpenAPI and docs/api.md are held to the table of routes."""
    schema = server.get("/schema").json()
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    for endpoint in ENDPOINTS:
        assert endpoint.method.lower() in schema["paths"][endpoint.path]
        assert f"{endpoint.method} {endpoint.path}`" in page
    for one in OWN:
        assert one.path in page or one is LOGIN_STYLE
    for facade in COINGLASS:
        assert facade.path in schema["paths"]
    totals = {one["name"]: one for one in schema["paths"][TOTALS]["get"]["parameters"]}
    assert totals["coin"]["schema"]["maxItems"] == 50
    assert set(totals) == {"coin", "venue", "window", "as_of", "by", "format"}


def test_bodies_are_bounded_before_they_are_decoded():
    """S12: size and depth first; the decoder never sees a bomb."""
    bombs = [
        b"[" * 200_000,
        b'{"coin":' * 5_000,
        b"{" * 17 + b"}" * 17,
        b"\xff\xfe",
        b"nul",
        b"[]",
        b'"text"',
        b"{" + b" " * MAX_BODY_BYTES,
    ]
    for bomb in bombs:
        with pytest.raises(Refused) as refused:
            read_body(bomb, Totals)
        assert refused.value.status in (400, 413)
    assert read_body(b'{"coin":["BTC"],"window":"1h"}', Totals).coin == ("BTC",)
    with pytest.raises(Refused, match="no parameter"):
        read_body(b'{"coim":["BTC"]}', Totals)
    assert depth_of(b'{"a":[[]]}') == 3
