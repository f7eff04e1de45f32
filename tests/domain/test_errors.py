"""The tree of errors is drawn in its module's docstring; the drawing and the classes are one."""

from __future__ import annotations

import inspect
import re

import pytest

from powderkeg.domain import errors
from powderkeg.domain.errors import ConfigError, InputError, PowderkegError, StoreBusyError, VenueProtocolError


def classes():
    return {
        name: found
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, PowderkegError)
    }


def drawn():
    """(depth, name) of every line of the drawing."""
    lines = [line for line in errors.__doc__.splitlines() if re.search(r"(├|└)──", line)]
    return [(len(re.match(r"[\s│├└─]*", line)[0]) // 4 - 1, re.search(r"\w+", line)[0]) for line in lines]


def test_the_drawing_names_every_class_under_its_parent():
    """No class is missing, none is invented, and the indentation is the inheritance."""
    parents = ["PowderkegError"]
    found = {"PowderkegError"}
    for depth, name in drawn():
        del parents[depth:]
        assert classes()[name].__bases__[0].__name__ == parents[-1]
        parents.append(name)
        found.add(name)
    assert found == set(classes())


def test_bad_use_exits_2_busy_3_and_the_rest_1():
    codes = {name: found.exit_code for name, found in classes().items()}
    assert {name for name, code in codes.items() if code == 2} == {ConfigError.__name__, InputError.__name__}
    assert {name for name, code in codes.items() if code == 3} == {StoreBusyError.__name__}
    assert set(codes.values()) == {1, 2, 3}


def test_input_errors_are_value_errors():
    """Callers who know nothing of this package catch what they expect."""
    with pytest.raises(ValueError, match="no such coin"):
        raise InputError("no such coin")


def test_a_protocol_error_shows_the_beginning_of_the_frame_on_one_line():
    """A log line stays a line, also for a large frame that is not text."""
    error = VenueProtocolError("okx", "not JSON", b"\xff\n" + b"x" * 10_000)
    assert str(error).startswith("okx: not JSON; frame of 10002 bytes begins ")
    assert len(str(error)) < 400
    assert "\n" not in str(error)
    assert (error.venue, error.reason) == ("okx", "not JSON")
    assert str(VenueProtocolError("okx", "not JSON")) == "okx: not JSON"
