"""What a panel offers to take elsewhere is there: every link answers, in a form the server's own description names."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from browser_kit import AS_OF

NOT_JSON = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}


@pytest.fixture(scope="module")
def forms(site):
    """Address -> the forms its answer can have, None where the route has no say in it; from /schema."""
    paths = httpx.get(f"{site.address}/schema", timeout=30).json()["paths"]
    found = {}
    for path, methods in paths.items():
        parameters = methods.get("get", {}).get("parameters", [])
        found[path] = next((one["schema"]["enum"] for one in parameters if one["name"] == "format"), None)
    return found


@pytest.mark.parametrize("page", ["overview", "map", "what-if", "event", "health"])
def test_menus_offer_only_what_the_route_has(look, site, forms, page):
    """Each link of each panel: a known route, a form it has, an answer of that form; tables offer all of theirs."""
    look.open(f"/{page}?{AS_OF}&window=1h")
    links = look.page.eval_on_selector_all(".menu-list a[download]", "found => found.map(one => one.href)")
    panels = look.page.locator("details.menu .menu-list", has_text="Copy as curl").count()
    assert panels >= 1
    assert links
    offered = {}
    with httpx.Client(timeout=60) as client:
        for link in sorted(set(links)):
            at = urlsplit(link)
            form = parse_qs(at.query).get("format", [None])[0]
            assert at.path in forms, link
            assert form is None or form in forms[at.path], link
            offered.setdefault(at.path, set()).add(form)
            answer = client.get(link)
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].startswith(NOT_JSON.get(form, "application/json")), link
    for path, found in offered.items():
        assert found == (set(NOT_JSON) if forms[path] else {None}), path


def test_a_question_with_a_body_has_nothing_to_download(look):
    """A simulation is a POST: curl and Python, and no link."""
    look.open(f"/what-if?{AS_OF}")
    panel = look.page.locator("section.panel", has_text="Distributions")
    panel.locator("details.menu summary").click()
    assert panel.locator(".menu-list > *").all_inner_texts() == ["Copy as curl", "Copy as Python"]
