"""What the tests of the store share."""

from __future__ import annotations

import sys
from types import ModuleType

import fake_market
import pytest

from powderkeg.domain.instruments import InstrumentMap
from powderkeg.venues import VENUES, registry


@pytest.fixture
def fakes(monkeypatch):
    """Register the fake venue, and a table format `fake`, for one test."""
    venue = fake_market.VENUE
    monkeypatch.setitem(VENUES, fake_market.SLUG, venue)
    names = InstrumentMap(registry.infer_instrument).of(fake_market.SLUG)
    monkeypatch.setitem(registry._ENTRIES, fake_market.SLUG, (venue.parse, names))
    formats = ModuleType("powderkeg.store.importers.registry")
    formats.rows_parser = {"fake": fake_market.fake_rows}.__getitem__
    monkeypatch.setitem(sys.modules, formats.__name__, formats)
