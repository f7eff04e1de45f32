"""Pictures of the dashboard for the documentation: `python -m powderkeg.bench.ui_shots docs/images`.

What was recorded is the same every time, and so are clock and size; what differs between machines are fonts. Overview
and health are taken of a live session: simulated venues go on from recorded days, and what is shown depends on the
second the picture is taken.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from powderkeg.bench.ui import ARGUMENTS
from powderkeg.bench.ui_data import make_data
from powderkeg.bench.ui_running import running
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MINUTE

END: Final = "2026-09-16T15:00:00Z"
BEFORE: Final = "2026-09-16T14:50:00Z"
AMID: Final = "2026-09-16T14:54:00Z"

RECORDED: Final = {
    "map": f"/map?as_of={AMID}&window=24h",
    "what-if": f"/what-if?as_of={BEFORE}&shock_usd=3000000&horizon=24h&level=97000",
    "event": f"/event?as_of={END}&coin=BTC",
}
LIVE: Final = {"overview": "/overview", "health": "/health"}
LIVE_AFTER_S: Final = 110.0
"""By then shorts are being closed."""

LIVE_FOR: Final = "6m"
SETTLED: Final = "() => document.querySelectorAll('[aria-busy], .skeleton').length === 0"
THEMES: Final = ("dark", "light")
GRID_NS: Final = 5 * NS_PER_MINUTE
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
    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        with tempfile.TemporaryDirectory() as scratch:
            make_data(Path(scratch))
            with running(["serve", "--port", "0", "--for", "15m"], Path(scratch)) as address:
                made = [
                    _picture(browser, address + link, name, theme, folder, at=END)
                    for name, link in RECORDED.items()
                    for theme in THEMES
                ]
        with tempfile.TemporaryDirectory() as scratch:
            make_data(Path(scratch), calm_until_ns=time.time_ns() // GRID_NS * GRID_NS)
            with running(
                ["demo", "--serve", "--no-open", "--port", "0", "--exit-after", LIVE_FOR], Path(scratch)
            ) as address:
                time.sleep(LIVE_AFTER_S)
                made += [
                    _picture(browser, address + link, name, theme, folder)
                    for name, link in LIVE.items()
                    for theme in THEMES
                ]
        browser.close()
    return made


def _picture(browser: Any, link: str, name: str, theme: str, folder: Path, *, at: str | None = None) -> Path:
    """One page; `at` is what its clock shows, None for the real one."""
    file = folder / f"dashboard-{name}-{theme}.png"
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHTS[name]}, color_scheme=theme)
    page = context.new_page()
    if at is not None:
        page.clock.set_fixed_time(at)
    page.goto(link)
    page.wait_for_timeout(500)
    page.wait_for_function(SETTLED, timeout=120_000)
    page.locator(".state.LIVE").first.wait_for()
    page.wait_for_timeout(700)
    page.screenshot(path=str(file))
    context.close()
    return file


if __name__ == "__main__":
    for picture in take(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")):
        print(f"{picture} {picture.stat().st_size / 1_000:.0f} KB")
