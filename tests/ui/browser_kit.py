"""A browser as tests use it: what it complained about, what it asked for, and when a page is done."""

from __future__ import annotations

from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

AS_OF = "as_of=2026-09-16T15:00:00Z"
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 30_000

SETTLED = """() => document.querySelector("main > *") !== null
  && document.querySelectorAll("[aria-busy], .skeleton").length === 0"""


@contextmanager
def launched(path):
    """Chromium, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Look:
    """One tab, and everything it said and asked for."""

    def __init__(self, page, address):
        self.page = page
        self.address = address
        self.complaints = []
        self.outside = []
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("request", self._asked)

    @classmethod
    @contextmanager
    def opened(cls, browser, address, *, theme="dark", width=1440, height=1000):
        """A tab of its own, with a memory of its own."""
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        try:
            yield cls(context.new_page(), address)
        finally:
            context.close()

    def open(self, path):
        """Load a page and wait until every panel is filled."""
        self.page.goto(self.address + path)
        self.settle()
        return self

    def settle(self):
        """Wait until nothing is being asked for."""
        self.page.wait_for_function(SETTLED, timeout=WAIT_MS)

    def figure(self, name):
        """The text of a named figure."""
        return self.page.locator(f'[data-figure="{name}"]').first.inner_text()

    def empties(self):
        """Which kinds of emptiness are shown."""
        return set(self.page.eval_on_selector_all("[data-empty]", "found => found.map(one => one.dataset.empty)"))

    def check(self):
        """Fail where the browser complained, or anything outside was asked for."""
        assert self.complaints == []
        assert self.outside == []

    def _said(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request):
        if urlsplit(request.url).scheme not in {"data", "blob"} and not request.url.startswith(self.address):
            self.outside.append(request.url)
