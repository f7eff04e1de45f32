"""What every event promises: names, units, and that it cannot be changed."""

from __future__ import annotations

import re
import typing

import msgspec
import pytest

from powderkeg.domain import events
from powderkeg.domain.events import EVENT_NAMES, Event, FeedGap
from powderkeg.domain.units import BUY, LONG, SAMPLED_COVERAGE, SELL, SHORT, Coverage, opposite

EVENTS = typing.get_args(Event)
STRUCTS = [
    found
    for found in vars(events).values()
    if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__module__ == events.__name__
]


def test_every_event_type_has_its_name_in_the_archive():
    """The name is the class's own in snake case, so paths and SQL can be guessed."""
    assert set(EVENT_NAMES) == set(EVENTS)
    for event_type, name in EVENT_NAMES.items():
        assert name == re.sub(r"(?<=.)(?=[A-Z])", "_", event_type.__name__).lower()


def test_all_structs_of_the_module_are_events_or_said_not_to_be():
    """A new struct must be listed as an event or here."""
    assert set(STRUCTS) == {*EVENTS, events.BookLevel, FeedGap}


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_structs_are_frozen_and_name_units_and_sides(struct):
    """No bare `side`, `amount`, `size`, `time` or `value`; nothing can be assigned."""
    config = struct.__struct_config__
    assert config.frozen
    assert not config.gc
    assert not set(struct.__struct_fields__) & {"side", "amount", "size", "time", "value"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_says_when_it_happened_and_when_we_heard(event):
    hints = typing.get_type_hints(event)
    assert hints["ts_event_ns"] is int
    assert hints["ts_received_ns"] is int


def test_a_forced_sell_closes_a_long():
    assert (opposite(SELL), opposite(BUY)) == (LONG, SHORT)


def test_only_complete_feeds_can_be_summed_as_totals():
    """Every coverage class but `all` makes a floor."""
    assert set(typing.get_args(Coverage)) - SAMPLED_COVERAGE == {"all"}
