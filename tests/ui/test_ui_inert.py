"""S7: whatever comes from outside is text. Hostile names in every field, in addresses and on the stream."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from browser_kit import AS_OF

HOSTILE = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>"\'><svg/onload=window.owned=1>'


def poisoned(document):
    """The document with a script in every text that is not an instant, a number or one of the API's own words."""
    kept = {"state", "method", "position_side", "interval", "window", "id", "basis", "unit", "outcome", "cells"}
    if isinstance(document, dict):
        return {
            name: told if name in kept or name in {"from", "to", "at", "as_of", "open", "open_at"} else poisoned(told)
            for name, told in document.items()
        }
    if isinstance(document, list):
        return [poisoned(one) for one in document]
    return HOSTILE if isinstance(document, str) else document


@pytest.mark.parametrize("page", ["overview", "map", "what-if", "event", "health"])
def test_hostile_text_in_answers_is_inert(look, page):
    """It is on the page, as written, and nothing of it ran or became an element."""

    def answer(route):
        if "/api/v1/stream" in route.request.url:
            route.abort()
            return
        told = route.fetch()
        route.fulfill(response=told, body=json.dumps(poisoned(told.json())))

    look.page.route("**/api/v1/**", answer)
    look.open(f"/{page}?{AS_OF}")
    assert look.page.evaluate("window.owned") is None
    assert look.page.locator("main img, main script, main svg").count() == 0
    assert "onerror=" in look.page.locator("body").inner_text()
    look.page.unroute_all(behavior="ignoreErrors")
    look.complaints.clear()  # figures of hostile coins may well be refused; what counts is that nothing ran


WHOSE, WHAT = ("coin", "venue", "as_of"), ("window", "interval", "sort", "id", "level", "to")


@pytest.mark.parametrize(
    ("page", "names"),
    [("overview", WHOSE), ("overview", WHAT), ("map", WHAT), ("what-if", WHAT), ("event", WHAT), ("health", WHOSE)],
)
def test_hostile_addresses_are_inert(look, page, names):
    """A link someone sends can at worst be refused."""
    look.page.goto(f"{look.address}/{page}?{'&'.join(f'{name}={quote(HOSTILE)}' for name in names)}")
    look.page.wait_for_function("() => document.querySelector('main > *')")
    look.settle()
    assert look.page.evaluate("window.owned") is None
    assert look.page.locator("main img, main script").count() == 0
    assert [line for line in look.complaints if "Content Security Policy" in line or "page error" in line] == []
    look.complaints.clear()


def test_hostile_events_on_the_stream_are_inert(look, site):
    """The tape shows them as text."""
    look.open("/overview")
    look.page.locator(".state.LIVE").wait_for()
    names = dict.fromkeys(("coin", "venue", "symbol", "price_kind", "event_id"), HOSTILE)
    order = {"at": "2026-11-22T12:00:00Z", "position_side": "long", "notional_usd": 5e6, "price": 1.0, **names}
    site.publish("liquidation", order)
    site.publish("alert", {"at": "2026-11-22T12:00:00Z", "message": HOSTILE})
    look.page.locator(".tape tbody tr", has_text="5.00 M").wait_for()
    look.page.locator("section.panel", has_text="Alerts").get_by_text("onerror=").wait_for()
    assert look.page.evaluate("window.owned") is None


def test_a_script_in_the_page_would_not_run(look):
    """The policy itself: an element that should never exist is refused by the browser."""
    look.open(f"/health?{AS_OF}")
    look.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.owned = 1";
          document.body.append(script);
        }"""
    )
    assert look.page.evaluate("window.owned") is None
    assert any("Content Security Policy" in line for line in look.complaints)
    look.complaints.clear()
