"""Documentation is held to the code: links lead somewhere, examples run, tables match what is installed."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import powderkeg

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md")])
MODULES = sorted(
    name
    for _, name, _ in pkgutil.walk_packages(powderkeg.__path__, "powderkeg.")
    if not name.startswith("powderkeg.bench.")  # benches import their peers, which only the extra installs
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    """Every relative link and picture of a page exists."""
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which does not exist"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    """Every `>>>` example gives what it says."""
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_every_dependency_has_its_reason():
    """docs/dependencies.md names exactly the packages of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    table_rows = re.findall(r"^\|.*$", (ROOT / "docs" / "dependencies.md").read_text("utf-8"), re.MULTILINE)
    # The package column is the first with code in it, the second where the first names the extra.
    extras = set(project["optional-dependencies"])
    named = set()
    for row in table_rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        package_cell = cells[1] if cells[0].strip("`") in extras and "`" in cells[0] and len(cells) > 2 else cells[0]
        if cells[0].strip("`") in extras and cells[1].startswith("`"):
            package_cell = cells[1]
        named.update(re.findall(r"`([^`]+)`", package_cell))
    assert named == {re.split(r"[<>=\[ ]", requirement)[0] for requirement in wanted}


def test_decisions_are_numbered_without_a_hole():
    """docs/decisions holds 0001, 0002, ... each with a title of the same number."""
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, file in enumerate(files, start=1):
        assert file.name.startswith(f"{number:04d}-")
        assert file.read_text("utf-8").startswith(f"# {number}. ")


def test_readme_names_the_two_commands():
    """A newcomer finds `make demo` and `make test` in the README."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make demo" in readme
    assert "make test" in readme
