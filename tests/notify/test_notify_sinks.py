"""Sinks over real loopback servers: what is sent, what answers mean, and where messages must not go."""

from __future__ import annotations

import email.utils
import json
import logging
import socket
import threading

import pytest
from sink_kit import LOOPBACK, alert, message, serving, told

from powderkeg.alerts.message import Message, gathered
from powderkeg.domain.errors import ConfigError
from powderkeg.notify import addresses
from powderkeg.notify.addresses import Allowed, parse_allowed
from powderkeg.notify.deliver import check, deliver
from powderkeg.notify.sinks import Sink, plugin_of

CANARY = "s3cr3tcanary"
EVIL = '<b onmouseover="x">&</b> [click](http://evil.example) `x` *y* @everyone <!channel> \u202etxt\n# h'


def send(sink, one=None, allowed=LOOPBACK, now_s=1_000.0):
    return deliver(sink, one or message(), base_url="http://127.0.0.1:8765", allowed=allowed, now_s=now_s)


def webhook(server, path="/hook"):
    return Sink("webhook", f"http://{server.address}{path}")


def test_a_webhook_gets_text_key_and_alerts():
    with serving() as server:
        assert send(webhook(server)).kind == "sent"
        (body,) = told(server)
    assert body["title"] == "BTC: alert 0"
    assert body["key"] == "rule/BTC/0"
    assert body["alerts"][0]["detail"] == "12 M USD of shorts"
    assert "Look at: http://127.0.0.1:8765/map?coin=BTC" in body["message"]
    assert "How sure: measured." in body["message"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, "sent"),
        (400, "refused"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "unauthorized"),
        (413, "refused"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
    ],
)
def test_what_a_status_means(status, kind):
    with serving((status, {}, b"{}")) as server:
        outcome = send(webhook(server))
    assert outcome.kind == kind
    assert kind == "sent" or str(status) in outcome.reason


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        ({"Retry-After": "37"}, b"", 37.0),
        ({"Retry-After": email.utils.formatdate(1_090.0, usegmt=True)}, b"", 90.0),
        ({}, b'{"ok": false, "parameters": {"retry_after": 41}}', 41.0),
        ({}, b'{"retry_after": 1.5, "global": false}', 1.5),
        ({"Retry-After": "soon"}, b"[[[", None),
        ({"Retry-After": "-5"}, b'{"retry_after": 1e999}', None),
    ],
    ids=["seconds", "date", "telegram", "discord", "rubbish", "impossible"],
)
def test_when_to_come_again_is_read_where_sinks_say_it(headers, body, wait_s):
    with serving((429, headers, body)) as server:
        assert send(webhook(server)).retry_after_s == wait_s


def test_a_sink_that_is_down_is_tried_again():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        outcome = send(Sink("webhook", f"http://{address}/"))
    assert (outcome.kind, "down" in outcome.reason) == ("retry", True)


def test_redirects_are_not_followed():
    """The place a redirect names is never asked, also on the same host."""
    with serving() as target, serving((302, {"Location": f"http://{target.address}/"}, b"")) as server:
        outcome = send(webhook(server))
        assert (outcome.kind, len(server.requests), target.requests) == ("blocked", 1, [])
    assert "redirect" in outcome.reason


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "[::ffff:7f00:1]", "0.0.0.0"])
def test_places_that_are_not_public_are_refused_at_once_and_when_sending(host):
    sink = Sink("webhook", f"http://{host}:9/x")
    with pytest.raises(ConfigError, match="must not go to"):
        check(sink, Allowed())
    assert send(sink, allowed=Allowed()).kind == "blocked"


def test_a_name_that_changes_its_address_gains_nothing(monkeypatch):
    """Public when it is judged, loopback when it is connected to: refused at the connection, nothing arrives."""
    with serving() as server:
        port = int(server.address.rpartition(":")[2])
        real, asked = socket.getaddrinfo, []

        def rebinding(host, *arguments, **named):
            if host != "rebind.example":
                return real(host, *arguments, **named)
            asked.append(host)
            address = "1.1.1.1" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        outcome = send(Sink("webhook", f"http://rebind.example:{port}/"), allowed=Allowed())
        assert server.requests == []
    assert len(asked) >= 2
    assert outcome.kind == "blocked"
    assert "127.0.0.1 is not a public address" in outcome.reason


def test_a_listed_name_may_be_private():
    with serving() as server:
        port = server.address.rpartition(":")[2]
        sink = Sink("webhook", f"http://localhost:{port}/")
        assert send(sink, allowed=parse_allowed("localhost")).kind == "sent"
        assert send(sink, allowed=parse_allowed("other.lan")).kind == "blocked"


def test_proxies_and_password_files_of_the_environment_are_not_used(monkeypatch, tmp_path):
    with serving() as proxy, serving() as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("http_proxy", f"http://{proxy.address}")
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login me password {CANARY}\n")
        monkeypatch.setenv("NETRC", str(netrc))
        assert send(webhook(server)).kind == "sent"
        assert proxy.requests == []
        assert "Authorization" not in server.requests[0][1]


def test_other_threads_are_not_held_to_the_rules():
    """While a message waits for its answer, the rest of the program connects as ever."""
    reached = []
    with serving() as other:

        def connect():
            host, _, port = other.address.partition(":")
            with socket.create_connection((host, int(port)), 5):
                reached.append(True)

        def meanwhile():
            thread = threading.Thread(target=connect)
            thread.start()
            thread.join()

        with serving((200, {}, meanwhile)) as server:
            assert send(webhook(server), allowed=parse_allowed("127.0.0.1")).kind == "sent"
    assert reached == [True]
    with serving() as server, socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), 5):
        pass  # and afterwards this thread does too


def test_an_endless_answer_is_cut():
    with serving((500, {}, b"x" * 3_000_000)) as server:
        assert send(webhook(server)).kind == "retry"


def test_telegram_gets_html_with_everything_from_outside_escaped(monkeypatch):
    """A symbol or a reason with markup in it stays text."""
    from apprise.plugins.telegram import NotifyTelegram

    with serving((200, {}, b'{"ok": true, "result": {}}')) as server:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{server.address}/bot")
        monkeypatch.setattr("powderkeg.notify.deliver.host_of", lambda *_: "127.0.0.1")
        sink = Sink("telegram", f"tgram://123456789:{CANARY}abcdefghijklmnop/987654321")
        assert send(sink, message(headline=EVIL, detail=EVIL)).kind == "sent"
        (body,) = told(server)
    text = body["text"]
    assert body["parse_mode"] == "HTML"
    assert "&lt;b onmouseover=" in text
    assert text.count("<b>") == 1
    assert "<!channel>" not in text
    assert "\u202e" not in text
    assert "http://127.0.0.1:8765/map?coin=BTC" in text


def test_discord_gets_markdown_that_formats_and_pings_nobody(monkeypatch):
    from apprise.plugins.discord import NotifyDiscord

    with serving((204, {}, b"")) as server:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"http://{server.address}/webhooks")
        monkeypatch.setattr("powderkeg.notify.deliver.host_of", lambda *_: "127.0.0.1")
        assert send(Sink("discord", f"discord://123456/{CANARY}"), message(headline=EVIL)).kind == "sent"
        text = json.dumps(told(server), ensure_ascii=False)
    assert "@everyone" not in text
    assert "[click](" not in text
    assert "http://127.0.0.1:8765/map?coin=BTC" in text


def test_slack_gets_no_channel_pings(monkeypatch):
    from apprise.plugins.slack import NotifySlack

    with serving((200, {}, b"ok")) as server:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"http://{server.address}/services")
        monkeypatch.setattr("powderkeg.notify.deliver.host_of", lambda *_: "127.0.0.1")
        sink = Sink("slack", f"slack://T1JJ3T3L2/A1BRTD4JD/{CANARY}0123456789ab")
        assert send(sink, message(headline=EVIL)).kind == "sent"
        text = json.dumps(told(server))
    assert "<!channel>" not in text


def test_a_long_digest_fits_into_one_message(monkeypatch):
    """Telegram takes 4,096 characters: what does not fit is counted, nothing is split."""
    from apprise.plugins.telegram import NotifyTelegram

    many = gathered([alert(n, detail="x" * 500, headline="<&>" * 90) for n in range(90)], 10**18, "digest")
    with serving((200, {}, b'{"ok": true, "result": {}}')) as server:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"http://{server.address}/bot")
        monkeypatch.setattr("powderkeg.notify.deliver.host_of", lambda *_: "127.0.0.1")
        assert send(Sink("telegram", f"tgram://123456789:{CANARY}abcdefghijklmnop/1"), many).kind == "sent"
        (body,) = told(server)
    assert len(body["text"]) <= 4_096
    assert "more lines" in body["text"]


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("telegram", "tgram://nonsense"),
        ("telegram", "discord://123456/abcdef"),
        ("discord", "https://example.com/x"),
        ("webhook", "file:///etc/passwd"),
        ("webhook", "ftp://example.com/x"),
        ("webhook", "exec://ls"),
        ("mail", "json://example.com"),
        ("slack", ""),
    ],
)
def test_an_address_of_another_kind_is_refused_without_showing_it(kind, url):
    with pytest.raises(ConfigError, match=f"alerts.{kind}_url cannot be used") as refused:
        plugin_of(Sink(kind, url))
    assert not url or url not in str(refused.value)


def test_secrets_stay_out_of_logs_errors_and_texts(monkeypatch, caplog, capfd):
    """A canary in every secret, everything that can go wrong, and the canary in nothing that is said."""
    caplog.set_level(logging.DEBUG)
    said = []
    answers = [(401, {}, CANARY.encode()), (400, {}, CANARY.encode()), (302, {"Location": f"/{CANARY}"}, b"")]
    for answer in answers:
        with serving(answer) as server:
            sink = Sink("webhook", f"http://user:{CANARY}@{server.address}/{CANARY}?+X-Key={CANARY}")
            said += [send(sink), repr(sink), sink.fingerprint]
    monkeypatch.setattr(addresses, "resolve", lambda _: ("10.0.0.1",))
    said.append(send(Sink("telegram", f"tgram://123456789:{CANARY}abcdefghijklmnop/1"), allowed=Allowed()))
    said.append(send(Sink("discord", f"discord://{CANARY}")))
    out, err = capfd.readouterr()
    assert CANARY not in f"{said} {caplog.text} {out} {err}"


def test_messages_have_no_place_for_markup_in_their_type():
    """Text is escaped per sink at the last moment; a message holds plain text."""
    assert Message.__struct_fields__ == ("key", "at_ns", "why", "alerts", "unlisted")
