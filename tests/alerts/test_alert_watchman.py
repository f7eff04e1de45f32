"""A watch over a data directory: in time, at least once, and a restart neither repeats nor forgets."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sink_kit import serving, told

from powderkeg.app.alerts.plan import plan_of
from powderkeg.app.alerts.settings import AlertSettings
from powderkeg.app.alerts.watchman import Watchman
from powderkeg.app.library import Library
from powderkeg.domain.time import NS_PER_S, parse_instant

START = parse_instant("2026-09-16T14:49:00Z")
TURNS = 23  # of half a minute: a minute before the squeeze to its end


class World:
    """A data directory whose past is uncovered by a clock of ours, and a webhook."""

    def __init__(self, squeeze_dir, folder, server, **more):
        self.folder = folder
        (folder / "archive").symlink_to(squeeze_dir / "archive")
        (folder / "journal").symlink_to(squeeze_dir / "journal")
        self.now_ns = START
        self.server = server
        self.lines = []
        self.settings = AlertSettings(webhook_url=f"http://{server.address}/", allow="127.0.0.1", **more)

    def begin(self):
        self.library = Library(self.folder)
        plan = plan_of(self.settings)
        self.watchman = Watchman(self.library, plan, told=self.lines.append, now_ns=lambda: self.now_ns)

    def end(self):
        self.watchman.close()
        self.library.close()

    def go_on(self):
        self.now_ns += 30 * NS_PER_S

    def received(self):
        """Keys of the alerts that reached the webhook, in order."""
        return [alert["key"] for body in told(self.server) for alert in body["alerts"]]


@pytest.fixture(scope="module")
def uninterrupted(squeeze_dir, tmp_path_factory):
    """Keys that reach a sink when nothing goes wrong."""
    with serving() as server:
        world = World(squeeze_dir, tmp_path_factory.mktemp("whole"), server)
        world.begin()
        for _ in range(TURNS):
            world.watchman.turn()
            world.go_on()
        world.end()
        keys = world.received()
    assert world.lines
    return keys


def test_the_squeeze_is_told_as_it_happens(uninterrupted):
    """A cascade of shorts in BTC among them, each once; nothing else than what preview finds."""
    assert len(set(uninterrupted)) == len(uninterrupted)
    assert any(key.startswith("cascade_started/BTC shorts/") for key in uninterrupted)


STAGES = st.lists(st.sampled_from(["go"] * 7 + ["before", "between", "unmarked"]), min_size=TURNS, max_size=TURNS)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stages=STAGES)
def test_killed_anywhere_it_neither_repeats_nor_forgets(squeeze_dir, tmp_path_factory, uninterrupted, stages):
    """Killed before the commit, between commit and sending, or before the mark: all keys arrive.

    Twice arrives only what was sent and not marked, and then under the same key.
    """
    folder = tmp_path_factory.mktemp("killed")
    with serving() as server:
        world = World(squeeze_dir, folder, server)
        world.begin()
        unmarked = 0
        for stage in stages:
            if stage == "go":
                world.watchman.turn()
            else:
                output = world.watchman.look()
                if stage != "before":
                    world.watchman.keep(output)
                if stage == "unmarked":
                    before = len(server.requests)
                    world.watchman.outbox.record = lambda *_: None
                    world.watchman.send()
                    unmarked += len(server.requests) - before
                world.end()
                world.begin()
            world.go_on()
        for _ in range(4):
            world.watchman.turn()
            world.go_on()
        world.end()
        received = world.received()
        bodies = len(server.requests)
    gap_free = {key for key in received if not key.startswith("feed_gap/")}
    assert gap_free == set(uninterrupted)
    distinct = len({body["key"] for body in told(server)})
    assert bodies - distinct <= unmarked
    shutil.rmtree(folder)


def test_a_sink_that_was_down_gets_everything_afterwards(squeeze_dir, tmp_path, uninterrupted):
    """503 for some minutes: attempts are spaced, and nothing is missing in the end."""
    with serving(*[(503, {}, b"")] * 4, (200, {}, b"")) as server:
        world = World(squeeze_dir, tmp_path, server)
        world.begin()
        for _ in range(TURNS + 40):
            world.watchman.turn()
            world.go_on()
        world.end()
        keys = [key for body in told(server)[4:] for key in [alert["key"] for alert in body["alerts"]]]
    assert {key for key in keys if not key.startswith("feed_gap/")} == set(uninterrupted)


def test_a_revoked_token_turns_the_sink_off_and_says_so(squeeze_dir, tmp_path):
    """One attempt, one line; a new setting sends what waited."""
    with serving((401, {}, b"")) as revoked:
        world = World(squeeze_dir, tmp_path, revoked)
        world.begin()
        for _ in range(TURNS):
            world.watchman.turn()
            world.go_on()
        world.end()
        assert len(revoked.requests) == 1
        assert [line for line in world.lines if "sending is off" in line and "401" in line]
    with serving() as server:
        world.server = server
        world.settings = AlertSettings(webhook_url=f"http://{server.address}/new", allow="127.0.0.1")
        world.begin()
        world.watchman.turn()
        world.end()
        assert any("cascade_started" in key for key in world.received())


def test_silence_is_a_gap_and_told_once(squeeze_dir, tmp_path):
    """After the recording ends nothing comes any more: one alert a venue, however long it lasts."""
    with serving() as server:
        world = World(squeeze_dir, tmp_path, server, liquidation_min_usd=1e12, cascade_min_usd=1e12)
        world.now_ns = parse_instant("2026-09-16T14:59:50Z")
        world.begin()
        for _ in range(30):
            world.watchman.turn()
            world.go_on()
        world.end()
        keys = world.received()
    assert sorted(key.split("/")[1] for key in keys) == [
        f"{venue} liquidation" for venue in ("binance-usdm", "bitget", "bybit", "okx")
    ]


def test_the_first_start_does_not_tell_what_was_there_before(squeeze_dir, tmp_path):
    """An archive of an hour ago is what rules compare with, no news."""
    with serving() as server:
        world = World(squeeze_dir, tmp_path, server, feed_gap="off")
        world.now_ns = parse_instant("2026-09-16T15:30:00Z")
        world.begin()
        world.watchman.turn()
        world.end()
        assert server.requests == []
