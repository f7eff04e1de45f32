"""A map that is being made, and one that cannot be: two states of a panel, neither of them an error."""

from __future__ import annotations

import json

from browser_kit import AS_OF

IN_PROGRESS = json.dumps(
    {"code": "map_in_progress", "message": "the map is being calibrated", "hint": "ask again in a few seconds"}
)
BUSY = {"status": 503, "headers": {"Retry-After": "3"}, "content_type": "application/json", "body": IN_PROGRESS}


def put_off(look, pattern, times):
    """Answer the first so many questions with `map_in_progress`."""
    left = {"count": times}

    def answer(route):
        left["count"] -= 1
        if left["count"] >= 0:
            route.fulfill(**BUSY)
        else:
            route.continue_()

    look.page.route(pattern, answer)


def only_busy(look):
    """Nothing was complained about but the 503 the browser itself reports."""
    assert [line for line in look.complaints if "503" not in line] == []
    look.complaints.clear()


def test_a_map_in_progress_is_waited_for(look):
    """The panels say what they wait for, then show it, without anyone pressing anything."""
    put_off(look, "**/api/v1/ladder**", 1)
    look.page.goto(look.address + f"/what-if?{AS_OF}&shock_usd=1000000")
    waiting = look.page.locator('[data-empty="calibrating"]').first
    waiting.wait_for()
    assert "Working on the map" in waiting.inner_text()
    assert "calibrated" in waiting.inner_text()
    look.settle()
    assert "calibrating" not in look.empties()
    assert "0" in look.figure("price-end")
    only_busy(look)


def test_the_chart_does_not_wait_for_its_map(look):
    """Price is shown, with a note; the heatmap follows."""
    put_off(look, "**/api/v1/liquidation-heatmap**", 1)
    look.page.goto(look.address + f"/map?{AS_OF}&window=24h")
    note = look.page.get_by_text("Working on the map: it is being calibrated")
    note.wait_for()
    assert look.page.locator(".price-chart canvas").count() > 0
    look.settle()
    assert note.count() == 0
    assert "map: modelled" in look.page.locator(".panel footer").first.inner_text()
    only_busy(look)


def test_a_coin_without_bars_is_empty_with_a_reason(look):
    """Said in the panel, not as an error, and the browser has nothing to complain about."""
    look.open(f"/what-if?{AS_OF}&coin=NIX")
    assert look.empties() == {"no_map"}
    text = look.page.locator("main").inner_text()
    assert "No map" in text
    assert "No bars of NIX" in text
    assert look.page.locator('[role="alert"]').count() == 0


def test_nothing_recorded_has_no_map(look_empty):
    """The same over an empty directory."""
    look_empty.open("/what-if")
    assert look_empty.empties() == {"no_map"}
