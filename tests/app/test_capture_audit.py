"""Captured beside reported: the audit of a feed against plain sums, over what was watched from beginning to end."""

from __future__ import annotations

import random

import pytest

import powderkeg
from powderkeg.app.feed_health import feed_health
from powderkeg.domain.time import NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from powderkeg.store.journal import Journal
from powderkeg.store.journal_file import journal_path
from powderkeg.store.journal_format import JournalMeta
from powderkeg.testing.frames import liquidation_frame
from powderkeg.testing.frames.gate import contract_stats

T0 = 1_789_570_200 * NS_PER_S
MINUTES = 6
OPENED_NS, CLOSED_NS = T0 + 20 * NS_PER_S, T0 + MINUTES * NS_PER_MINUTE + 10 * NS_PER_S
CONTRACTS = ("BTC_USDT", "ETH_USDT")
BASE_PER_CONTRACT = {"BTC_USDT": 0.0001, "ETH_USDT": 0.01}
END = "2026-09-16T15:00:00Z"


def frames_of(seed):
    """(received, frame), and per contract and minute the dollars of its orders and of the venue's last word on it."""
    chance = random.Random(seed)
    found, captured, reported = [], {}, {}
    for contract in CONTRACTS:
        for minute in range(MINUTES):
            open_ns = T0 + minute * NS_PER_MINUTE
            for serial in range(chance.choice((0, 1, 3))):
                at_ns = open_ns + chance.randrange(21, 59) * NS_PER_S
                qty, price = chance.randint(100, 900), chance.choice((94_000, 95_000.5))
                frame = liquidation_frame(
                    "gate",
                    venue_symbol=contract,
                    position_side=chance.choice(("long", "short")),
                    qty=qty,
                    price=price,
                    ts_ms=at_ns // NS_PER_MS,
                    serial=serial + 1,
                )
                found.append((at_ns + NS_PER_MS, frame))
                key = (contract, minute)
                captured[key] = captured.get(key, 0.0) + qty * BASE_PER_CONTRACT[contract] * price
            for word in range(chance.choice((0, 1, 2))):
                pair = (float(chance.randint(0, 9_000)), float(chance.randint(1, 9_000)))
                frame = contract_stats(
                    contract, ts_ms=open_ns // NS_PER_MS, open_interest=10.0, long_usd=pair[0], short_usd=pair[1]
                )
                found.append((open_ns + 60 * NS_PER_S + word * NS_PER_S, frame))
                reported[contract, minute] = sum(pair)
    return sorted(found, key=lambda pair: pair[0]), captured, reported


def recorded(data_dir, frames, venue="gate"):
    meta = JournalMeta(journal_id=f"live-{venue}", kind="simulated")
    with Journal.create_or_resume(journal_path(data_dir, meta.journal_id), meta, now_ns=lambda: 0) as journal:
        socket = journal.connect(venue=venue, stream="liquidation+open_interest", kind="frames", opened_ns=OPENED_NS)
        for at_ns, frame in frames:
            journal.append(socket, at_ns, frame)
        journal.disconnect(socket, CLOSED_NS)
        journal.seal()


def liquidation_row(data_dir, venue):
    with powderkeg.open(data_dir) as keg:
        rows = feed_health(keg, as_of=END, window="1h").to_dict()["rows"]
    return next(row for row in rows if (row["venue"], row["stream"]) == (venue, "liquidation"))


@pytest.mark.parametrize("seed", range(4))
def test_an_audit_is_the_plain_sum_of_watched_minutes(tmp_path, seed):
    """The first minute was not watched from its beginning; of two words on a minute the later counts."""
    frames, captured, reported = frames_of(seed)
    recorded(tmp_path, frames)
    (audit,) = liquidation_row(tmp_path, "gate")["audits"]
    watched = [key for key in reported if key[1] > 0]
    assert audit["source"] == "gate contract_stats"
    assert audit["interval_count"] == len(watched)
    assert audit["reported_usd"] == pytest.approx(sum(reported[key] for key in watched))
    assert audit["captured_usd"] == pytest.approx(sum(captured.get(key, 0.0) for key in watched))
    assert audit["captured_ratio"] == pytest.approx(audit["captured_usd"] / audit["reported_usd"])


def test_a_venue_that_nobody_reports_on_has_no_audit(tmp_path):
    at_ns = T0 + 30 * NS_PER_S
    order = liquidation_frame(
        "bybit", venue_symbol="BTCUSDT", position_side="long", qty=2, price=95_000, ts_ms=at_ns // NS_PER_MS
    )
    recorded(tmp_path, [(at_ns, order)], "bybit")
    assert liquidation_row(tmp_path, "bybit")["audits"] == []
