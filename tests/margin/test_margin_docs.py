"""The examples of docs/margin.md give what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "margin.md"


def test_examples_of_the_page_run():
    """Every `>>>` of the page."""
    done = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE, encoding="utf-8"
    )
    assert done.attempted >= 8
    assert done.failed == 0
