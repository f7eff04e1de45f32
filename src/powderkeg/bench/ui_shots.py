"""Pictures of the dashboard for the documentation: `python -m powderkeg.bench.ui_shots docs/images`.

They show what `powderkeg demo` shows two minutes after it began: simulated days, and the squeeze that goes on from
them. What is shown depends on the second a picture is taken.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from powderkeg.bench.ui import ARGUMENTS
from powderkeg.bench.ui_running import running
from powderkeg.domain.errors import InputError

LINKS: Final = {
    "overview": "/overview",
    "map": "/map",
    "what-if": "/what-if?shock_usd=3000000&horizon=24h&level=97000",
    "event": "/event?coin=BTC",
    "health": "/health",
}
AFTER_S: Final = 120.0
"""By then most shorts have been closed, and the map is scored."""

RUNS_FOR: Final = "8m"
SETTLED: Final = "() => document.querySelectorAll('[aria-busy], .skeleton').length === 0"
THEMES: Final = ("dark", "light")
WIDTH: Final = 1_440
HEIGHTS: Final = {"overview": 1_080, "map": 1_000, "what-if": 1_240, "event": 1_180, "health": 1_280}


def take(folder: Path) -> list[Path]:
    """Every page, dark and light.

    Args:
        folder: where the pictures go.

    Raises:
        InputError: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        raise InputError("pictures need Chromium; install it (apt-get install chromium)")
    demo = ["demo", "--serve", "--no-open", "--port", "0", "--exit-after", RUNS_FOR]
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as scratch,
        running(demo, Path(scratch)) as address,
    ):
        browser: Any = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        time.sleep(AFTER_S)
        made = [
            _picture(browser, address + link, name, theme, folder) for name, link in LINKS.items() for theme in THEMES
        ]
        browser.close()
    return made


def _picture(browser: Any, link: str, name: str, theme: str, folder: Path) -> Path:
    """One page."""
    file = folder / f"dashboard-{name}-{theme}.png"
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHTS[name]}, color_scheme=theme)
    page = context.new_page()
    page.goto(link)
    page.locator(".state.LIVE").first.wait_for()
    page.wait_for_timeout(1_200)
    page.wait_for_function(SETTLED, timeout=120_000)  # last, for a page refreshes itself
    page.screenshot(path=str(file))
    context.close()
    return file


if __name__ == "__main__":
    for picture in take(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")):
        print(f"{picture} {picture.stat().st_size / 1_000:.0f} KB")
