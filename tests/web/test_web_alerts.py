"""Alerts that were told, as the API tells them: of which time, how much was watched, and why there are none."""

from __future__ import annotations

import pytest
from web_kit import serving

from powderkeg.alerts.message import Alert
from powderkeg.app.demo import run_demo
from powderkeg.domain.time import parse_instant
from powderkeg.notify.outbox import Outbox, outbox_path

AS_OF = "2026-09-16T15:00:00Z"
TIMES = ("2026-09-16T14:51:00Z", "2026-09-16T14:55:00Z", "2026-09-16T14:59:59Z")


@pytest.fixture(scope="module")
def alerted(tmp_path_factory):
    """The squeeze of the demo, and three alerts that were told in it."""
    folder = tmp_path_factory.mktemp("alerted")
    run_demo(seed=7, data_dir=folder)
    outbox = Outbox(outbox_path(folder))
    found = [
        Alert(
            key=f"cascade_started/BTC shorts/{number}",
            rule="cascade_started",
            subject="BTC shorts",
            at_ns=parse_instant(at),
            headline=f"BTC: cascade {number}",
            detail="so much",
            sureness="measured",
            path="/map?coin=BTC",
            strength=1.0,
        )
        for number, at in enumerate(TIMES)
    ]
    outbox.commit(b"", found, [], [])
    outbox.close()
    with serving(folder) as running:
        yield running


def asked(running, query):
    """The answer."""
    answer = running.get(f"/api/v1/alerts?{query}")
    assert answer.status_code == 200
    return answer.json()


def test_alerts_of_a_time_come_newest_first(alerted):
    """Half-open like every interval; the limit leaves out the oldest, and all are counted."""
    told = asked(alerted, f"as_of={AS_OF}&window=10m")
    assert [row["at"] for row in told["rows"]] == list(TIMES)[::-1]
    assert told["empty"] is None
    assert [row["at"] for row in asked(alerted, f"as_of={TIMES[2]}&window=5m")["rows"]] == [TIMES[1]]
    few = asked(alerted, f"as_of={AS_OF}&window=10m&limit=1")
    assert ([row["at"] for row in few["rows"]], few["matching"]) == ([TIMES[2]], 3)


def test_it_says_how_much_of_the_time_was_watched(alerted):
    """As the totals of the same window do."""
    told = asked(alerted, f"as_of={AS_OF}&window=20m")["sources"]
    totals = alerted.get(f"/api/v1/liquidations/totals?as_of={AS_OF}&window=20m").json()["sources"]
    assert [(one["venue"], one["coverage"]) for one in told] == [(one["venue"], one["coverage"]) for one in totals]


def test_none_says_why(alerted, server):
    """Others at other times, or never on."""
    assert asked(alerted, "as_of=2026-09-15T00:00:00Z&window=1h")["empty"]["state"] == "filtered_out"
    assert asked(server, f"as_of={AS_OF}")["empty"]["state"] == "not_connected"
