"""The examples of docs/reading-the-map.md give what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reading-the-map.md"


def test_examples_of_the_reading_page_run():
    done = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert done.attempted > 3
    assert done.failed == 0
