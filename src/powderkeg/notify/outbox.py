"""The outbox: what is to be told and what was, in one SQLite file, committed before anything is sent.

The engine's state is committed together with what came out of it: after a crash both are there or neither is, so that
nothing is told twice for having been found twice, and nothing is forgotten. What was sent but not yet marked is sent
again: at least once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from powderkeg.alerts.delivery import Delivery, SinkState, configured, overflow
from powderkeg.alerts.message import Alert, Message
from powderkeg.domain.errors import StoreError
from powderkeg.domain.time import NS_PER_DAY

KEPT_NS: Final = 90 * NS_PER_DAY

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS alert (key TEXT PRIMARY KEY, at_ns INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS alert_at ON alert (at_ns);
CREATE TABLE IF NOT EXISTS message (key TEXT PRIMARY KEY, at_ns INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS delivery (
    message_key TEXT NOT NULL, sink TEXT NOT NULL, attempts INTEGER NOT NULL, due_ns INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (message_key, sink)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS delivery_state ON delivery (state, sink);
CREATE TABLE IF NOT EXISTS sink (
    name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, off_reason TEXT NOT NULL, not_before_ns INTEGER NOT NULL);
"""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One alert of the history, and what became of it at each sink."""

    alert: Alert
    deliveries: tuple[Delivery, ...]


def outbox_path(data_dir: Path) -> Path:
    """Where the outbox of a data directory is."""
    return data_dir / "alerts" / "outbox.sqlite"


class Outbox:
    """One process at a time writes it; others may read.

    Args:
        path: made if absent, for this user alone.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._base = sqlite3.connect(path, isolation_level=None, timeout=10.0)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: the outbox of alerts cannot be opened: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def memory(self) -> bytes | None:
        """What the last commit kept for the engine, None before the first."""
        row = self._base.execute("SELECT body FROM memory").fetchone()
        return None if row is None else row[0]

    def commit(
        self, memory: bytes, alerts: Sequence[Alert], messages: Sequence[Message], sinks: Sequence[str]
    ) -> list[Alert]:
        """Keep the engine's memory and what came out of it, at once; the alerts that are new.

        A key that is known is not told again.

        Raises:
            StoreError: the disk refuses.
        """
        with self._transaction():
            fresh = [alert for alert in alerts if self._is_new("alert", alert.key, alert.at_ns, alert)]
            known = {alert.key for alert in alerts} - {alert.key for alert in fresh}
            for message in messages:
                if not all(alert.key in known for alert in message.alerts):
                    self._put(message, sinks)
            self._base.execute("INSERT OR REPLACE INTO memory VALUES (1, ?)", (memory,))
        return fresh

    def configure(self, fingerprints: dict[str, str]) -> dict[str, SinkState]:
        """Take the sinks of the settings: a changed one is on again; what waits for a removed one is given up."""
        with self._transaction():
            states = {
                name: configured(self._sink(name), name, fingerprint) for name, fingerprint in fingerprints.items()
            }
            self._base.execute("DELETE FROM sink")
            for state in states.values():
                self._save_sink(state)
            marks = ", ".join("?" * len(states))
            self._base.execute(
                "UPDATE delivery SET state = 'given_up', reason = 'the sink is not in the settings any more' "  # noqa: S608 - marks only
                f"WHERE state = 'pending' AND sink NOT IN ({marks})",
                list(states),
            )
        return states

    def due(self, sink: SinkState, now_ns: int) -> list[tuple[Delivery, Message]]:
        """What can be sent to a sink now, oldest first; too many are gathered into one first."""
        pending = self._pending(sink.name)
        gathered = overflow([message for _, message in pending], now_ns)
        if gathered is not None:
            with self._transaction():
                for delivery, _ in pending:
                    self._save(msgspec.structs.replace(delivery, state="gathered", reason=gathered.key))
                self._put(gathered, [sink.name])
            pending = self._pending(sink.name)
        if sink.off_reason or now_ns < sink.not_before_ns:
            return []  # what waits was gathered all the same: the queue stays short
        return [(delivery, message) for delivery, message in pending if delivery.due_ns <= now_ns]

    def record(self, delivery: Delivery, sink: SinkState) -> None:
        """What both are after an attempt.

        Raises:
            StoreError: the disk refuses.
        """
        with self._transaction():
            self._save(delivery)
            self._save_sink(sink)

    def sinks(self) -> list[SinkState]:
        """Every sink of the last settings."""
        rows = self._base.execute("SELECT name FROM sink ORDER BY name").fetchall()
        return [found for (name,) in rows if (found := self._sink(name)) is not None]

    def history(self, limit: int = 100) -> list[Told]:
        """The newest alerts, newest first."""
        found: list[Told] = []
        rows = self._base.execute("SELECT body FROM alert ORDER BY at_ns DESC, key LIMIT ?", (limit,)).fetchall()
        by_alert = self._deliveries_of_alerts()
        for (body,) in rows:
            alert = msgspec.json.decode(body, type=Alert)
            found.append(Told(alert=alert, deliveries=tuple(by_alert.get(alert.key, ()))))
        return found

    def forget_before(self, at_ns: int) -> None:
        """Drop what is older and delivered."""
        with self._transaction():
            waiting = "SELECT message_key FROM delivery WHERE state = 'pending'"
            self._base.execute(f"DELETE FROM message WHERE at_ns < ? AND key NOT IN ({waiting})", (at_ns,))  # noqa: S608 - ours
            self._base.execute("DELETE FROM delivery WHERE message_key NOT IN (SELECT key FROM message)")
            self._base.execute("DELETE FROM alert WHERE at_ns < ?", (at_ns,))

    # One transaction each.

    def _transaction(self) -> _Transaction:
        return _Transaction(self._base, self.path)

    def _is_new(self, table: str, key: str, at_ns: int, body: Alert | Message) -> bool:
        done = self._base.execute(
            f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?)",  # noqa: S608 - one of two names of ours
            (key, at_ns, msgspec.json.encode(body)),
        )
        return done.rowcount == 1

    def _put(self, message: Message, sinks: Iterable[str]) -> None:
        self._is_new("message", message.key, message.at_ns, message)
        for name in sinks:
            self._base.execute("INSERT OR IGNORE INTO delivery VALUES (?, ?, 0, 0, 'pending', '')", (message.key, name))

    def _pending(self, sink: str) -> list[tuple[Delivery, Message]]:
        rows = self._base.execute(
            "SELECT d.message_key, d.sink, d.attempts, d.due_ns, d.state, d.reason, m.body FROM delivery d "
            "JOIN message m ON m.key = d.message_key WHERE d.state = 'pending' AND d.sink = ? ORDER BY m.at_ns, m.key",
            (sink,),
        ).fetchall()
        return [(_delivery(row), msgspec.json.decode(row[6], type=Message)) for row in rows]

    def _deliveries_of_alerts(self) -> dict[str, list[Delivery]]:
        rows = self._base.execute(
            "SELECT d.message_key, d.sink, d.attempts, d.due_ns, d.state, d.reason, m.body FROM delivery d "
            "JOIN message m ON m.key = d.message_key ORDER BY d.sink, m.at_ns"
        )
        found: dict[str, list[Delivery]] = {}
        for row in rows:
            for alert in msgspec.json.decode(row[6], type=Message).alerts:
                found.setdefault(alert.key, []).append(_delivery(row))
        return found

    def _save(self, delivery: Delivery) -> None:
        self._base.execute(
            "UPDATE delivery SET attempts = ?, due_ns = ?, state = ?, reason = ? WHERE message_key = ? AND sink = ?",
            (
                delivery.attempts,
                delivery.due_ns,
                delivery.state,
                delivery.reason,
                delivery.message_key,
                delivery.sink,
            ),
        )

    def _sink(self, name: str) -> SinkState | None:
        row = self._base.execute("SELECT * FROM sink WHERE name = ?", (name,)).fetchone()
        return None if row is None else _sink_state(row)

    def _save_sink(self, sink: SinkState) -> None:
        self._base.execute(
            "INSERT OR REPLACE INTO sink VALUES (?, ?, ?, ?)",
            (sink.name, sink.fingerprint, sink.off_reason, sink.not_before_ns),
        )


class _Transaction:
    """All of it or nothing, and an error that says where."""

    def __init__(self, base: sqlite3.Connection, path: Path) -> None:
        self._base, self._path = base, path

    def __enter__(self) -> None:
        try:
            self._base.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: the outbox of alerts cannot be written: {error}") from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self._base.execute("ROLLBACK" if error is not None else "COMMIT")
        except sqlite3.Error as failed:
            raise StoreError(f"{self._path}: the outbox of alerts cannot be written: {failed}") from failed
        if isinstance(error, sqlite3.Error):
            raise StoreError(f"{self._path}: the outbox of alerts cannot be written: {error}") from error


def read_history(path: Path, limit: int) -> tuple[list[Told], list[SinkState]]:
    """History and sinks of an outbox that may not be there; nothing then."""
    if not path.is_file():
        return [], []
    with closing(Outbox(path)) as outbox:
        return outbox.history(limit), outbox.sinks()


def read_waiting(path: Path) -> list[tuple[SinkState, int]]:
    """Every sink of the last settings and how many messages wait for it; nothing where there is no outbox.

    It only reads, and does not wait for whoever writes.

    Raises:
        StoreError: it cannot be read now.
    """
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.5)) as base:
            rows = base.execute(
                "SELECT name, fingerprint, off_reason, not_before_ns, (SELECT count(*) FROM delivery "
                "WHERE sink = name AND state = 'pending') FROM sink ORDER BY name"
            ).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the outbox of alerts cannot be read: {error}") from error
    return [(_sink_state(row[:4]), row[4]) for row in rows]


def _sink_state(row: tuple[str, str, str, int]) -> SinkState:
    return SinkState(name=row[0], fingerprint=row[1], off_reason=row[2], not_before_ns=row[3])


def _delivery(row: tuple[str, str, int, int, str, str, bytes]) -> Delivery:
    key, sink, attempts, due_ns, state, reason, _ = row
    told = {"message_key": key, "sink": sink, "attempts": attempts, "due_ns": due_ns, "state": state, "reason": reason}
    return msgspec.convert(told, Delivery)
