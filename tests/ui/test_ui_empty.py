"""Empty is never silent: four different messages, one more for the past, and one for a server that is gone."""

from __future__ import annotations

import json

from browser_kit import AS_OF


def test_no_events(look):
    """Watched, and truly none."""
    look.open("/overview?as_of=2026-09-16T14:50:20Z&coin=BTC&window=10s")
    assert "no_events" in look.empties()
    assert "No events" in look.page.locator("main").inner_text()


def test_not_connected(look_empty):
    """Nothing was ever recorded; the panel says what to do."""
    look_empty.open("/overview")
    assert look_empty.empties() == {"not_connected"}
    text = look_empty.page.locator("main").inner_text()
    assert "Not connected" in text
    assert "powderkeg import FILE" in text
    look_empty.open("/health")
    assert look_empty.empties() == {"not_connected"}


def test_the_venue_does_not_publish(look):
    """Hyperliquid has no public liquidations: none is not zero."""
    look.open(f"/overview?{AS_OF}&venue=hyperliquid")
    assert look.empties() >= {"not_published"}
    assert "hyperliquid does not publish its liquidations" in look.page.locator("main").inner_text().lower()
    assert look.figure("total-24h").startswith("–")


def test_filtered_out(look):
    """There are some, of other coins; and a smallest size may leave none."""
    look.open(f"/overview?{AS_OF}&coin=XRP")
    assert "filtered_out" in look.empties()
    look.open(f"/overview?{AS_OF}&min_usd=900000000")
    tape = look.page.locator("section.panel", has_text="Tape").first
    assert tape.locator("[data-empty]").get_attribute("data-empty") == "filtered_out"


def test_not_recorded_then(look):
    """Nothing was watched at that time; one button leads to when something was."""
    look.open("/overview?as_of=2026-11-01T00:00:00Z")
    assert "not_watched" in look.empties()
    look.page.get_by_role("button", name="Show the last that was recorded").first.click()
    look.page.wait_for_url("**as_of=2026-09-16T15**")
    look.settle()
    assert look.page.locator("table").count() >= 2


def test_the_four_messages_differ(look, look_empty):
    """No two of them share their heading or their mark."""
    seen = {}
    for opened, path in (
        (look, "/overview?as_of=2026-09-16T14:50:20Z&coin=BTC&window=10s"),
        (look_empty, "/overview"),
        (look, f"/overview?{AS_OF}&venue=hyperliquid"),
        (look, f"/overview?{AS_OF}&coin=XRP"),
    ):
        opened.open(path)
        panel = opened.page.locator("section.panel", has_text="Liquidations by coin").locator("[data-empty]")
        seen[panel.get_attribute("data-empty")] = (
            panel.locator(".mark").inner_text(),
            panel.locator("strong").inner_text(),
        )
    assert set(seen) == {"no_events", "not_connected", "not_published", "filtered_out"}
    assert len({mark for mark, _ in seen.values()}) == 4
    assert len({heading for _, heading in seen.values()}) == 4


def test_an_answer_that_is_an_error_is_shown_as_one(look):
    """Message and hint of the server stand in the panel that asked."""
    fault = {"code": "timeout", "message": "the answer took too long", "hint": "ask for less"}
    look.page.route("**/liquidations/history**", lambda route: route.fulfill(status=504, body=json.dumps(fault)))
    look.open(f"/overview?{AS_OF}")
    panel = look.page.locator("section.panel", has_text="Liquidations over time").locator('[data-empty="error"]')
    assert "The answer took too long" in panel.inner_text()
    assert "Ask for less" in panel.inner_text()
    assert [line for line in look.complaints if "504" not in line] == []
    look.complaints.clear()
