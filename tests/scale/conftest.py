"""What tests of sweeps share."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import pytest

FUEL = "price,long_usd,short_usd\n98000,40000000,0\n97000,90000000,0\n102000,0,60000000\n103000,0,120000000\n"
SWEEP = """
kind = "simulate"
[base]
fuel = "fuel.csv"
price = 100000.0
horizon = "6h"
paths = 2000
levels = [102000.0]
depth_usd = 5e7
[grid]
coin = ["BTC", "ETH"]
shock_usd = [0.0, 3e7, 6e7]
[sample]
count = 3
[sample.uniform]
daily_sigma = [0.02, 0.05]
"""


@pytest.fixture
def sweep_file(tmp_path):
    """A sweep of eighteen small simulations beside its table of fuel."""
    (tmp_path / "fuel.csv").write_text(FUEL)
    path = tmp_path / "squeeze.toml"
    path.write_text(SWEEP)
    return path


@pytest.fixture(scope="session")
def child_env():
    """The environment of a child that can import the product and the tests' work functions."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)]),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # Ray lets nobody in without the cluster's token; the cluster of these tests gets one of its own.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
