"""Every spelling of a contract leads to one symbol, or to an error that lists what it may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import (
    VENUE_ALIASES,
    VENUE_SLUGS,
    SymbolParts,
    coin_of,
    parts_of,
    resolve,
    split_pair,
    venue_slug,
)

codes = st.from_regex(r"[A-Z0-9]{1,10}", fullmatch=True)
parts = st.builds(
    SymbolParts,
    base=st.one_of(codes, codes.map(lambda code: f"k{code}")),
    quote=codes,
    settle=codes,
    expiry=st.one_of(st.none(), st.from_regex(r"[0-9]{6}", fullmatch=True)),
    option=st.one_of(st.none(), st.from_regex(r"[0-9]{1,6}-[CP]", fullmatch=True)),
).filter(lambda p: p.option is None or p.expiry is not None)


@given(parts)
def test_a_unified_symbol_survives_being_taken_apart(made):
    assert parts_of(str(made)) == made
    assert str(parts_of(str(made))) == str(made)


@given(parts, st.sampled_from([None, *VENUE_SLUGS]))
def test_a_unified_symbol_is_its_own_resolution(made, venue):
    """Also behind a venue's name; the venue is kept."""
    assert resolve(str(made), venue=venue) == (str(made), venue)
    assert resolve(f"bybit:{made}") == (str(made), "bybit")


SPELLINGS = [
    # (spelling, venue it is meant for, symbol, venue it leads to)
    ("BTCUSDT", None, "BTC/USDT:USDT", None),
    ("btcusdt", None, "BTC/USDT:USDT", None),
    ("BTC-USDT-SWAP", None, "BTC/USDT:USDT", None),
    ("BTC_USDT", "gate", "BTC/USDT:USDT", "gate"),
    ("BTC-USDT", "htx", "BTC/USDT:USDT", "htx"),
    ("BTCUSDT_PERP.A", None, "BTC/USDT:USDT", "binance-usdm"),
    ("BTCUSD_PERP.A", None, "BTC/USD:BTC", "binance-coinm"),
    ("BTCUSDT.6", None, "BTC/USDT:USDT", "bybit"),
    ("binance-futures:BTCUSDT", None, "BTC/USDT:USDT", "binance-usdm"),
    ("binance-futures:btcusdt", None, "BTC/USDT:USDT", "binance-usdm"),
    ("okex-swap:ETH-USD-SWAP", None, "ETH/USD:ETH", "okx"),
    ("1000PEPEUSDT", None, "1000PEPE/USDT:USDT", None),
    ("1000PEPEUSDC", None, "1000PEPE/USDC:USDC", None),
    ("SHIB1000USDT", "bybit", "SHIB1000/USDT:USDT", "bybit"),
    ("kPEPE", None, "kPEPE/USDC:USDC", None),
    ("kPEPE", "hyperliquid", "kPEPE/USDC:USDC", "hyperliquid"),
    ("BTC", "hyperliquid", "BTC/USDC:USDC", "hyperliquid"),
    ("hyperliquid:btc", None, "BTC/USDC:USDC", "hyperliquid"),
    ("BTC-USD", "dydx", "BTC/USDC:USDC", "dydx"),
    ("BTC-USD", "htx", "BTC/USD:BTC", "htx"),
    ("BTCUSDC", None, "BTC/USDC:USDC", None),
    ("BTCPERP", "bybit", "BTC/USDC:USDC", "bybit"),
    ("BTC-PERPETUAL", "deribit", "BTC/USD:BTC", "deribit"),
    ("SOL_USDC-PERPETUAL", "deribit", "SOL/USDC:USDC", "deribit"),
    ("XBTUSD", "bitmex", "BTC/USD:BTC", "bitmex"),
    ("ETHUSD", "bitmex", "ETH/USD:BTC", "bitmex"),
    ("XBTUSDT", "bitmex", "BTC/USDT:USDT", "bitmex"),
    ("PF_XBTUSD", "kraken-futures", "BTC/USD:USD", "kraken-futures"),
    ("PI_XBTUSD", None, "BTC/USD:BTC", None),
    ("FI_XBTUSD_240927", None, "BTC/USD:BTC-240927", None),
    ("BTCUSD_200925", None, "BTC/USD:BTC-200925", None),
    ("BTC-USDT-240927", None, "BTC/USDT:USDT-240927", None),
    ("tBTCF0:USTF0", "bitfinex", "BTC/USDT:USDT", "bitfinex"),
    (" BTC/USDT:USDT ", None, "BTC/USDT:USDT", None),
]


@pytest.mark.parametrize(("text", "venue", "symbol", "led_to"), SPELLINGS)
def test_spellings(text, venue, symbol, led_to):
    """And what comes out is understood again."""
    assert resolve(text, venue=venue) == (symbol, led_to)
    assert resolve(symbol, venue=led_to) == (symbol, led_to)


AMBIGUOUS = [
    ("BTC", ["BTC/USD:BTC", "BTC/USDC:USDC", "BTC/USDT:USDT"]),
    ("btc", ["BTC/USD:BTC", "BTC/USDC:USDC", "BTC/USDT:USDT"]),
    ("1000PEPE", ["1000PEPE/USDC:USDC", "1000PEPE/USDT:USDT"]),
    ("BTC-USD", ["BTC/USD:BTC", "BTC/USDC:USDC"]),
]


@pytest.mark.parametrize(("text", "candidates"), AMBIGUOUS)
def test_an_ambiguous_spelling_lists_its_candidates(text, candidates):
    """Each candidate, written instead, is not ambiguous; and known contracts settle it."""
    with pytest.raises(InputError, match="ambiguous") as caught:
        resolve(text)
    assert str(caught.value) == f"{text!r} is ambiguous: it may be {', '.join(candidates)}; write one of these"
    for candidate in candidates:
        assert resolve(candidate).symbol == candidate
        assert resolve(text, known={candidate, "DOGE/USDT:USDT"}).symbol == candidate


def test_a_bare_coin_means_what_is_known_of_it():
    """All contracts of the coin are candidates, the one of the very base before its multiples."""
    known = ("1000PEPE/USDT:USDT", "kPEPE/USDC:USDC", "BTC/USDT:USDT")
    assert resolve("1000PEPE", known=known).symbol == "1000PEPE/USDT:USDT"
    assert resolve("kPEPE", known=known).symbol == "kPEPE/USDC:USDC"
    assert resolve("XBT", known=known).symbol == "BTC/USDT:USDT"
    with pytest.raises(InputError, match="1000PEPE/USDT:USDT, kPEPE/USDC:USDC"):
        resolve("PEPE", known=known)


@pytest.mark.parametrize("text", ["", "$$", "BTC/USDT:", "BTCUSDT_PERP.Z", "a b", "x" * 60])
def test_what_cannot_be_read_is_said_so_with_an_example(text):
    with pytest.raises(InputError, match=r"is not a symbol; write for example BTC/USDT:USDT"):
        resolve(text)


def test_two_venues_in_one_request_are_a_contradiction():
    with pytest.raises(InputError, match="names the venue okx, but bybit was asked for"):
        resolve("okx:BTC-USDT-SWAP", venue="bybit")
    assert resolve("okex:BTC-USDT-SWAP", venue="okx").venue == "okx"


@pytest.mark.parametrize(
    ("base", "coin"),
    [
        ("1000PEPE/USDT:USDT", "PEPE"),
        ("1000PEPE", "PEPE"),
        ("kPEPE", "PEPE"),
        ("kBONK/USDC:USDC", "BONK"),
        ("SHIB1000", "SHIB"),
        ("1MBABYDOGE", "BABYDOGE"),
        ("1000000MOG", "MOG"),
        ("10000000AIDOGE", "AIDOGE"),
        ("XBT/USD:XBT", "BTC"),
        ("btc", "BTC"),
        ("kava", "KAVA"),
        ("KAVA", "KAVA"),
        ("1INCH", "1INCH"),
        ("0G", "0G"),
        ("2Z", "2Z"),
        ("4", "4"),
        ("1000", "1000"),
    ],
)
def test_the_coin_under_a_symbol(base, coin):
    """Multipliers come off where letters follow; coins that begin with digits stay themselves."""
    assert coin_of(base) == coin
    assert coin_of(coin) == coin


@pytest.mark.parametrize(
    ("symbol", "contract"),
    [
        ("BTC/USDT:USDT", "linear"),
        ("BTC/USD:USD", "linear"),
        ("BTC/USD:USDC", "linear"),
        ("BTC/USD:BTC", "inverse"),
        ("ETH/USD:BTC", "quanto"),
    ],
)
def test_the_kind_of_contract_follows_from_what_it_settles_in(symbol, contract):
    assert parts_of(symbol).contract == contract


def test_glued_pairs_split_at_the_longest_quote():
    assert split_pair("1000PEPEUSDC") == ("1000PEPE", "USDC")
    assert split_pair("XBTUSD") == ("BTC", "USD")
    assert split_pair("USDT") is None
    assert split_pair("BTCJPY") is None


def test_venue_names_other_tools_use_lead_to_ours():
    """Every alias leads to a slug, every slug to itself, an unknown name to the list."""
    assert {venue_slug(alias) for alias in VENUE_ALIASES} <= set(VENUE_SLUGS)
    assert [venue_slug(slug.upper()) for slug in VENUE_SLUGS] == list(VENUE_SLUGS)
    with pytest.raises(InputError, match="venues are binance-usdm"):
        venue_slug("mtgox")


def test_not_a_unified_symbol():
    with pytest.raises(InputError, match="not a unified symbol"):
        parts_of("BTCUSDT")
