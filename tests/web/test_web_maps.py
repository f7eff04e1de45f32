"""Maps, ladders and simulations over HTTP: what the commands print, limits on what is asked."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import httpx
import pytest

AS_OF = "2026-09-16T14:54:00Z"


def told(data_dir, *words):
    """What a command prints with --json."""
    command = [sys.executable, "-m", "powderkeg.cli.main", *map(str, words), "--data", str(data_dir), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)


def test_the_map_is_that_of_the_command_line(server, squeeze_dir):
    """Clusters, bins, coverage and assumptions alike."""
    answer = server.get(f"/api/v1/liquidation-map?coin=BTC&as_of={AS_OF}&count=3").json()
    assert answer.pop("simulated") is True
    assert answer == told(squeeze_dir, "map", "BTC", "--as-of", AS_OF, "--count", 3)


def test_the_ladder_is_that_of_the_command_line(server, squeeze_dir):
    """By a shock and by a price; the side by the name people use."""
    words = ["ladder", "BTC", "--as-of", AS_OF]
    by_shock = server.get(f"/api/v1/ladder?coin=BTC&as_of={AS_OF}&side=long&shock_usd=5e6").json()
    by_price = server.get(f"/api/v1/ladder?coin=BTC&as_of={AS_OF}&to=95500").json()
    assert by_shock.pop("simulated") is by_price.pop("simulated") is True
    assert by_shock == told(squeeze_dir, *words, "--side", "long", "--shock-usd", "5e6")
    assert by_price == told(squeeze_dir, *words, "--to", "95500")
    assert server.get("/api/v1/ladder?coin=BTC").status_code == 400
    assert server.get("/api/v1/ladder?coin=BTC&shock_usd=-1").status_code == 400


def test_a_simulation_is_that_of_the_command_line(server, squeeze_dir):
    """The same seed, the same numbers."""
    asked = {"coin": "BTC", "as_of": AS_OF, "horizon": "30m", "paths": 1000, "levels": [95500.0], "maps": 2}
    answer = httpx.post(f"{server.address}/api/v1/simulations", json=asked, timeout=90)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document.pop("simulated") is True
    words = ["simulate", "BTC", "--as-of", AS_OF, "--horizon", "30m", "--paths", 1000, "--level", 95500, "--maps", 2]
    assert document == told(squeeze_dir, *words)


def test_the_heatmap_is_a_grid_with_its_axes(server):
    """As many bytes as columns times rows, and a scale to read them by."""
    answer = server.get(f"/api/v1/liquidation-heatmap?coin=BTC&as_of={AS_OF}&window=4m&columns=40&rows=60").json()
    cells = base64.b64decode(answer["cells_base64"])
    assert len(cells) == answer["column_count"] * answer["row_count"]
    assert len(answer["times_ms"]) == answer["column_count"] <= 40
    assert len(answer["price_edges"]) == answer["row_count"] + 1
    assert answer["scale"]["top_usd"] > answer["scale"]["floor_usd"] > 0
    assert server.get("/api/v1/liquidation-heatmap?coin=BTC&columns=2000&rows=1000").status_code == 400


def test_scores_are_read_where_there_are_any(server):
    """None were kept here, and that is no error."""
    assert server.get("/api/v1/map-score?coin=BTC").json()["rows"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"coin": ["BTC"]},
        {"coin": "BTC", "paths": 10_000_000},
        {"coin": "BTC", "paths": True},
        {"coin": "BTC", "levels": [1.0] * 21},
        {"coin": "BTC", "levels": [-1.0]},
        {"coin": "BTC", "horizon": "forever"},
        {"coin": "BTC", "returns": "cauchy"},
        {"coin": "BTC", "seed": -1},
        {"coin": "BTC", "path": "/etc/passwd"},
    ],
    ids=str,
)
def test_what_cannot_be_simulated_is_bad_use(server, asked):
    """Limits on every input."""
    assert httpx.post(f"{server.address}/api/v1/simulations", json=asked, timeout=60).status_code == 400


@pytest.mark.parametrize("path", ["liquidation-map?coin=NIX", "liquidation-heatmap?coin=NIX", "ladder?coin=NIX&to=9"])
def test_a_coin_without_bars_is_empty_with_its_reason(server, squeeze_dir, path):
    """Nothing was asked wrongly: 200, what is missing, and what there is; a coin that is no coin is bad use."""
    answer = server.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["coin"], told["empty"]["state"]) == ("NIX", "no_map")
    assert "no bars of NIX" in told["empty"]["message"]
    assert "in the data directory; it holds BTC" in told["empty"]["message"]
    assert str(squeeze_dir) not in answer.text


def test_a_simulation_of_a_coin_without_bars_is_empty_too(server):
    """As the map it would stand on."""
    answer = httpx.post(f"{server.address}/api/v1/simulations", json={"coin": "NIX"}, timeout=60)
    assert (answer.status_code, answer.json()["empty"]["state"]) == (200, "no_map")
