"""Mail over a real SMTP server on loopback: what arrives, and what its refusals do to the sink."""

from __future__ import annotations

import smtplib
from contextlib import closing

import pytest
from sink_kit import AT_NS, LOOPBACK, alert, message
from smtp_kit import posting

from powderkeg.alerts.delivery import after
from powderkeg.alerts.message import gathered
from powderkeg.domain.time import NS_PER_S
from powderkeg.notify.addresses import Allowed
from powderkeg.notify.deliver import deliver
from powderkeg.notify.outbox import Outbox
from powderkeg.notify.sinks import Sink

CANARY = "s3cr3tcanary"


def sink_at(post):
    return Sink("mail", f"mailto://guard:{CANARY}@127.0.0.1:{post.port}?to=me@example.org&from=keg@example.org")


def send(post, one=None, allowed=LOOPBACK):
    return deliver(sink_at(post), one or message(), base_url="http://127.0.0.1:8765", allowed=allowed, now_s=1_000.0)


def test_a_mail_arrives_as_plain_text():
    """Headline as subject; numbers, sureness and link in the body; markup from outside stays text."""
    with posting() as post:
        assert send(post, message(headline="<b>BTC</b> ✓", detail="12 M USD\r\nBcc: all@example.org")).kind == "sent"
    (mail,) = post.mails
    assert mail["Subject"] == "<b>BTC</b> ✓"
    assert "me@example.org" in mail["To"]
    assert mail["Bcc"] is None
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert "How sure: measured." in text
    assert "http://127.0.0.1:8765/map?coin=BTC" in text
    assert post.verbs == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("replies", "kind", "said"),
    [
        ({"AUTH": "535 5.7.8 no"}, "unauthorized", "535: are user and password"),
        ({"MAIL": "530 5.7.0 first log in"}, "unauthorized", "530"),
        ({"AUTH": "454 4.7.0 not now"}, "retry", "454"),
        ({"GREETING": "421 busy"}, "retry", "421"),
        ({"RCPT": "450 4.2.1 later"}, "retry", "450"),
        ({"DONE": "452 4.3.1 full"}, "retry", "452"),
        ({"RCPT": "550 5.1.1 nobody"}, "refused", "550"),
        ({"DONE": "554 5.7.1 no"}, "refused", "554"),
        ({"GREETING": None}, "retry", "is it down"),
        ({"DATA": None}, "retry", "does not take the mail"),
        ({"EHLO": "250 post.example"}, "retry", "login and encryption"),
    ],
    ids=lambda one: (
        "-".join(f"{verb}-{str(reply)[:3]}" for verb, reply in one.items()) if isinstance(one, dict) else ""
    ),
)
def test_what_a_reply_means(replies, kind, said):
    """4yz is tried again, a refused login turns the sink off, any other 5yz gives this message up."""
    with posting(**replies) as post:
        outcome = send(post)
    assert (outcome.kind, post.mails) == (kind, [])
    assert said in outcome.reason
    assert CANARY not in outcome.reason


def test_a_refused_login_turns_the_sink_off_until_its_setting_changes(tmp_path):
    """R16: visibly, nothing more is sent, nothing is lost; with another setting what waited goes out."""
    with closing(Outbox(tmp_path / "outbox.sqlite")) as outbox, posting(AUTH="535 5.7.8 no") as post:
        states = outbox.configure({"mail": sink_at(post).fingerprint})
        outbox.commit(b"{}", [alert()], [gathered([alert()], AT_NS, "alert")], ["mail"])
        ((delivery, waiting),) = outbox.due(states["mail"], AT_NS)
        outbox.record(*after(delivery, states["mail"], send(post, waiting), AT_NS))
        (state,) = outbox.sinks()
        assert "535" in state.off_reason
        assert outbox.due(state, AT_NS + 10**15) == []
        changed = outbox.configure({"mail": "another"})["mail"]
        ((delivery, waiting),) = outbox.due(changed, AT_NS)
        post.replies["AUTH"] = "235 welcome"
        tried, _ = after(delivery, changed, send(post, waiting), AT_NS)
        assert (tried.state, tried.attempts, len(post.mails)) == ("sent", 2, 1)


def test_a_mail_that_is_put_off_is_sent_later(tmp_path):
    """R16: 450 once, then it is taken; once, not twice."""
    with closing(Outbox(tmp_path / "outbox.sqlite")) as outbox, posting(RCPT="450 later") as post:
        state = outbox.configure({"mail": sink_at(post).fingerprint})["mail"]
        outbox.commit(b"{}", [alert()], [gathered([alert()], AT_NS, "alert")], ["mail"])
        for reply, at_ns in (("450 later", AT_NS), ("250 ok", AT_NS + 6 * NS_PER_S), ("250 ok", AT_NS + 60 * NS_PER_S)):
            post.replies["RCPT"] = reply
            for delivery, waiting in outbox.due(state, at_ns):
                tried, state = after(delivery, state, send(post, waiting), at_ns)
                outbox.record(tried, state)
        (told,) = outbox.history()
    assert [(one.state, one.attempts) for one in told.deliveries] == [("sent", 2)]
    assert len(post.mails) == 1


def test_mail_goes_to_no_private_server_and_leaves_the_library_as_it_was():
    """S10 holds for mail too; afterwards others use their own mail classes."""
    classes = smtplib.SMTP, smtplib.SMTP_SSL
    with posting() as post:
        assert send(post, allowed=Allowed()).kind == "blocked"
        assert (post.verbs, post.mails) == ([], [])
    assert classes == (smtplib.SMTP, smtplib.SMTP_SSL)
