"""The heatmap is seen, the ladder stands beside the axis, and a what-if changes what is shown."""

from __future__ import annotations

import io

import numpy as np
import pytest
from browser_kit import AS_OF
from matplotlib import colormaps
from matplotlib.image import imread

MAP = f"/map?{AS_OF}&window=24h"
PRICE_END = "Number(document.querySelector('[data-figure=price-end]').firstChild.textContent.replaceAll(',', ''))"
BEFORE = "as_of=2026-09-16T14:50:00Z"
THIN = f"/what-if?{BEFORE}"


def picture(look):
    """[rows, columns, 3] colors of the chart, 0 to 1."""
    shot = look.page.locator(".price-chart canvas").first.locator("xpath=ancestor::div[contains(@class,'price-chart')]")
    return imread(io.BytesIO(shot.screenshot()))[:, :, :3]


def share_of_scale(colors, name):
    """Share of pixels within a little of a color in the upper half of matplotlib's own scale."""
    scale = colormaps[name](np.linspace(0.45, 0.95, 60))[:, :3]
    sample = colors[::6, ::6].reshape(-1, 1, 3)
    nearest = np.sqrt(((sample - scale[None]) ** 2).sum(axis=2)).min(axis=1)
    return float((nearest < 0.08).mean())


def test_the_heatmap_is_seen(look):
    """Pixels of viridis fill much of the chart, and of inferno when that is chosen; without a map there are none."""
    look.open(MAP)
    look.page.wait_for_timeout(300)
    viridis = picture(look)
    assert share_of_scale(viridis, "viridis") > 0.1
    assert share_of_scale(viridis, "inferno") < 0.03
    look.page.get_by_label("Colors of the map").select_option("inferno")
    look.settle()
    look.page.wait_for_timeout(300)
    inferno = picture(look)
    assert share_of_scale(inferno, "inferno") > 0.1
    assert share_of_scale(inferno, "viridis") < 0.03
    legend = look.page.locator(".legend").inner_text()
    assert "USD per price row, log scale" in legend
    assert look.page.locator(".panel footer").inner_text().count("map: modelled") == 1


def test_a_theme_repaints_the_chart(look):
    """The chart's ground follows the theme without a reload."""
    look.open(MAP)
    dark = picture(look)[-40:-10, 5:60].mean()
    look.page.keyboard.press("t")
    look.page.wait_for_timeout(300)
    assert picture(look)[-40:-10, 5:60].mean() > dark + 0.5


def test_arrows_and_plus_move_and_zoom_the_chart(look):
    """A focused chart needs no mouse."""
    look.open(MAP)
    chart = look.page.get_by_role("group", name="BTC, bars of")
    before = picture(look)
    chart.focus()
    look.page.keyboard.press("+")
    look.page.keyboard.press("ArrowLeft")
    look.page.wait_for_timeout(200)
    assert np.abs(picture(look) - before).mean() > 0.005


def test_a_shock_moves_the_ladder(look):
    """More orders, a later stop; the address follows, and a reload shows the same."""
    look.open(f"{THIN}&shock_usd=1000000")
    small = float(look.figure("price-end").split("\n")[0].replace(",", ""))
    slider = look.page.get_by_label("Net market orders from elsewhere, USD")
    slider.focus()
    for _ in range(20):
        look.page.keyboard.press("ArrowRight")
    look.page.wait_for_function(f"before => ({PRICE_END}) > before", arg=small)
    look.settle()
    assert "shock_usd=158" in look.page.url
    shown = look.figure("price-end")
    look.page.reload()
    look.settle()
    assert look.figure("price-end") == shown


def test_dragging_the_line_asks_for_a_price(look):
    """The ladder becomes what it takes to get there; rungs light up on the way."""
    look.open(f"{THIN}&shock_usd=1000")
    lit = look.page.locator(".rung.is-lit").count()
    canvas = look.page.locator("canvas[role=slider]")
    box = canvas.bounding_box()
    look.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.9)
    look.page.mouse.down()
    look.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=5)
    look.page.mouse.up()
    look.page.wait_for_function("lit => document.querySelectorAll('.rung.is-lit').length > lit", arg=lit)
    look.page.wait_for_url("**to=**")
    look.settle()
    assert "shock_usd" not in look.page.url
    assert "net buying from elsewhere" in look.page.locator("main").inner_text()


def test_the_line_moves_with_the_keyboard(look):
    """It is a slider to those who do not see it."""
    look.open(f"{THIN}&shock_usd=100000")
    canvas = look.page.locator("canvas[role=slider]")
    before = float(canvas.get_attribute("aria-valuenow"))
    canvas.focus()
    look.page.keyboard.press("PageUp")
    look.page.wait_for_function(
        "before => Number(document.querySelector('canvas[role=slider]').getAttribute('aria-valuenow')) > before",
        arg=before,
    )
    look.settle()
    now = float(canvas.get_attribute("aria-valuenow"))
    assert now == pytest.approx(before * 1.005, rel=1e-4)


def test_the_other_side_goes_the_other_way(look):
    """Longs are liquidated downwards."""
    look.open(f"{THIN}&shock_usd=2000000")
    up = float(look.figure("price-end").split("\n")[0].replace(",", ""))
    look.page.get_by_role("button", name="Down: longs").click()
    look.page.wait_for_url("**side=long**")
    look.page.wait_for_function("document.querySelector('main').innerText.includes('Longs liquidated')")
    look.settle()
    down = float(look.figure("price-end").split("\n")[0].replace(",", ""))
    assert down < up


def test_distributions_appear(look):
    """Simulated paths with and without forced flow, quantiles, and the level asked about."""
    look.open(f"{THIN}&level=97000&horizon=4h")
    panel = look.page.locator("section.panel", has_text="Distributions")
    assert panel.locator(".uplot canvas").is_visible()
    text = panel.inner_text()
    for word in ("Highest price", "Lowest price", "97,000", "Without forced flow", "20,000 paths", "modelled"):
        assert word in text


def test_the_ladder_before_an_event_stands_beside_its_map(look):
    """As of its begin: the side that was liquidated more, how far price went, and which rungs it came through."""
    look.open(f"/event?{AS_OF}&coin=BTC")
    panel = look.page.locator("section.panel", has_text="The ladder before it")
    asked = panel.locator("details.menu a[download]").get_attribute("href")
    assert "as_of=2026-09-16T14%3A00%3A00Z" in asked
    assert "side=short" in asked
    assert panel.locator("canvas[role=img]").is_visible()
    came = panel.locator("tbody tr td:last-child").all_inner_texts()
    assert came[0] == "yes"
    assert "no" in came
    assert came == sorted(came, reverse=True)  # nearest first: once price did not come, it came no further
    assert "depth measured: bybit BTC/USDT:USDT" in panel.locator("footer").inner_text()
    boxes = [
        look.page.locator("section.panel", has_text=name).bounding_box()
        for name in ("The map before it", "The ladder before it")
    ]
    assert boxes[0]["y"] == boxes[1]["y"]


@pytest.mark.parametrize("page", ["map", "what-if", "event"])
def test_a_coin_without_a_map_says_so_quietly(look, page):
    """A coin nobody recorded is an answer, not an error: the console stays empty, the page says why."""
    look.open(f"/{page}?{AS_OF}&coin=XRP")
    assert look.page.locator("[data-empty]").count() >= 1
    assert "error" not in look.empties()
    look.check()
