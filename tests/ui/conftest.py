"""A real browser once per file, over a real server once per process; the simulated days are recorded once for all."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

import httpx
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "web"))  # the server kit of the API's tests

from browser_kit import AS_OF, Look, launched
from web_kit import serving

from powderkeg.bench.ui_data import make_data

DAYS = 3


@pytest.fixture(scope="module")
def chromium():
    """The browser; without one these tests are skipped, in CI they fail.

    It ends with its file: its driver keeps an event loop running, beside which tests of other rooms cannot run theirs.
    """
    path = shutil.which("chromium")
    if path is None:
        message = "no chromium on this machine; install it (apt-get install chromium) to test the dashboard"
        if os.environ.get("POWDERKEG_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with launched(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def market_dir(tmp_path_factory):
    """Three simulated days and the squeeze, up to 2026-09-16 15:00; the first process that asks records them."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = root / "market", root / "market-is-recorded"
    with (root / "market.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make_data(folder, seed=7, days=DAYS)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def site(market_dir):
    """A server over them that has its map: what a test waits for is the page, not a calibration."""
    with serving(market_dir) as running:
        asked = dict(part.split("=") for part in AS_OF.split("&"))
        answered = httpx.get(f"{running.address}/api/v1/liquidation-map", params={"coin": "BTC", **asked}, timeout=90)
        assert answered.status_code == 200
        yield running


@pytest.fixture(scope="session")
def empty_site(tmp_path_factory):
    """A server over nothing."""
    with serving(tmp_path_factory.mktemp("nothing")) as running:
        yield running


@pytest.fixture
def look(chromium, site):
    """Opens pages of the server; whatever the browser complained about fails the test at its end."""
    with Look.opened(chromium, site.address) as opened:
        yield opened
        opened.check()


@pytest.fixture
def look_empty(chromium, empty_site):
    """The same over nothing."""
    with Look.opened(chromium, empty_site.address) as opened:
        yield opened
        opened.check()
