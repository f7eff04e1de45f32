"""The address is the state, settings outlive a reload, and everything can be reached without a mouse."""

from __future__ import annotations

import pytest
from browser_kit import AS_OF

LINKS = {
    "overview": (f"/overview?{AS_OF}&coin=ETH&min_usd=100000&sort=short&window=4h", "last 4h"),
    "map": (f"/map?{AS_OF}&coin=ETH&interval=1m&scale=inferno&window=4h", "ETH price and liquidation map"),
    "health": (f"/health?{AS_OF}&window=1h", "Feeds"),
    "event": (f"/event?{AS_OF}&coin=ETH", "ETH, 2026-09-16"),
}


@pytest.mark.parametrize("page", list(LINKS))
def test_a_deep_link_survives_a_reload(look, page):
    """Same address, same controls, same text."""
    link, shown = LINKS[page]
    controls = "found => found.map(one => one.value)"
    look.open(link)
    before = look.page.eval_on_selector_all("select", controls)
    assert shown in look.page.locator("main").inner_text()
    look.page.reload()
    look.settle()
    assert look.page.url == look.address + link
    assert look.page.eval_on_selector_all("select", controls) == before
    assert shown in look.page.locator("main").inner_text()


def test_back_goes_back(look):
    """Each choice is a step; forward works too."""
    look.open(f"/overview?{AS_OF}")
    look.page.get_by_role("link", name="4h", exact=True).click()
    look.page.wait_for_url("**window=4h**")
    look.page.get_by_role("link", name="Data health").click()
    look.settle()
    assert "/health?" in look.page.url
    look.page.go_back()
    look.settle()
    assert look.page.url.endswith(f"/overview?{AS_OF.replace(':', '%3A')}&window=4h")
    look.page.go_back()
    look.settle()
    assert look.page.locator('.card[aria-current="true"] h2').inner_text() == "24h"
    look.page.go_forward()
    look.settle()
    assert look.page.locator('.card[aria-current="true"] h2').inner_text() == "4h"


def test_theme_and_colors_survive_a_reload(look):
    """Both, and the page never shows the other theme first: it is set before the first style."""
    look.open(f"/overview?{AS_OF}")
    read = "getComputedStyle(document.documentElement).getPropertyValue('--long').trim()"
    before = look.page.evaluate(read)
    look.page.get_by_role("button", name="Theme: dark").click()
    look.page.get_by_label("Colors of longs and shorts").select_option("western")
    after = look.page.evaluate(read)
    assert after != before
    look.page.reload()
    look.settle()
    assert look.page.evaluate("({...document.documentElement.dataset})") == {"theme": "light", "preset": "western"}
    assert look.page.evaluate(read) == after


def test_presets_swap_what_longs_and_shorts_look_like(look):
    """Inverted is western the other way around; the words stay."""
    look.open(f"/overview?{AS_OF}")
    read = (
        "['long', 'short'].map(name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim())"
    )
    found = {}
    for preset in ("default", "western", "inverted"):
        look.page.get_by_label("Colors of longs and shorts").select_option(preset)
        found[preset] = look.page.evaluate(read)
        assert look.page.locator(".card").first.inner_text().count("Long ") == 1
    assert found["western"] == found["inverted"][::-1]
    assert len({tuple(colors) for colors in found.values()}) == 3


def test_the_keyboard_reaches_everything(look):
    """Numbers open pages, letters do the rest, help lists them, nothing is typed away while a field has the focus."""
    look.open(f"/overview?{AS_OF}")
    look.page.keyboard.press("Tab")
    assert look.page.evaluate("document.activeElement.id") == "skip"
    look.page.keyboard.press("Enter")
    assert look.page.evaluate("document.activeElement.id") == "main"
    look.page.keyboard.press("5")
    look.settle()
    assert "/health" in look.page.url
    look.page.keyboard.press("?")
    assert look.page.get_by_role("dialog").is_visible()
    look.page.keyboard.press("1")
    assert "/health" in look.page.url
    look.page.keyboard.press("Escape")
    assert not look.page.get_by_role("dialog").is_visible()
    look.page.keyboard.press("t")
    assert look.page.evaluate("document.documentElement.dataset.theme") == "light"
    look.page.keyboard.press("c")
    assert look.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Coin"
    look.page.keyboard.press("1")
    assert "/health" in look.page.url
    look.page.keyboard.press("Shift+Tab")
    look.page.keyboard.press("1")
    look.settle()
    assert "/overview" in look.page.url


def test_focus_goes_through_the_page_in_reading_order(look):
    """Skip link, brand, pages, controls of the bar, then the content; nothing focused is out of sight."""
    look.open(f"/health?{AS_OF}")
    names = []
    for _ in range(14):
        look.page.keyboard.press("Tab")
        names.append(
            look.page.evaluate(
                "(one => one.getAttribute('aria-label') ?? one.textContent.trim())(document.activeElement)"
            )
        )
    assert names[:7] == ["Skip to content", "powderkeg", "Overview", "Price and map", "What-if", "Event", "Data health"]
    assert names[7] == "Coin"
    assert names[8].startswith("Instant shown")
    assert names[9:12] == ["Colors of longs and shorts", "Theme: dark. Change to light", "Keyboard shortcuts"]
    assert names[12] == "1 h"
