"""R8 over sockets: venues that acknowledge everything and then say nothing, and the same venues in good health."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import time
from contextlib import suppress

import msgspec
import pytest
from feed_harness import FAST, STREAMS, TWO_CONTRACTS, running, serving
from websockets.exceptions import ConnectionClosed

from powderkeg.feed.plan import plans
from powderkeg.venues import VENUES

LIMITS = msgspec.structs.replace(FAST, half_open_s=60.0, open_s=5.0)


def htx(text, number):
    """HTX confirms each request; contract information answers each subscription with the whole of it."""
    asked = json.loads(text)
    topic = asked.get("topic") or asked.get("sub")
    replies = [{"op": asked.get("op", "sub"), "cid": "1", "topic": topic, "ts": number, "err-code": 0}]
    if asked.get("op") == "sub" and topic.endswith("contract_info"):
        replies.append({"op": "notify", "topic": topic, "ts": number, "event": "init", "data": []})
    return [gzip.compress(json.dumps(reply).encode()) for reply in replies]


def bitfinex(text, number):
    """Bitfinex numbers each channel, and a book of single orders begins with all of them."""
    asked = json.loads(text)
    if asked["event"] == "conf":
        return [json.dumps({"event": "conf", "status": "OK"})]
    replies = [{**asked, "event": "subscribed", "chanId": number}]
    if asked.get("prec") == "R0":
        replies.append([number, [[1, 95_000, 0.5]], 7])
    return [json.dumps(reply) for reply in replies]


ANSWERS = {"htx": htx, "bitfinex": bitfinex}


def served(venue, *, is_healthy, limit_s):
    """Connect to such a venue for a while; how often it was given up, and when first, seconds."""

    async def handler(connection):
        numbers = itertools.count(1)
        with suppress(ConnectionClosed):
            async for text in connection:
                replies = ANSWERS[venue](text, next(numbers))
                for reply in replies if is_healthy else replies[:1]:
                    await connection.send(reply)

    async def scene():
        async with serving(handler) as port:
            (plan,) = plans(
                venue, TWO_CONTRACTS[venue][:1], ["liquidation"], base_urls={venue: f"ws://127.0.0.1:{port}"}
            )
            begun = time.monotonic()
            async with running(plan, LIMITS) as seen:
                if is_healthy:
                    await asyncio.sleep(limit_s)
                else:
                    await seen.until(lambda: seen.of("refused"))
                return [refusal.reason for refusal, _ in seen.of("refused")], time.monotonic() - begun

    return asyncio.run(scene())


@pytest.mark.parametrize("venue", sorted(ANSWERS))
def test_r08_acknowledged_then_nothing_is_noticed_over_a_socket(venue, measured):
    """The time is the canary's, scaled from 15 s to 0.4 s."""
    reasons, took_s = served(venue, is_healthy=False, limit_s=5.0)
    assert reasons[0].startswith("subscribed, then no data for 0.4")
    measured(f"R08 {venue} acknowledges over a socket, then says nothing: noticed after {took_s:.2f} s of 0.4 (for 15)")
    assert took_s < 2.0


def test_a_probed_path_that_answers_is_kept():
    """HTX: for many times the limit, each probe is answered and nothing else comes: nobody reconnects."""
    reasons, _ = served("htx", is_healthy=True, limit_s=1.5)
    assert reasons == []


def test_a_probe_is_not_sent_where_the_canary_speaks_by_itself():
    """HTX alone has one; all others are busy enough."""
    probed = {
        venue
        for venue in VENUES
        for plan in plans(venue, TWO_CONTRACTS[venue], STREAMS)
        if plan.canary is not None and plan.canary.probe
    }
    assert probed == {"htx"}
