"""The dashboard's files: vendored as their hashes say, layered, small, without a word of inline code."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UI = ROOT / "src" / "powderkeg" / "web" / "ui"
MODULES = sorted((UI / "js").rglob("*.js"))
LAYERS = ("model", "format", "chart", "panel", "page")

ids = {"ids": lambda path: path.relative_to(UI).as_posix()}


def test_vendored_files_are_what_their_hashes_say():
    """Every file of vendor/ has its line, every line its file."""
    lines = (UI / "vendor" / "SHA256SUMS").read_text("utf-8").splitlines()
    told = dict(reversed(line.split(maxsplit=1)) for line in lines)
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (UI / "vendor").iterdir()
        if path.name not in {"SHA256SUMS", "README.md"}
    }
    assert told == found


def test_licenses_and_the_attribution_are_there():
    """lightweight-charts asks for its notice and a link; both libraries for their license."""
    page = (UI / "index.html").read_text("utf-8")
    assert 'href="https://www.tradingview.com/"' in page
    assert "TradingView Lightweight Charts™" in page
    assert "Apache License" in (UI / "vendor" / "lightweight-charts.LICENSE.txt").read_text("utf-8")
    assert "MIT" in (UI / "vendor" / "uPlot.LICENSE.txt").read_text("utf-8")


@pytest.mark.parametrize("path", MODULES, **ids)
def test_a_module_imports_only_what_stands_below_it(path):
    """model, format, chart, panel, page, in this order; types count too, and libraries belong to charts."""
    layer = LAYERS.index(path.relative_to(UI / "js").parts[0])
    text = path.read_text("utf-8")
    for target in re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', text):
        found = (path.parent / target).resolve()
        assert found.is_file(), f"{path.name} imports {target}, which does not exist"
        if found.parent == UI / "vendor":
            assert layer >= LAYERS.index("chart")
        else:
            below = LAYERS.index(found.relative_to(UI / "js").parts[0])
            is_type_only = not re.search(rf'^(?:import|}}) .*"{re.escape(target)}";$', text, re.MULTILINE)
            is_context = target.endswith("page/app.js") and is_type_only  # what a page hands to its panels
            assert below <= layer or is_context, f"{path.name} ({LAYERS[layer]}) imports {target}"


@pytest.mark.parametrize("path", MODULES, **ids)
def test_a_module_is_short_and_parses_no_markup(path):
    """At most 400 lines, one opening line that says what it is, no markup from text, no code from text."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    assert text.startswith("// ")
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write"
    assert not re.search(rf"{markup}|\beval\(|new Function|setAttribute\(\"style\"|\.cssText", text)


def test_the_page_has_no_inline_code_or_style_and_names_nobody_outside():
    """The policy forbids it; the only address of another site is the attribution, which is a link."""
    page = (UI / "index.html").read_text("utf-8")
    assert not re.search(r"<style|style=|\son[a-z]+=|javascript:", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    for path in (UI / "index.html", *(UI / "css").glob("*.css"), *MODULES):
        outside = set(re.findall(r"https?://[^\"'\s)<]+", path.read_text("utf-8")))
        assert outside <= {"https://www.tradingview.com/"}, path.name


def test_all_scripts_together_are_small(measured):
    """Below 300 KB as they are sent."""
    scripts = [*MODULES, UI / "theme.js", *(UI / "vendor").glob("*.js")]
    total = sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in scripts)
    measured(f"dashboard scripts: {total / 1_000:.0f} KB gzipped (budget 300)")
    assert total < 300_000


def test_types_are_right():
    """Tsc over the JSDoc types; it is installed by `make check`."""
    tools = ROOT / "tools" / "ui"
    compiler = tools / "node_modules" / "typescript" / "bin" / "tsc"
    if shutil.which("node") is None or not compiler.is_file():
        pytest.skip("TypeScript is not installed here; make check installs it where npm is there")
    ran = subprocess.run(
        ["node", str(compiler), "--noEmit", "-p", str(tools)], check=False, capture_output=True, text=True, timeout=120
    )
    assert ran.stdout == ""
    assert ran.returncode == 0


def test_the_lock_file_names_no_registry():
    """Whoever installs decides where from."""
    assert "resolved" not in (ROOT / "tools" / "ui" / "package-lock.json").read_text("utf-8")
