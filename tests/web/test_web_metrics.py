"""`/metrics`: what an operator needs to know, as Prometheus reads it."""

from __future__ import annotations

import os
from contextlib import closing

from metrics_grammar import read_metrics
from web_kit import Events, serving

from powderkeg.alerts.delivery import Delivery, SinkState
from powderkeg.alerts.message import Alert, gathered
from powderkeg.notify.outbox import Outbox, outbox_path
from powderkeg.web.metrics import render
from powderkeg.web.upkeep import Upkeep


def test_any_label_is_read_as_it_was_written():
    """Quotes, backslashes and line ends in a label stay in it."""
    text = render([("powderkeg_frames_total", {"venue": 'a"b\\c\nd'}, 1e16)])
    assert read_metrics(text) == {("powderkeg_frames_total", (("venue", 'a\\"b\\\\c\\nd'),)): 1e16}


def put_alerts(data_dir):
    """Two messages wait for each of two sinks, one of which is off."""
    with closing(Outbox(outbox_path(data_dir))) as outbox:
        outbox.configure({"mail": "1", "slack": "2"})
        for number in range(2):
            alert = Alert(
                key=f"rule/BTC/{number}",
                rule="rule",
                subject="BTC",
                at_ns=number,
                headline="h",
                detail="d",
                sureness="s",
                path="/",
                strength=1.0,
            )
            outbox.commit(b"{}", [alert], [gathered([alert], number, "alert")], ["mail", "slack"])
        tried = Delivery(message_key="rule/BTC/0", sink="slack", attempts=1, reason="401")
        outbox.record(tried, SinkState(name="slack", fingerprint="2", off_reason="it answers 401"))


def test_what_an_operator_needs_is_there(tmp_path):
    """Readers, refusals of the gate and of routes, lanes, the background, the outbox and its sinks."""
    put_alerts(tmp_path)
    with serving(tmp_path) as running, Events(running.port):
        running.site.upkeep = Upkeep(running.site.desk)
        running.site.upkeep.failures["score_daily"] = 2
        running.get("/nothing", headers={"Origin": "null"})
        running.get("/api/v1/health?x=1")
        running.get("/compat/coinglass/v4/api/futures/liquidation/history")
        running.call(running.site.hub.evicted.update, slow=3)
        answer = running.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = read_metrics(answer.text)
    assert found["powderkeg_web_listeners", ()] == 1
    assert found["powderkeg_web_connections", ()] >= 1
    assert found["powderkeg_web_evicted_total", (("code", "slow"),)] == 3
    for code in ("foreign_origin", "unknown_parameter", "bad_parameter"):
        assert found["powderkeg_web_refused_total", (("code", code),)] == 1
    assert [labels for name, labels in found if name == "powderkeg_web_questions"] == [
        (("lane", "quick"),),
        (("lane", "heavy"),),
        (("lane", "background"),),
    ]
    assert found["powderkeg_web_upkeep_waiting", ()] == 0
    assert found["powderkeg_web_upkeep_failures_total", (("work", "score_daily"),)] == 2
    sinks = {labels[0][1]: number for (name, labels), number in found.items() if name == "powderkeg_alerts_waiting"}
    off = {labels[0][1]: number for (name, labels), number in found.items() if name == "powderkeg_alerts_sink_off"}
    assert sinks == {"mail": 2, "slack": 2}
    assert off == {"mail": 0, "slack": 1}


def test_an_outbox_that_cannot_be_read_is_left_out(tmp_path):
    """Unknown is not zero, and the rest is told all the same."""
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "outbox.sqlite").write_bytes(os.urandom(4_096))
    with serving(tmp_path) as running:
        found = read_metrics(running.get("/metrics").text)
    assert found["powderkeg_web_listeners", ()] == 0
    assert not [name for name, _ in found if name.startswith("powderkeg_alerts")]


def test_the_encoding_of_texts_is_said_once(tmp_path):
    """Pages, files, tables, metrics: one charset, where there is one."""
    with serving(tmp_path) as running:
        for path in ("/", "/theme.js", "/login", "/metrics", "/api/v1/liquidations/totals?format=csv"):
            assert running.get(path).headers["content-type"].count("charset=utf-8") == 1, path
