"""One recorded squeeze for the tests that ask about it."""

from __future__ import annotations

import pytest

from powderkeg.app.demo import run_demo


@pytest.fixture(scope="session")
def squeeze_dir(tmp_path_factory):
    """A data directory with the simulated squeeze of 2026-09-16, 14:50 to 15:00."""
    folder = tmp_path_factory.mktemp("squeeze")
    run_demo(seed=7, data_dir=folder)
    return folder
