"""Every page loads, says nothing to the console, asks nobody outside, and shows what the API and the terminal say."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest
from browser_kit import AS_OF, Look

from powderkeg.cli.output import compact_usd

PAGES = {
    "overview": "Overview",
    "map": "Price and map",
    "what-if": "What-if",
    "event": "Event",
    "health": "Data health",
}


UNNAMED = """found => found.filter(one => {
  if (one.tagName === "TABLE") return !one.caption?.textContent;
  if (one.tagName === "TH") return !one.scope;
  const label = one.getAttribute("aria-label") ?? one.labels?.length ?? "";
  return !(label || one.textContent.trim());
}).map(one => one.outerHTML.slice(0, 120))"""

STICKING_OUT = """() => [...document.querySelectorAll("main *, header *")].filter(one => {
  const box = one.getBoundingClientRect();
  const scrolls = one.closest(".table-wrap, .tabs, .rungs-scroll, .visually-hidden, .menu-list, table");
  return !scrolls && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map(one => one.outerHTML.slice(0, 100))"""

TOO_SMALL = """() => [...document.querySelectorAll("header :is(button, select, summary), main .segmented button")]
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 24)
  .map(one => one.outerHTML.slice(0, 100))"""


@pytest.mark.parametrize("page", list(PAGES))
@pytest.mark.parametrize(("theme", "width", "height"), [("dark", 1440, 1000), ("light", 390, 844)])
def test_a_page_loads_without_complaint_or_outside_request(chromium, site, page, theme, width, height):
    """On a desk and on a telephone: nothing but tables scrolls sideways, nothing reads `undefined` or `NaN`."""
    with Look.opened(chromium, site.address, theme=theme, width=width, height=height) as look:
        look.open(f"/{page}?{AS_OF}")
        assert look.page.evaluate("document.documentElement.scrollWidth") <= width
        assert look.page.evaluate(STICKING_OUT) == []
        assert look.page.evaluate(TOO_SMALL) == []  # a finger needs 24 px: WCAG 2.2, 2.5.8
        unnamed = "table:not([role=presentation]), th, [role=img], canvas[role], select, input, button, nav, section"
        assert look.page.eval_on_selector_all(unnamed, UNNAMED) == []
        look.check()
        assert look.page.title() == f"{PAGES[page]} · powderkeg"
        assert look.page.locator('nav [aria-current="page"]').inner_text() == PAGES[page]
        text = look.page.locator("body").inner_text()
        assert not [word for word in ("undefined", "NaN", "[object", "null") if word in text]
        assert "SIMULATED" in look.page.locator("#banner").inner_text()
        assert look.page.evaluate("document.documentElement.dataset.theme") == theme


def test_totals_on_screen_are_those_of_api_and_command_line(look, site, market_dir):
    """Four windows, total, long and short each: three roads to the same figure."""
    look.open(f"/overview?{AS_OF}")
    for window in ("1h", "4h", "12h", "24h"):
        asked = {"window": window, "as_of": "2026-09-16T15:00:00Z", "by": ""}
        api = httpx.get(f"{site.address}/api/v1/liquidations/totals", params=asked, timeout=30).json()["rows"][0]
        words = ["liquidations", "--window", window, "--as-of", asked["as_of"], "--by", "coin", "--json"]
        ran = subprocess.run(
            [sys.executable, "-m", "powderkeg.cli.main", *words, "--data", str(market_dir)],
            check=True,
            capture_output=True,
            timeout=60,
        )
        told = json.loads(ran.stdout)["rows"]
        for figure in ("total", "long", "short"):
            summed = sum(row[f"{figure}_usd"] for row in told)
            assert api[f"{figure}_usd"] == pytest.approx(summed, rel=1e-12)
            assert compact_usd(summed) in look.figure(f"{figure}-{window}")


def test_every_panel_says_what_it_rests_on_and_can_be_taken_elsewhere(look, site):
    """Sources, time, coverage, method; curl, Python, CSV, Parquet; the CSV is the API's."""
    look.open(f"/overview?{AS_OF}")
    panel = look.page.locator("section.panel", has_text="Liquidations by coin and venue")
    foot = panel.locator("footer").inner_text()
    for word in ("Sources", "bybit", "Updated", "2026-09-16 15:00:00 UTC", "Coverage", "Method", "measured"):
        assert word in foot
    panel.locator("details.menu summary").click()
    items = panel.locator(".menu-list > *").all_inner_texts()
    assert items == ["Copy as curl", "Copy as Python", "Download CSV", "Download Parquet"]
    with look.page.expect_download() as download:
        panel.get_by_text("Download CSV").click()
    assert download.value.path().read_text("utf-8").startswith('"coin","venue",')


def test_new_liquidations_appear_as_they_are_told(look, site):
    """What the stream says stands on the tape at the next frame, largest or not, once."""
    look.open("/overview")
    order = {
        "at": "2026-11-22T12:00:00.5Z",
        "coin": "BTC",
        "venue": "bybit",
        "symbol": "BTC/USDT:USDT",
        "position_side": "short",
        "notional_usd": 1_234_567.0,
        "price": 95_432.1,
        "price_kind": "bankruptcy",
        "event_id": None,
    }
    look.page.locator(".state.LIVE").wait_for()
    site.publish("liquidation", order, coin="BTC", notional_usd=order["notional_usd"])
    row = look.page.locator(".tape tbody tr", has_text="1.23 M")
    row.wait_for()
    assert row.count() == 1
    assert row.inner_text().split() == ["12:00:00", "BTC", "Short", "1.23", "M", "95,432.1", "bybit"]


def test_late_liquidations_stand_at_their_place(look, site):
    """The tape is in the order of event time, newest first, whatever order venues tell in; the last told is marked."""
    look.open("/overview")
    look.page.locator(".state.LIVE").wait_for()
    order = {"coin": "ETH", "venue": "okx", "symbol": "ETH/USDT:USDT", "position_side": "long", "price": 3_300.0}
    order |= {"price_kind": "fill", "event_id": None}
    told = {"13:21:04": 4e6, "13:21:03": 3e6, "13:21:10": 9e6, "13:21:03.5": 3.5e6}
    for at, notional_usd in told.items():
        one = {"at": f"2026-11-22T{at}Z", "notional_usd": notional_usd, **order}
        site.publish("liquidation", one, coin="ETH", notional_usd=notional_usd)
    rows = look.page.locator(".tape tbody tr", has_text="13:21:")
    look.page.wait_for_function("() => document.querySelectorAll('.tape tbody tr').length > 3")
    rows.nth(3).wait_for()
    assert [text.split()[3] for text in rows.all_inner_texts()] == ["9.00", "4.00", "3.50", "3.00"]
    assert look.page.locator(".tape tbody tr.fresh").inner_text().split()[3] == "3.50"


REACHES = [("14:59:30", "15m"), ("14:45:00", "15m"), ("14:44:59", "1h"), ("12:00:00", "4h"), ("10:59:59", "24h")]


def test_a_map_opens_on_as_much_as_was_recorded(look):
    """The smallest window that holds it, a day at most; for nothing recorded, and for the future, the usual one."""
    look.open("/health")
    for since, window in REACHES:
        fitting = f"""async () => (await import("/js/model/reach.js")).fittingWindow(
            "2026-09-16T{since}Z", Date.parse("2026-09-16T15:00:00Z"), ["15m", "1h", "4h", "24h", "7d"])"""
        assert look.page.evaluate(fitting) == window
    others = """async () => {
      const { fittingWindow } = await import("/js/model/reach.js");
      return [null, "2026-09-17T00:00:00Z", "2026-01-01T00:00:00Z"].map(
        (from) => fittingWindow(from, Date.parse("2026-09-16T15:00:00Z"), ["15m", "24h", "7d"]));
    }"""
    assert look.page.evaluate(others) == ["24h", "24h", "24h"]


def test_a_score_is_that_of_all_markets_and_sides(look):
    """The newest of each; the median; a gain that would be printed as 0 is none."""
    look.open("/health")
    row = {"venue": "bybit", "symbol": "BTC/USDT:USDT", "position_side": "long"}
    told = [
        [],
        [{**row, "gain": None}],
        [{**row, "gain": 0.9}, {**row, "gain": 0.12}],
        [{**row, "gain": 0.004}, {**row, "position_side": "short", "gain": -0.3}, {**row, "venue": "okx", "gain": 0.2}],
    ]
    read = """async (told) => {
      const { scoreText } = await import("/js/model/score.js");
      return told.map((rows) => scoreText(rows));
    }"""
    assert look.page.evaluate(read, told) == [
        "map score: none stored",
        "map score: none stored",
        "map score: gain over the move-only baseline +0.12",
        "map score: no gain over the move-only baseline (median of 3 markets and sides, −0.30 to +0.20)",
    ]


def test_a_map_without_a_window_looks_at_the_day_where_a_day_is_recorded(look):
    """And soon after the recording began at no more than that; the address stays as it was."""
    look.open(f"/map?{AS_OF}")
    pressed = look.page.locator(".segmented [aria-pressed=true], .segmented [aria-checked=true]")
    assert "1 d" in pressed.all_inner_texts()
    look.open("/map?as_of=2026-09-13T15:00:00Z")
    assert "15 min" in pressed.all_inner_texts()
    assert look.page.get_by_label("Length of a bar").input_value() == "5s"
    assert "window" not in look.page.url
    assert [line for line in look.complaints if "status of 4" not in line] == []
    look.complaints.clear()  # so early there is no map: what the browser says of such an answer is not asked here


def test_one_outage_is_one_gap_however_many_streams_it_took(look):
    """Each venue's connection was down once: a row with all its streams, and a hatched hole in each strip."""
    look.open(f"/health?{AS_OF}")
    rows = look.page.locator("section.panel", has_text="what was not observed").locator("tbody tr").all_inner_texts()
    told = [row.split("\t") for row in rows]
    assert [row[0].strip() for row in told] == ["bitget", "okx"]
    for row in told:
        assert set(row[1].split(", ")) == {"funding rate", "liquidation", "mark price", "open interest", "trade"}
    assert [row[3].strip() for row in told] == ["20 min", "2 h"]
    assert look.page.locator(".strip i.is-absent").count() == 10
