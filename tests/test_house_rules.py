"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
ALL_PYTHON = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py")])
PURE_ROOMS = ("domain", "venues", "stats", "margin", "liqmap", "cascade", "alerts")
BARE = {"side", "amount", "size", "time", "value"}

ids = {"ids": lambda path: str(path.relative_to(ROOT))}


@pytest.mark.parametrize("path", ALL_PYTHON, **ids)
def test_no_file_is_longer_than_400_lines(path):
    """A longer file is two things."""
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.relative_to(ROOT / "src" / "powderkeg").parts[0] in PURE_ROOMS], **ids
)
def test_pure_rooms_read_no_clock_disk_socket_or_global_randomness(path):
    """Time arrives in events, randomness as a generator; nothing below the edges opens anything."""
    tree = ast.parse(path.read_text("utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert not imported & {"time", "socket", "random", "asyncio", "threading", "subprocess", "os", "sqlite3", "secrets"}
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert "open" not in calls
    text = path.read_text("utf-8")
    assert ".now(" not in text
    assert ".today(" not in text


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "wire.py"], **ids)
def test_no_field_has_a_bare_name(path):
    """Say whose side, which unit, which time. Wire structs carry the venue's own names and live in wire.py."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            fields = {
                item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
            }
            assert not fields & BARE, f"{path.name}: class {node.name} has {sorted(fields & BARE)}"
