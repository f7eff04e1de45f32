"""Which sockets a venue gets, and what a frame is to its connection."""

from __future__ import annotations

import gzip
import json

import pytest
from feed_harness import STREAMS, TWO_CONTRACTS
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.feed.hearing import MAX_REMEMBERED, Hearing
from powderkeg.feed.plan import plans
from powderkeg.testing.frames import FRAMES, ForcedOrder, MarketState, PublicTrade
from powderkeg.venues import VENUES

TS_MS = 1_784_112_600_123

ASKED_FOR = ("htx",)
"""Venues whose canary comes only when it is asked for."""

every_venue = pytest.mark.parametrize("venue", sorted(VENUES))


@every_venue
def test_everything_asked_is_subscribed_once_over_all_sockets(venue):
    """The plans together carry the classes the venue pushes; asking twice changes nothing."""
    found = plans(venue, TWO_CONTRACTS[venue], STREAMS)
    assert {stream for plan in found for stream in plan.streams} == set(VENUES[venue].subscriptions.channels)
    assert found == plans(venue, TWO_CONTRACTS[venue], STREAMS)
    assert len({plan.key for plan in found}) == len(found)
    for plan in found:
        assert plan.subscribe
        assert all(json.loads(text) for text in plan.subscribe)


@every_venue
def test_a_class_not_asked_for_is_not_subscribed(venue):
    """Liquidations alone cost one canary, not every book."""
    whole = sum(len("".join(plan.subscribe)) for plan in plans(venue, TWO_CONTRACTS[venue], STREAMS))
    only = plans(venue, TWO_CONTRACTS[venue], ["liquidation"])
    assert all(plan.streams == ("liquidation",) for plan in only)
    assert sum(len("".join(plan.subscribe)) for plan in only) < whole
    assert bool(only) == (VENUES[venue].liquidation_feed == "public")


@every_venue
def test_liquidations_share_their_socket_with_a_canary(venue):
    """On the path that carries them, whatever else was asked for: without it their silence would mean nothing."""
    for plan in plans(venue, TWO_CONTRACTS[venue], ["liquidation"]):
        assert plan.canary is not None
        assert any(plan.canary.words[-1].split(".")[0] in text for text in plan.subscribe), plan.subscribe


def test_binance_liquidations_are_on_the_market_path():
    """Since 2026-04-23 the old path acknowledges and stays silent; books have moved elsewhere."""
    by_path = {plan.path: plan for plan in plans("binance-usdm", ["BTCUSDT"], STREAMS)}
    assert set(by_path) == {"market", "public"}
    assert by_path["market"].url.startswith("wss://fstream.binance.com/market/")
    assert "btcusdt@markPrice@1s" in by_path["market"].subscribe[0]
    assert by_path["market"].canary.address == b"markPrice@1s"
    (old,) = plans("binance-usdm", [], ["liquidation"], paths={"liquidation": "legacy"})
    assert old.path == "legacy"


@given(count=st.integers(1, 1_500))
def test_sockets_hold_no_more_than_the_venue_allows(count):
    """Each stream is on exactly one socket, and only the canary on all."""
    names = [f"C{number}USDT" for number in range(count)]
    found = plans("binance-usdm", names, ["liquidation", "trade"])
    held = [[stream for text in plan.subscribe for stream in json.loads(text)["params"]] for plan in found]
    assert all(len(streams) <= 200 for streams in held)
    assert all(streams[0] == "btcusdt@markPrice@1s" for streams in held)
    everything = [stream for streams in held for stream in streams[1:]]
    assert sorted(everything) == sorted(["!forceOrder@arr", *(f"{name.lower()}@aggTrade" for name in names)])


def test_contracts_go_to_the_path_they_belong_to():
    """Linear and inverse, and settlement currencies, have endpoints of their own."""
    assert {plan.path for plan in plans("bybit", ["BTCUSDT", "BTCUSD"], ["liquidation"])} == {"linear", "inverse"}
    assert {plan.path for plan in plans("gate", ["BTC_USD"], ["liquidation"])} == {"btc"}
    assert {plan.path for plan in plans("htx", ["BTC-USD", "BTC-USDT"], ["liquidation", "trade"])} == {
        "inverse-notification",
        "linear-notification",
        "inverse",
        "linear",
    }


def test_urls_can_be_moved_to_a_simulated_venue():
    """By path whole, by venue with the venue's own URL path kept."""
    (by_path,) = plans("okx", [], ["liquidation"], base_urls={"public": "ws://127.0.0.1:9/x"})
    assert by_path.url == "ws://127.0.0.1:9/x"
    (by_venue,) = plans("okx", [], ["liquidation"], base_urls={"okx": "ws://127.0.0.1:9"})
    assert by_venue.url == "ws://127.0.0.1:9/ws/v5/public"


@pytest.mark.parametrize(("venue", "name"), [("bybit", "b?d"), ("nowhere", "BTC")])
def test_what_cannot_be_subscribed_to_is_an_error(venue, name):
    """With the name in it."""
    with pytest.raises(InputError, match="cannot be subscribed" if venue == "bybit" else venue):
        plans(venue, [name], ["trade"])


@every_venue
def test_frames_are_told_apart_by_where_they_belong(venue):
    """Every frame a venue sends of a class is heard as that class, compressed or not; the canary proves the path."""
    if venue == "bitfinex":
        pytest.skip("its frames are numbered: see the next test")
    builders = FRAMES[venue]
    name = TWO_CONTRACTS[venue][0]
    frames = {
        "liquidation": builders.liquidations(
            [ForcedOrder(venue_symbol=name, position_side="long", qty=3, price=95_000.5, ts_ms=TS_MS)]
        ),
        "trade": builders.trades(
            [PublicTrade(venue_symbol=name, taker_side="buy", qty=3, price=95_000.5, ts_ms=TS_MS)]
        ),
    }
    state = MarketState(
        venue_symbol=name,
        ts_ms=TS_MS,
        mark_price=95_000.5,
        index_price=95_000.0,
        open_interest=1_000.0,
        funding_rate=0.0001,
        next_funding_ms=TS_MS + 3_600_000,
    )
    frames |= {fact: build(state) for fact, build in builders.market.items()}
    heard_anywhere = dict.fromkeys(frames, False)
    is_canary_heard = False
    for plan in plans(venue, [name], STREAMS):
        for stream, frame in frames.items():
            if stream in plan.streams:
                heard = Hearing(plan).hear(frame)
                heard_anywhere[stream] |= heard.is_data and stream in heard.streams
                is_canary_heard |= heard.is_canary
                assert Hearing(plan).hear(gzip.compress(frame)) == heard
    pushed = VENUES[venue].subscriptions.channels
    unheard = {stream for stream, is_heard in heard_anywhere.items() if not is_heard} & set(pushed)
    # Gate tells open interest in its tickers too, and that is the message the builder makes.
    assert unheard == ({"open_interest"} if venue == "gate" else set())
    assert is_canary_heard == (venue not in ASKED_FOR)


def test_the_answer_to_a_probe_is_the_canary_of_htx():
    """Contract information, which it sends to each subscription; funding rates must come by themselves."""
    (plan,) = plans("htx", ["BTC-USDT"], ["liquidation"])
    assert json.loads(plan.canary.probe[1])["topic"] == "public.BTC-USDT.contract_info"
    notice = b'{"op":"notify","topic":"public.%b","ts":1,"event":"init","data":[]}'
    answer, funding = (Hearing(plan).hear(notice % name) for name in (b"BTC-USDT.contract_info", b"X.funding_rate"))
    assert (answer.is_canary, answer.is_behind, answer.streams) == (True, False, ())
    assert (funding.is_canary, funding.is_behind) == (False, True)
    assert any("funding_rate" in text for text in plan.subscribe)


ACKNOWLEDGMENTS = {
    "binance-usdm": ['{"result":null,"id":1}'],
    "bitget": ['{"event":"subscribe","arg":{"instType":"usdt-futures","topic":"ticker","symbol":"BTCUSDT"}}', "pong"],
    "bitmex": ['{"success":true,"subscribe":"instrument:XBTUSD","request":{"op":"subscribe","args":["instrument"]}}'],
    "bybit": ['{"success":true,"ret_msg":"","conn_id":"x","op":"subscribe"}', '{"op":"pong"}'],
    "deribit": ['{"jsonrpc":"2.0","id":1,"result":["ticker.BTC-PERPETUAL.100ms"]}'],
    "dydx": ['{"type":"connected","connection_id":"x","message_id":0}'],
    "gate": ['{"time":1,"channel":"futures.tickers","event":"subscribe","result":{"status":"success"}}'],
    "htx": ['{"op":"sub","cid":"1","topic":"public.BTC-USDT.funding_rate","ts":1,"err-code":0}'],
    "hyperliquid": [
        '{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"activeAssetCtx"}}}',
    ],
    "kraken-futures": ['{"event":"subscribed","feed":"ticker","product_ids":["PF_XBTUSD"]}'],
    "okx": ['{"event":"subscribe","arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"connId":"x"}', "pong"],
}


@pytest.mark.parametrize("venue", sorted(ACKNOWLEDGMENTS))
def test_an_acknowledgment_proves_nothing(venue):
    """It names the channel, but brings nothing of it."""
    for plan in plans(venue, TWO_CONTRACTS[venue], STREAMS):
        for text in ACKNOWLEDGMENTS[venue]:
            heard = Hearing(plan).hear(text.encode())
            assert (heard.is_canary, heard.streams, heard.reply) == (False, (), None), text


def test_bitfinex_numbers_are_learned_from_the_connection():
    """A number means nothing before its `subscribed` reply, and nothing on another connection."""
    (plan,) = plans("bitfinex", ["tBTCF0:USTF0"], STREAMS)
    hearing = Hearing(plan)
    status = b"[127758,[1569715201000,null,173.5],7]"
    assert not hearing.hear(status).is_data
    hearing.hear(b'{"event":"subscribed","channel":"status","chanId":127758,"key":"deriv:tBTCF0:USTF0"}')
    hearing.hear(b'{"event":"subscribed","channel":"status","chanId":9,"key":"liq:global"}')
    assert hearing.hear(status).streams == ("mark_price", "funding_rate", "open_interest")
    assert hearing.hear(b'[9,[["pos",1]]]').streams == ("liquidation",)
    assert not hearing.hear(b'[9,"hb"]').is_canary
    hearing.hear(b'{"event":"subscribed","channel":"book","chanId":3,"symbol":"tBTCUSD","prec":"R0","len":"25"}')
    spot = hearing.hear(b"[3,[123,95000,0.1],8]")
    assert (spot.is_canary, spot.streams) == (True, ())
    assert not Hearing(plan).hear(status).is_data


@pytest.mark.parametrize(
    ("venue", "frame", "reply"),
    [
        ("htx", b'{"ping":1606780800116}', '{"pong":1606780800116}'),
        ("htx", b'{"op":"ping","ts":"1606780800116"}', '{"op":"pong","ts":"1606780800116"}'),
        ("htx", gzip.compress(b'{"op":"ping","ts":1606780800116}', mtime=0), '{"op":"pong","ts":1606780800116}'),
        ("lighter", b'{"type":"ping"}', '{"type":"pong"}'),
        ("deribit", b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}', None),
        ("bybit", b'{"op":"pong"}', None),
    ],
)
def test_pings_of_servers_are_answered(venue, frame, reply):
    """With their own number, as it was quoted."""
    plan = plans(venue, TWO_CONTRACTS[venue], STREAMS)[0]
    assert Hearing(plan).hear(frame).reply == reply


def test_a_test_request_of_deribit_is_answered():
    """By the method the venue names for it."""
    (plan,) = plans("deribit", ["BTC-PERPETUAL"], ["trade"])
    frame = b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}'
    assert json.loads(Hearing(plan).hear(frame).reply)["method"] == "public/test"


@every_venue
@given(frame=st.binary(max_size=300))
def test_nothing_a_venue_sends_stops_the_ear(venue, frame):
    """Broken text, broken gzip, broken numbers: at worst it is nothing."""
    hearing = Hearing(plans(venue, TWO_CONTRACTS[venue], STREAMS)[0])
    hearing.hear(frame)
    hearing.hear(b"\x1f\x8b" + frame)
    hearing.hear(b'{"event":"subscribed","channel":"book","chanId":1}' + frame)


def test_invented_channels_do_not_fill_the_memory():
    """Only so many addresses are remembered; later ones are judged anew."""
    (plan,) = plans("okx", [], ["liquidation"])
    hearing = Hearing(plan)
    for number in range(MAX_REMEMBERED + 10):
        hearing.hear(b'{"arg":{"channel":"x%d"},"data":[]}' % number)
    assert len(hearing._known) == MAX_REMEMBERED
    assert hearing.hear(b'{"arg":{"channel":"liquidation-orders"},"data":[]}').streams == ("liquidation",)
