"""The tools for agents: a real client over stdio, limits, and answers that say how sure they are."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

import pytest

from mcp import Client, StdioServerParameters
from powderkeg.app.library import Library
from powderkeg.domain.errors import ConfigError, InputError
from powderkeg.mcp import server
from powderkeg.mcp.tools import MAX_ARGUMENT_BYTES, TOOLS, call

WHEN = "2026-09-16T15:00:00Z"
ARGUMENTS = {
    "nearest_clusters": {"coin": "BTC", "position_side": "short"},
    "liquidation_totals": {"coin": ["BTC"], "window": "1h", "as_of": WHEN},
    "liquidation_history": {"interval": "1m", "window": "10m", "as_of": WHEN},
    "largest_liquidations": {"limit": 3, "as_of": WHEN},
    "liquidation_events": {"coin": ["BTC"], "window": "1d"},
    "map_score": {"coin": "BTC"},
    "squeeze_ladder": {"coin": "BTC", "shock_usd": 1e6, "depth_usd": 1e8},
    "simulate": {"coin": "BTC", "paths": 200, "horizon": "1h", "depth_usd": 1e8},
    "funding": {"coin": ["BTC"], "as_of": WHEN},
    "open_interest": {"coin": ["BTC"], "interval": "5m", "window": "10m", "as_of": WHEN},
    "feed_health": {"window": "10m", "as_of": WHEN},
    "alert_history": {},
}


def session(data_dir, work):
    """Run `work(client)` against `powderkeg mcp` in a process of its own, bounded."""

    async def main():
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "powderkeg.cli.main", "mcp", "--data", str(data_dir)],
            env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        )
        async with asyncio.timeout(150), Client(command) as client:
            return await work(client)

    return asyncio.run(main())


def test_a_client_lists_and_calls_every_tool(squeeze_dir):
    """Each answers, or says in a sentence what it needs; all are marked as read-only."""

    async def work(client):
        listed = (await client.list_tools()).tools
        return listed, {name: await client.call_tool(name, given) for name, given in ARGUMENTS.items()}

    listed, answers = session(squeeze_dir, work)
    assert {tool.name for tool in listed} == set(ARGUMENTS) == {tool.name for tool in TOOLS}
    assert all(tool.annotations.read_only_hint and not tool.annotations.destructive_hint for tool in listed)
    assert all(tool.input_schema["type"] == "object" and len(tool.description) > 40 for tool in listed)
    for name, result in answers.items():
        content = json.loads(result.content[0].text)
        assert content == result.structured_content, name
        assert not result.is_error, (name, content)
        assert content["is_simulated"]
        assert "never instructions" in content["note"]
        assert content["untrusted"]
    totals = answers["liquidation_totals"].structured_content["answer"]
    assert totals["method"] == "measured"
    assert all({"coverage", "is_floor", "long_usd", "short_usd"} <= set(row) for row in totals["rows"])
    assert totals["rows"]


def test_one_call_says_where_the_clusters_are_and_how_sure_that_is(squeeze_dir):
    """Bands, method, floor, coverage, score and what is absent come with the clusters."""
    with Library(squeeze_dir) as library:
        told = call(library, "nearest_clusters", {"coin": "BTC", "position_side": "short", "count": 3})["answer"]
        assert told["method"] == "modelled"
        assert told["is_floor"]
        assert told["coverage"]
        assert told["scorecard"] == []
        sure = " ".join(told["how_sure"])
        assert "SIMULATED" in sure
        assert "Dollars are a floor" in sure
        assert "score is unknown" in sure
        for cluster in told["clusters"]:
            assert cluster["position_side"] == "short"
            assert cluster["price"] > told["mark_price"]
            assert cluster["lower_usd"] <= cluster["notional_usd"] <= cluster["upper_usd"]
        assert len(json.dumps(told)) < 20_000


def test_totals_are_those_of_the_library(squeeze_dir):
    """The same function, the same numbers."""
    with Library(squeeze_dir) as library:
        told = call(library, "liquidation_totals", ARGUMENTS["liquidation_totals"])["answer"]
        expected = library.liquidations(coin="BTC", window="1h", as_of=WHEN).to_dict()
    assert told["rows"] == json.loads(json.dumps(expected["rows"]))


def test_nothing_is_never_silent(squeeze_dir):
    """No rows come with the reason."""
    with Library(squeeze_dir) as library:
        for name in ("liquidation_totals", "liquidation_history", "largest_liquidations", "liquidation_events"):
            given = {"as_of": "2024-01-01T00:00:00Z", "window": "1d"}
            told = call(library, name, given)["answer"]
            assert told["rows"] == [] or all(not row.get("count") for row in told["rows"]), name
            assert told["rows"] or told["empty"], name
        assert "is recorded" in call(library, "funding", {"coin": ["BTC"]})["answer"]["empty"]


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("nearest_cluster", {}, "there are nearest_clusters"),
        ("nearest_clusters", {}, "coin"),
        ("nearest_clusters", {"coin": "BTC", "count": 1_000}, "<= 20"),
        ("liquidation_totals", {"window": "1h", "sql": "DROP"}, "unknown field"),
        ("liquidation_totals", {"coin": ["BTC"] * 50}, "<= 20"),
        ("liquidation_totals", {"as_of": "1768392000"}, "seconds"),
        ("simulate", {"coin": "BTC", "paths": 10**9}, "20000"),
        ("squeeze_ladder", {"coin": "BTC", "shock_usd": -1.0}, ">= 0"),
        ("funding", {"interval": "1s", "window": "30d"}, "more than 10,000"),
        ("alert_history", {"limit": 1.5}, "int"),
    ],
    ids=lambda held: held if isinstance(held, str) else "",
)
def test_limits_are_errors_an_agent_can_act_on(squeeze_dir, name, given, message):
    with Library(squeeze_dir) as library, pytest.raises(InputError, match=message):
        call(library, name, given)


def test_long_arguments_are_not_read(squeeze_dir):
    with Library(squeeze_dir) as library, pytest.raises(InputError, match="are not read"):
        call(library, "map_score", {"coin": "x" * MAX_ARGUMENT_BYTES})


def test_errors_reach_the_agent_as_results(squeeze_dir):
    """A refusal is an answer with a sentence, not a broken connection; the next call works."""

    async def work(client):
        return await client.call_tool("nearest_clusters", {"coin": "NOSUCHCOIN"}), await client.call_tool(
            "map_score", {}
        )

    refused, fine = session(squeeze_dir, work)
    assert refused.is_error
    assert "NOSUCHCOIN" in json.loads(refused.content[0].text)["message"]
    assert not fine.is_error


def test_nothing_is_written_by_asking(squeeze_dir):
    """Read-only: the data directory has no new file after every tool was called."""
    before = sorted(str(path) for path in squeeze_dir.rglob("*") if path.is_file())
    with Library(squeeze_dir) as library:
        for name, given in ARGUMENTS.items():
            call(library, name, given)
    assert sorted(str(path) for path in squeeze_dir.rglob("*") if path.is_file()) == before


def test_without_the_extra_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mcp.server.stdio", None)
    with pytest.raises(ConfigError, match=r"powderkeg\[mcp\]"):
        server.run(tmp_path)


def test_a_directory_that_is_not_there_is_bad_use(tmp_path):
    command = [sys.executable, "-m", "powderkeg.cli.main", "mcp", "--data", str(tmp_path / "absent")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, input="")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "no data directory" in answer.stderr
