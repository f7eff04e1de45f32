"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Examples have no time limit: on a machine with other work it would measure that.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SHARED = Path(os.environ.get("POWDERKEG_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture
def shared_data() -> Path:
    """The folder of real recorded data beside the checkout; tests that need it skip where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"recorded data not found at {folder}; set POWDERKEG_SHARED to the folder that holds data/")
    return folder


@pytest.fixture
def measured(record_property):
    """Notes a figure a test measured; all of them are printed at the end of the run."""
    return lambda text: record_property("measured", text)


def pytest_terminal_summary(terminalreporter):
    """Print what tests measured, whichever process ran them."""
    reports = [
        report for group in terminalreporter.stats.values() for report in group if hasattr(report, "user_properties")
    ]
    figures = [text for report in reports for name, text in report.user_properties if name == "measured"]
    if figures:
        terminalreporter.section("measured")
        for text in sorted(set(figures)):
            terminalreporter.write_line(text)


def pytest_collection_modifyitems(items):
    """Long waits begin first, so that others run beside them; soaks run last, when the machine is quiet."""

    def turn(item):
        return (item.get_closest_marker("soak") is not None) - (item.get_closest_marker("long_wait") is not None)

    items.sort(key=turn)
