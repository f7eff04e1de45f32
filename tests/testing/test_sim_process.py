"""What simulated venues answer over plain HTTP, and the process in which they can run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sim_client import Client, ask, played

from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_S
from powderkeg.testing.squeeze import COINS, FIRST_INTEREST, VENUE_SHARE
from powderkeg.testing.venues import Fault, Playback, Scenario, SimulatedVenue, SimulatedVenues
from powderkeg.testing.venues.squeeze_story import SqueezeStory
from powderkeg.venues import VENUES

STORY = Scenario(seed=21, messages_per_s=1_500, duration_s=4, liquidation_share=0.05)


def test_rest_answers_beside_the_sockets():
    """Clock, open interest, listings that our parsers read, and liquidations of the past, lost ones too."""

    async def story():
        faults = [Fault(name="silent")]
        async with SimulatedVenues(STORY, faults=faults, playback=Playback(speed=None)) as fleet:
            await fleet.ended()
            for slug, path, count in (
                ("binance-usdm", "/fapi/v1/exchangeInfo", 4),
                ("bybit", "/v5/market/instruments-info?category=linear", 4),
                ("okx", "/api/v5/public/instruments?instType=SWAP", 4),
                ("gate", "/api/v4/futures/usdt/contracts", 2),
                ("deribit", "/api/v2/public/get_instruments", 3),
            ):
                _, listing, _ = await ask(fleet.venues[slug], path)
                read = VENUES[slug].parse_instruments(json.dumps(listing).encode())
                inferred = [VENUES[slug].infer_instrument(instrument.venue_symbol) for instrument in read]
                assert [instrument.contract_size for instrument in read] == [one.contract_size for one in inferred]
                assert len(read) == count
            _, interest, _ = await ask(fleet.venues["binance-usdm"], "/fapi/v1/openInterest?symbol=BTCUSDT")
            assert float(interest["openInterest"]) > 0
            _, history, _ = await ask(
                fleet.venues["gate"], "/api/v4/futures/usdt/liq_orders?contract=BTC_USDT&limit=9999"
            )
            happened = fleet.venues["gate"].ledger.happened
            assert len(history) == happened.counts["BTC", "long"] + happened.counts["BTC", "short"] > 0
            asked = "/api/v5/public/liquidation-orders?instType=SWAP&instFamily=ETH-USDT&limit=100"
            _, page, _ = await ask(fleet.venues["okx"], asked)
            stamps = [int(row["ts"]) for row in page["data"][0]["details"]]
            assert stamps == sorted(stamps, reverse=True)
            _, older, _ = await ask(fleet.venues["okx"], f"{asked}&after={stamps[-1]}")
            assert all(int(row["ts"]) < stamps[-1] for part in older["data"] for row in part["details"])
            asked = "/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name=BTC-PERPETUAL&count=1000"
            _, trades, _ = await ask(fleet.venues["deribit"], asked)
            assert all(row["liquidation"] == "T" for row in trades["result"]["trades"])
            _, page, _ = await ask(fleet.venues["deribit"], f"{asked.replace('1000', '1')}&sorting=asc")
            oldest = min(row["timestamp"] for row in trades["result"]["trades"])
            assert (page["result"]["trades"][0]["timestamp"], page["result"]["has_more"]) == (oldest, True)
            asked = "/futures/data/topLongShortPositionRatio?symbol=ETHUSDT&period=5m&limit=1"
            _, ratios, _ = await ask(fleet.venues["binance-usdm"], asked)
            assert [row["symbol"] for row in ratios] == ["ETHUSDT"]
            assert (await ask(fleet.venues["okx"], "/nowhere"))[0] == 404

    played(story())


def test_orders_over_http():
    """For servers in another process: begin, switch a fault on and off, read the ledger."""

    async def story():
        async with SimulatedVenue(STORY, "bitget", playback=Playback(speed=None, is_held=True)) as server:
            assert (await ask(server, "/simulator/ledger"))[1]["frames"] == {"held": 0}
            assert (await ask(server, "/simulator/fault/delay?share_ratio=0.5&delay_ms=10"))[0] == 200
            assert server.delivery.stage.active == ("delay",)
            assert (await ask(server, "/simulator/stop/delay"))[0] == 200
            assert server.delivery.stage.active == ()
            for wrong in ("fault/earthquake", "fault/delay?share_ratio=7", "fault/delay?speed=1", "stop/x"):
                assert (await ask(server, f"/simulator/{wrong}"))[0] == 400
            assert (await ask(server, "/simulator/nothing"))[0] == 404
            assert (await ask(server, "/simulator/begin"))[0] == 200
            await server.ended()
            assert (await ask(server, "/simulator/ledger"))[1]["is_ended"] is True

    played(story())


def start(tmp_path: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "powderkeg.testing.venues", "--port-file", str(tmp_path / "ports.json")]
    return subprocess.Popen([*command, "--ledger-file", str(tmp_path / "ledger.json"), *options])


def test_the_process_ends_by_itself_and_leaves_its_ledger(tmp_path):
    """Ports while it runs, the ledger at the end; random faults follow their seed."""
    options = (
        "--seconds",
        "2",
        "--speed",
        "0",
        "--linger",
        "0",
        "--faults",
        "--fault-every",
        "0.5",
        "--venues",
        "okx,gate",
    )
    with start(tmp_path, *options) as process:
        assert process.wait(20) == 0
    ports = json.loads((tmp_path / "ports.json").read_bytes())
    assert set(ports["base_urls"]) == {"okx", "gate"}
    ledger = json.loads((tmp_path / "ledger.json").read_bytes())
    assert ledger["okx"]["frames"]["made"] == len([*Scenario(duration_s=2).frames("okx")])


def test_the_process_stops_when_told(tmp_path):
    """A held story never ends; a signal or the bound ends the process, with its ledger."""
    with start(tmp_path, "--held", "--story", "squeeze", "--seconds", "5", "--bound", "20") as process:
        while not (tmp_path / "ports.json").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    ledger = json.loads((tmp_path / "ledger.json").read_bytes())
    assert all(not account["is_ended"] for account in ledger.values())


def test_bad_options_end_with_2(tmp_path):
    """A venue that cannot be simulated is bad use."""
    with start(tmp_path, "--venues", "bitmex") as process:
        assert process.wait(20) == 2


def test_a_story_on_time_is_never_early_and_never_fast():
    """Its frames go out at the times they bear, so that a reader's lag is the way, not the wait for the beginning."""
    with pytest.raises(InputError, match="speed 1"):
        Playback(is_on_time=True, speed=2.0)
    start_ns = (int(time.time()) + 2) * NS_PER_S
    story = Scenario(seed=21, venues=("bybit",), messages_per_s=200, duration_s=1, start_ns=start_ns)

    async def heard():
        playback = Playback(is_on_time=True)
        async with SimulatedVenue(story, "bybit", playback=playback) as venue, Client(venue) as client:
            await venue.ended()
            await venue.settle()
            return client.frames, time.time_ns()

    frames, ended_ns = played(heard())
    assert frames
    assert ended_ns >= max(frame.at_ns for frame in story.frames("bybit"))


def test_open_interest_is_the_same_on_both_ways():
    """REST tells what the stream tells, from the first answer on: here, of the squeeze before it began."""
    story = SqueezeStory(seed=7, duration_s=10, start_ns=1_789_570_200 * NS_PER_S, squeeze_s=10)

    async def asked():
        async with SimulatedVenue(story, "binance-usdm", playback=Playback(is_held=True)) as venue:
            return (await ask(venue, "/fapi/v1/openInterest?symbol=BTCUSDT"))[1]

    coin = COINS[0]
    held = VENUE_SHARE["binance-usdm"] * FIRST_INTEREST * coin.fuel_usd / coin.price
    assert float(played(asked())["openInterest"]) == pytest.approx(held, rel=1e-4)
