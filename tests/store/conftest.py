"""What the tests of the store share."""

from __future__ import annotations

import sys
from types import ModuleType

import fake_market
import pytest

from powderkeg.venues import VENUES


@pytest.fixture
def fakes(monkeypatch):
    """Register the fake venue, and a table format `fake`, for one test."""
    monkeypatch.setitem(VENUES, fake_market.SLUG, fake_market.VENUE)
    registry = ModuleType("powderkeg.store.importers.registry")
    registry.rows_parser = {"fake": fake_market.fake_rows}.__getitem__
    monkeypatch.setitem(sys.modules, registry.__name__, registry)
