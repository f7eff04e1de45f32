"""Who may ask: every attack on the door gets the answer that was promised."""

from __future__ import annotations

import time

import httpx
import pytest
from web_kit import TOKEN, raw, serving, status_of

from powderkeg.web.app import PAGES
from powderkeg.web.coinglass import COINGLASS
from powderkeg.web.endpoints import ENDPOINTS, OWN, SIGN_IN
from powderkeg.web.gate.headers import CONTENT_SECURITY_POLICY
from powderkeg.web.gate.rates import Buckets
from powderkeg.web.gate.tokens import COOKIE, cookie_of, hash_of, is_cookie, is_token

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def routes_of(running):
    """(method, path) of everything the application answers."""
    found = set()
    for route in running.application.behind.routes:
        methods = getattr(route, "methods", None) or {"GET"}
        found |= {(method, route.path) for method in methods if method != "OPTIONS"}
    return found


def test_every_route_is_declared(locked):
    """A route that stands in no table is a mistake: the tables decide who may use it."""
    declared = {(one.method, one.path) for one in (*ENDPOINTS, *COINGLASS)}
    declared |= {("GET" if page.method == "WS" else page.method, page.path) for page in OWN}
    declared |= {("GET", path) for path in PAGES} | {("GET", f"/{name}") for name in locked.site.files}
    assert routes_of(locked) <= declared | {("GET", "/index.html")}


def test_every_route_asks_for_the_token(locked):
    """Without a credential each answers 401, but those declared public; with it, none does."""
    public = {(page.method, page.path) for page in OWN if page.is_public}
    for method, path in sorted(routes_of(locked) - {(SIGN_IN.method, SIGN_IN.path)}):
        answer = httpx.request(method, locked.address + path, timeout=10) if "stream" not in path else None
        status = answer.status_code if answer else status_of(raw(locked.port, request(locked.port, path)))
        assert (status == 401) == ((method, path) not in public), f"{method} {path}: {status}"
    with httpx.Client(base_url=locked.address, headers=BEARER, timeout=40) as client:
        for endpoint in ENDPOINTS:
            assert client.request(endpoint.method, endpoint.path).status_code != 401


def request(port, path, *headers, method="GET"):
    """Bytes of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.:{port}",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}@evil.example",
        "127.0.0.1:{port}, evil.example",
        "2130706433:{port}",
        "0x7f.1:{port}",
        "0.0.0.0:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "",
        " ",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/api/v1/stream", "/nothing"])
def test_another_host_is_refused_before_routing(server, host, path):
    """S2: a foreign name that points here gets 421, whatever it asks for."""
    told = f"GET {path} HTTP/1.1\r\nHost: {host.format(port=server.port)}\r\nConnection: close\r\n\r\n"
    assert status_of(raw(server.port, told.encode())) in (400, 421)


def test_two_hosts_or_none_are_refused(server):
    """S2: which one a proxy would have believed does not matter."""
    own = f"Host: 127.0.0.1:{server.port}\r\n"
    twice = f"GET / HTTP/1.1\r\n{own}Host: evil.example\r\n\r\n"
    assert status_of(raw(server.port, twice.encode())) in (400, 421)
    assert status_of(raw(server.port, b"GET / HTTP/1.0\r\n\r\n")) in (400, 421)


def test_own_names_are_served(server):
    """The names of loopback are ours, at any port: a tunnel may end elsewhere."""
    for host in ("localhost", f"127.0.0.1:{server.port}", "[::1]:9000", "LOCALHOST:1"):
        told = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        assert status_of(raw(server.port, told.encode())) == 200


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/stream", "/metrics", "/app.js"])
def test_another_page_is_refused(server, headers, path):
    """S3, S4: reads and streams of a foreign page get 403."""
    assert server.get(path, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_posts_of_another_page_are_refused(server, headers):
    """S3: also those a form can send without asking first."""
    answer = httpx.post(server.address + "/login", content=b"token=x", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_sockets_of_another_page_are_refused(server, origin):
    """S4: the handshake gets 403, and no socket."""
    handshake = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    handshake += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Origin: {origin}"]
    assert status_of(raw(server.port, request(server.port, "/api/v1/ws", *handshake))) == 403


def test_a_link_from_elsewhere_opens_the_dashboard(server):
    """Opening a page is not asking for data: the page then asks by itself."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.get("/map?coin=BTC", headers=headers).status_code == 200
    assert server.get("/api/v1/health", headers=headers).status_code == 403


def test_own_page_may_ask(server):
    """The dashboard's own requests pass."""
    headers = {"Origin": server.address, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert server.get("/api/v1/health", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "//",
        "//evil.example/",
        "/api//v1/health",
        "/api/v1/health/../health",
        "/./healthz",
        "/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e/healthz",
        "/api%2fv1%2fhealth",
        "/healthz%00",
        "/healthz\x00",
        "/%00",
        "/..\\..\\etc\\passwd",
        "/index.html%20",
        "/.git/config",
        "/ui/../../pyproject.toml",
        "/healthz;x=1",
        "/héalthz",
        "http://evil.example/healthz",
        "*",
        "/" + "a" * 600,
    ],
    ids=ascii,
)
def test_path_tricks_lead_nowhere(server, path):
    """S6: never 200."""
    told = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n"
    answer = raw(server.port, told.encode("latin-1"))
    assert answer == b"" or status_of(answer) in (400, 404, 421)


def test_every_answer_carries_the_policy(server, locked):
    """S7: pages, data, errors and refusals alike."""
    answers = [server.get(path) for path in ("/", "/api/v1/health", "/nothing", "/api/v1/health?x=1", "/metrics")]
    answers += [locked.get("/"), locked.get("/login"), server.get("/", headers={"Origin": "null"})]
    for answer in answers:
        assert answer.headers.get_list("content-security-policy") == [CONTENT_SECURITY_POLICY]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_the_policy_is_the_promised_one():
    """S7: nothing inline, nothing from elsewhere."""
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def test_a_browser_signs_in_with_the_token(locked):
    """401 with a form, the token gives a cookie that scripts cannot read, the cookie opens everything."""
    page = locked.get("/map")
    assert page.status_code == 401
    assert "<form" in page.text
    assert "<script" not in page.text
    with httpx.Client(base_url=locked.address, timeout=40) as browser:
        signed = browser.post("/login", data={"token": TOKEN}, headers={"Origin": locked.address})
        assert (signed.status_code, signed.headers["location"]) == (303, "/")
        told = signed.headers["set-cookie"].lower()
        assert "httponly" in told
        assert "samesite=strict" in told
        assert browser.get("/api/v1/health").status_code == 200
        assert browser.get("/").status_code == 200


def test_a_key_of_the_facade_is_the_token(locked):
    """Clients of the other API send theirs in a header of its own."""
    assert locked.get(COINGLASS[2].path, headers={"CG-API-KEY": TOKEN}).status_code == 200
    assert locked.get(COINGLASS[2].path, headers={"CG-API-KEY": TOKEN[:-1]}).status_code == 401


def test_guessing_is_slowed_down(squeeze_dir):
    """S13: after a few wrong tokens the address has to wait, with the right one too; open pages go on."""
    with serving(squeeze_dir, token_hash=hash_of(TOKEN).hex()) as running, httpx.Client(timeout=10) as client:
        answers = [
            client.get(running.address + "/metrics", headers={"Authorization": f"Bearer {number:032}"}).status_code
            for number in range(8)
        ]
        assert answers == [401] * 5 + [429] * 3
        late = client.get(running.address + "/metrics", headers=BEARER)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) > 0
        assert client.get(running.address + "/healthz").status_code == 200
        cookie = cookie_of(hash_of(TOKEN), time.time())
        assert client.get(running.address + "/metrics", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 200


def test_many_requests_of_one_address_are_slowed_down(squeeze_dir):
    """A burst passes, then 429 says when to come back."""
    with serving(squeeze_dir) as running, httpx.Client(timeout=10) as client:
        running.application.gate._requests = Buckets(per_s=0.001, burst=20.0)
        answers = [client.get(running.address + "/healthz") for _ in range(25)]
        assert {answer.status_code for answer in answers[:20]} == {200}
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1


def test_cookies_and_tokens_are_what_they_say():
    """Altered, expired and foreign ones are none."""
    own, other = hash_of(TOKEN), hash_of(TOKEN + "x")
    cookie = cookie_of(own, 1_000.0)
    assert is_cookie(cookie, own, 1_001.0)
    assert not is_cookie(cookie, other, 1_001.0)
    assert not is_cookie(cookie, own, 1_000.0 + 31 * 86_400)
    for altered in ("", ".", "9" + cookie, cookie[:-1], cookie + "0", "x." + cookie.partition(".")[2], "é.é"):
        assert not is_cookie(altered, own, 1_001.0)
    assert is_token(TOKEN, own)
    assert not is_token(TOKEN[:-1], own)
    assert not is_token("", own)


def test_buckets_forget_addresses_beyond_their_bound():
    """A flood of addresses costs no more memory than the bound."""
    buckets = Buckets(per_s=1.0, burst=2.0)
    for number in range(20_000):
        assert buckets.take(str(number), 0.0)
    assert len(buckets._level) == 10_000
    assert [buckets.take("one", 1.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("one", 2.0)
