"""The outbox: together or not at all, at least once, never twice for one key, bounded."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sink_kit import AT_NS, alert, message

from powderkeg.alerts.delivery import GATHER_ABOVE, Delivery, Outcome, after
from powderkeg.domain.errors import StoreError
from powderkeg.notify.outbox import Outbox, outbox_path, read_history

NAMES = {"webhook": "f"}


def opened(tmp_path):
    return closing(Outbox(outbox_path(tmp_path)))


def put(outbox, *numbers):
    alerts = [alert(number) for number in numbers]
    return outbox.commit(b"memory", alerts, [message(number) for number in numbers], ["webhook"])


def due(outbox, state=None):
    return outbox.due(state or outbox.configure(NAMES)["webhook"], AT_NS)


def test_what_was_committed_is_due_until_it_is_marked(tmp_path):
    with opened(tmp_path) as outbox:
        state = outbox.configure(NAMES)["webhook"]
        put(outbox, 1)
        ((delivery, one),) = due(outbox, state)
        assert one == message(1)
    with opened(tmp_path) as outbox:  # a crash after sending and before marking: it is sent again
        ((delivery, _),) = due(outbox)
        outbox.record(*after(delivery, outbox.sinks()[0], Outcome("sent"), AT_NS))
    with opened(tmp_path) as outbox:
        assert due(outbox) == []
        assert outbox.memory() == b"memory"


def test_a_key_is_told_once_however_often_it_is_found(tmp_path):
    with opened(tmp_path) as outbox:
        outbox.configure(NAMES)
        assert [one.key for one in put(outbox, 1, 2)] == ["rule/BTC/1", "rule/BTC/2"]
        assert [one.key for one in put(outbox, 2, 3)] == ["rule/BTC/3"]
        assert [one.key for _, one in due(outbox)] == ["rule/BTC/1", "rule/BTC/2", "rule/BTC/3"]


CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from sink_kit import alert, message
from powderkeg.notify.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
outbox.configure({"webhook": "f"})
outbox.commit(b"first", [alert(1)], [message(1)], ["webhook"])
if sys.argv[3] == "inside":
    outbox._base.set_trace_callback(lambda sql: os.kill(os.getpid(), signal.SIGKILL) if "memory" in sql else None)
    outbox.commit(b"second", [alert(2)], [message(2)], ["webhook"])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("where", ["inside", "after"])
def test_killed_anywhere_memory_and_messages_stay_together(tmp_path, where):
    """Inside a commit nothing of it is there; after it, before sending, all of it is."""
    path = outbox_path(tmp_path)
    command = [sys.executable, "-c", CHILD, str(path), str(Path(__file__).parent), where]
    child = subprocess.run(command, timeout=60, check=False, env=dict(os.environ))
    assert child.returncode == -signal.SIGKILL
    with opened(tmp_path) as outbox:
        assert outbox.memory() == b"first"
        assert [one.key for _, one in due(outbox)] == ["rule/BTC/1"]


def test_more_than_can_be_sent_singly_is_gathered_also_while_the_sink_is_off(tmp_path):
    """The queue of a sink stays short, whatever becomes of it; every alert is listed or counted."""
    with opened(tmp_path) as outbox:
        state = outbox.configure(NAMES)["webhook"]
        put(outbox, 0)
        ((delivery, _),) = due(outbox, state)
        _, off = after(delivery, state, Outcome("unauthorized", "401"), AT_NS)
        outbox.record(delivery, off)
        for number in range(1, 200):
            put(outbox, number)
            assert outbox.due(off, AT_NS) == []
            count = outbox._base.execute("SELECT count(*) FROM delivery WHERE state = 'pending'").fetchone()[0]
            assert count <= GATHER_ABOVE + 1
        on = outbox.configure({"webhook": "changed"})["webhook"]
        waiting = [one for _, one in outbox.due(on, AT_NS)]
        assert sum(len(one.alerts) + one.unlisted for one in waiting) == 200


def test_what_is_off_is_seen_in_the_history(tmp_path):
    with opened(tmp_path) as outbox:
        state = outbox.configure(NAMES)["webhook"]
        put(outbox, 1)
        ((delivery, _),) = due(outbox, state)
        outbox.record(*after(delivery, state, Outcome("unauthorized", "it answers 401"), AT_NS))
    told, sinks = read_history(outbox_path(tmp_path), 10)
    assert [one.reason for one in told[0].deliveries] == ["it answers 401"]
    assert sinks[0].off_reason == "it answers 401"
    assert read_history(tmp_path / "absent", 10) == ([], [])


def test_a_sink_that_is_not_set_any_more_gets_nothing_and_it_is_said(tmp_path):
    with opened(tmp_path) as outbox:
        outbox.configure(NAMES)
        put(outbox, 1)
        outbox.configure({})
        ((told),) = outbox.history()
        assert told.deliveries[0].state == "given_up"
        assert "not in the settings" in told.deliveries[0].reason


def test_old_alerts_are_forgotten_and_waiting_ones_are_not(tmp_path):
    with opened(tmp_path) as outbox:
        state = outbox.configure(NAMES)["webhook"]
        put(outbox, 1, 2)
        sent, _ = due(outbox, state)[0]
        outbox.record(*after(sent, state, Outcome("sent"), AT_NS))
        outbox.forget_before(AT_NS + 10)
        assert outbox.history() == []
        assert [one.key for _, one in due(outbox)] == ["rule/BTC/2"]


def test_the_files_are_for_this_user_alone(tmp_path):
    with opened(tmp_path) as outbox:
        put(outbox, 1)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in outbox.path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(outbox_path(tmp_path).parent.stat().st_mode) == 0o700


def test_a_damaged_outbox_is_an_error_that_says_where(tmp_path):
    path = outbox_path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"outbox\.sqlite"):
        Outbox(path)


def test_an_unknown_delivery_changes_nothing(tmp_path):
    with opened(tmp_path) as outbox:
        state = outbox.configure(NAMES)["webhook"]
        outbox.record(Delivery(message_key="nobody", sink="webhook", state="sent"), state)
        assert outbox.history() == []
