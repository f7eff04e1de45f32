"""It can be read, reached and used: contrast of every color on every ground, and focus that is seen."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from browser_kit import AS_OF
from matplotlib.colors import to_rgb

TOKENS = Path(__file__).resolve().parents[2] / "src" / "powderkeg" / "web" / "ui" / "css" / "tokens.css"
THEMES, PRESETS = ("dark", "light"), ("default", "western", "inverted")
GROUNDS = ("ground", "surface", "raised", "sunken")
TEXTS = ("text", "text-soft", "text-faint", "accent", "good", "warn", "bad", "long", "short")


def tokens(theme, preset):
    """The variables as the cascade leaves them: rules in the order of the file, later ones win."""
    css = re.sub(r"/\*.*?\*/", "", TOKENS.read_text("utf-8"), flags=re.DOTALL)
    found = {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        given = dict(re.findall(r'\[data-(\w+)="(\w+)"\]', selector))
        if given.get("theme", theme) == theme and given.get("preset", preset) == preset:
            found.update(re.findall(r"--([\w-]+):\s*([^;]+);", body))
    return found


def contrast(one, other):
    """WCAG 2.2, "contrast ratio", of two colors."""
    light = []
    for color in (one, other):
        channels = np.array(to_rgb(color))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ (0.2126, 0.7152, 0.0722)))
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("preset", PRESETS)
def test_text_can_be_read_on_every_ground(theme, preset):
    """At least 4.5 (WCAG 2.2 AA) for whatever is written, the banner too; 3 for the ring around what has the focus."""
    colors = tokens(theme, preset)
    low = {
        f"{text} on {ground}": round(contrast(colors[text], colors[ground]), 2)
        for text, ground in product(TEXTS, GROUNDS)
        if contrast(colors[text], colors[ground]) < 4.5
    }
    assert low == {}
    assert contrast(colors["simulated-text"], colors["simulated"]) >= 4.5
    assert min(contrast(colors["focus"], colors[ground]) for ground in GROUNDS) >= 3


def test_the_browser_uses_those_colors(look):
    """The variables a page computes are the ones the file is read for here."""
    look.open(f"/health?{AS_OF}")
    for theme, preset in product(THEMES, PRESETS):
        look.page.evaluate(
            "([theme, preset]) => Object.assign(document.documentElement.dataset, { theme, preset })", [theme, preset]
        )
        names = [*TEXTS, *GROUNDS]
        computed = look.page.evaluate(
            """names => {
              const style = getComputedStyle(document.documentElement);
              return names.map(name => style.getPropertyValue(`--${name}`).trim());
            }""",
            names,
        )
        assert computed == [tokens(theme, preset)[name] for name in names]


@pytest.mark.parametrize("page", ["overview", "what-if", "health"])
def test_what_has_the_focus_is_seen(look, page):
    """Every stop of the tab key is on the screen, not hidden under the bar, and looks different than without focus."""
    look.open(f"/{page}?{AS_OF}&window=1h")
    for _ in range(22):
        look.page.keyboard.press("Tab")
        one = look.page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
              return {
                name: one.outerHTML.slice(0, 90),
                isThere: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
                outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
                isBody: one === document.body,
              };
            }"""
        )
        if one["isBody"]:
            break
        assert one["isThere"], one["name"]
        assert one["outline"] >= 1, one["name"]


def test_a_page_works_without_a_mouse(look):
    """From the address bar to another window, a download and the tape's rows, by keys alone."""
    look.open(f"/overview?{AS_OF}")
    look.page.keyboard.press("5")
    look.settle()
    for _ in range(13):
        look.page.keyboard.press("Tab")
    look.page.keyboard.press("Enter")
    look.page.wait_for_url("**window=1h**")
    look.settle()
    look.page.keyboard.press("1")
    look.settle()
    summary = look.page.locator("section.panel", has_text="Tape").locator("details.menu summary")
    summary.focus()
    look.page.keyboard.press("Enter")
    look.page.keyboard.press("Tab")
    assert look.page.evaluate("document.activeElement.textContent") == "Copy as curl"
