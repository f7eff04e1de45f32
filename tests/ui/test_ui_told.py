"""What the server says of feeds and alerts is what the page shows: it draws, and infers nothing."""

from __future__ import annotations

import json

from browser_kit import AS_OF

ALERT = {
    "at": "2026-09-16T14:55:00Z",
    "headline": "BTC: a cascade started",
    "detail": "so much",
    "sureness": "measured, and a floor",
    "path": "/map?coin=BTC",
    "is_simulated": True,
}


def changed(look, path, change):
    """Let an answer pass with a change."""

    def answer(route):
        told = route.fetch()
        route.fulfill(response=told, body=json.dumps(change(told.json())))

    look.page.route(f"**/api/v1/{path}**", answer)


def test_how_a_stream_is_collected_is_what_the_server_says(look):
    """A socket's state, polled, or not collected now: by stream, whatever was recorded before."""
    venue = {
        "venue": "binance-usdm",
        "states": {"trade": "LIVE"},
        "polled": ["open_interest"],
        "trouble": "",
        "frames_per_s": 1.0,
        **dict.fromkeys(("lag_p50_ms", "lag_p99_ms", "delay_p50_ms", "delay_p99_ms")),
        **dict.fromkeys(("events", "rejects", "shed", "gaps", "reconnects"), 0),
    }
    live = {"as_of": "2026-09-16T15:00:00Z", "rebuilding": False, "paused": False, "alerts": [], "venues": [venue]}
    changed(look, "health", lambda told: {**told, "live": live})
    look.open("/health")
    rows = look.page.locator("section.panel", has_text="filled: observed").locator("tbody tr").all_inner_texts()
    cells = [[cell.strip() for cell in row.split("\t")] for row in rows]
    told = {(venue, stream): state for venue, stream, state, *_ in cells}
    assert told["binance-usdm", "trade"] == "LIVE"
    assert told["binance-usdm", "open interest"] == "polled"
    assert told["binance-usdm", "mark price"] == "not collected now"
    assert told["bybit", "trade"] == "not collected now"
    look.page.unroute_all(behavior="ignoreErrors")


def test_alerts_of_before_stand_below_new_ones_and_none_twice(look, site):
    """A line that was told as an alert before is that alert; what is new stands above it."""
    changed(look, "alerts", lambda told: {**told, "rows": [ALERT], "empty": None})
    look.open("/overview")
    look.page.locator(".state.LIVE").wait_for()
    panel = look.page.locator("section.panel", has=look.page.get_by_role("heading", name="Alerts", exact=True))
    assert panel.locator("li").count() == 1
    assert panel.locator("li a").get_attribute("href") == ALERT["path"]
    assert "SIMULATED: BTC: a cascade started (measured, and a floor)" in panel.locator("li").inner_text()
    site.publish("alert", {"at": ALERT["at"], "message": f"SIMULATED: {ALERT['headline']} (measured, and a floor)"})
    site.publish("alert", {"at": "2026-09-16T14:56:00Z", "message": "the disk is nearly full"})
    panel.get_by_text("the disk is nearly full").wait_for()
    assert [text.partition("\n")[0] for text in panel.locator("li").all_inner_texts()] == [
        "the disk is nearly full",
        "SIMULATED: BTC: a cascade started (measured, and a floor)",
    ]
    look.page.unroute_all(behavior="ignoreErrors")


def test_panels_say_how_much_was_watched_where_it_is_known(look):
    """Tape, events and one event: a share, as the totals beside them do."""
    look.open(f"/overview?{AS_OF}")
    for name in ("Tape", "Top events", "Liquidations by coin and venue"):
        panel = look.page.locator("section.panel", has=look.page.get_by_role("heading", name=name, exact=True))
        assert "%" in panel.locator("footer").inner_text().partition("Coverage")[2], name
