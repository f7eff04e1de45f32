"""One recorded squeeze and one server for the tests that only ask."""

from __future__ import annotations

import pytest
from web_kit import TOKEN, serving

from powderkeg.app.demo import run_demo
from powderkeg.web.gate.tokens import hash_of


@pytest.fixture(scope="session")
def squeeze_dir(tmp_path_factory):
    """A data directory with the simulated squeeze of 2026-09-16, 14:50 to 15:00."""
    folder = tmp_path_factory.mktemp("squeeze")
    run_demo(seed=7, data_dir=folder)
    return folder


@pytest.fixture(scope="module")
def server(squeeze_dir):
    """A server over it, open to this machine."""
    with serving(squeeze_dir) as running:
        yield running


@pytest.fixture(scope="module")
def locked(squeeze_dir):
    """A server over it that asks for a token."""
    with serving(squeeze_dir, token_hash=hash_of(TOKEN).hex()) as running:
        yield running
