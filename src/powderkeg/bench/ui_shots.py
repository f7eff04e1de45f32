"""Pictures of the dashboard for the documentation: `python -m powderkeg.bench.ui_shots docs/images`.

The same data, clock and size every time; what differs between machines are fonts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from powderkeg.bench.ui import ARGUMENTS
from powderkeg.bench.ui_data import make_data
from powderkeg.domain.errors import InputError

END: Final = "2026-09-16T15:00:00Z"
BEFORE: Final = "2026-09-16T14:50:00Z"
AMID: Final = "2026-09-16T14:54:00Z"

PAGES: Final = {
    "overview": f"/overview?as_of={END}",
    "map": f"/map?as_of={AMID}&window=24h&depth_usd=2000000",
    "what-if": f"/what-if?as_of={BEFORE}&depth_usd=800000&shock_usd=1200000&horizon=24h&level=97000",
    "event": f"/event?as_of={END}&coin=BTC",
    "health": f"/health?as_of={END}",
}
SETTLED: Final = "() => document.querySelectorAll('[aria-busy], .skeleton').length === 0"
WIDTH: Final = 1_440
HEIGHTS: Final = {"overview": 1_080, "map": 1_000, "what-if": 1_240, "event": 1_040, "health": 960}


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
    made: list[Path] = []
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        make_data(Path(scratch))
        with _server(Path(scratch)) as address:
            browser: Any = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            for name, link in PAGES.items():
                for theme in ("dark", "light"):
                    made.append(folder / f"dashboard-{name}-{theme}.png")
                    _picture(browser, address + link, theme, HEIGHTS[name], made[-1])
            browser.close()
    return made


def _picture(browser: Any, link: str, theme: str, height: int, file: Path) -> None:
    context = browser.new_context(viewport={"width": WIDTH, "height": height}, color_scheme=theme)
    page = context.new_page()
    page.clock.set_fixed_time(END)
    page.goto(link)
    page.wait_for_timeout(500)
    page.wait_for_function(SETTLED, timeout=120_000)
    page.locator(".state.LIVE").first.wait_for()
    page.wait_for_timeout(700)
    page.screenshot(path=str(file))
    context.close()


@contextmanager
def _server(data_dir: Path) -> Generator[str]:
    words = [sys.executable, "-m", "powderkeg.cli.main", "serve", "--port", "0", "--for", "15m", "--json"]
    with subprocess.Popen([*words, "--data", str(data_dir)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["address"]
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    for picture in take(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")):
        print(f"{picture} {picture.stat().st_size / 1_000:.0f} KB")
