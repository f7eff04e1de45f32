"""Reachability and clock skew, against hosts of our own on loopback."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager
from email.utils import formatdate

import pytest

from powderkeg.app import network
from powderkeg.app.network import Reached, judged, network_findings, reach


@contextmanager
def host(answer):
    """A host that answers every connection with the same bytes; None: it says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(4_096)
                if answer is not None:
                    connection.sendall(answer)
                else:
                    connection.recv(1)  # until the client gives up

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize("ahead_s", [-90, 0, 90])
def test_the_clock_of_a_host_is_read_from_its_date(ahead_s):
    """To the second the header has."""
    date = formatdate(time.time() + ahead_s, usegmt=True).encode()
    with host(b"HTTP/1.1 405 Method Not Allowed\r\nServer: x\r\ndate: " + date + b"\r\n\r\n") as port:
        reached = reach("127.0.0.1", port, timeout_s=2)
    assert reached.skew_s == pytest.approx(ahead_s, abs=1.0)
    finding = judged("bybit", "host", reached)
    assert (finding.status, bool(finding.fix)) == (("ok", False) if ahead_s == 0 else ("warn", True))


@pytest.mark.parametrize(
    "answer", [None, b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff" * 40_000, b"HTTP/1.1 200 OK\r\nDate: soon\r\n\r\n"]
)
def test_a_host_that_tells_no_time_was_reached_all_the_same(answer):
    """Silence, garbage and strange dates say nothing about the clock, and end in time."""
    with host(answer) as port:
        assert reach("127.0.0.1", port, timeout_s=0.2).skew_s is None


def test_what_cannot_be_reached_is_a_warning_with_a_fix(monkeypatch):
    """Never a failure, and never longer than the patience, however long a look-up takes."""
    monkeypatch.setattr(network, "PATIENCE_S", 0.2)
    release = threading.Event()

    def stuck(host, port, **_):
        if "okx" in host:
            release.wait(10)
        raise OSError("no route")

    monkeypatch.setattr(network, "reach", stuck)
    findings = network_findings(["bybit", "okx"])
    release.set()
    assert [finding.status for finding in findings] == ["warn", "warn"]
    assert ["no route" in finding.detail for finding in findings] == [True, False]
    assert "no answer" in findings[1].detail
    assert all(finding.fix for finding in findings)


def test_a_good_connection_is_told_with_its_figures():
    """How long it took, and by how much the clocks differ."""
    finding = judged("okx", "ws.okx.com", Reached(connect_ms=41.7, skew_s=None))
    assert (finding.status, finding.detail) == ("ok", "ws.okx.com connected in 42 ms, its clock not told")
