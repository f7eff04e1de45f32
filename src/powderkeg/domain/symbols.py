"""One spelling of every contract: the ccxt unified form, and the one function that reads all other spellings.

`BTC/USDT:USDT` is a linear perpetual, `BTC/USD:BTC` an inverse one, `BTC/USD:BTC-200925` an inverse future that
expires on 2020-09-25, `BTC/USD:BTC-240927-60000-C` an option. Source: ccxt manual, "Contract Naming Conventions",
read 2026-11.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Final, NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind

VENUE_SLUGS: Final = (
    "binance-usdm",
    "binance-coinm",
    "bybit",
    "okx",
    "bitget",
    "gate",
    "hyperliquid",
    "deribit",
    "bitmex",
    "kraken-futures",
    "dydx",
    "htx",
    "bitfinex",
    "lighter",
)

VENUE_ALIASES: Final = {
    # The exchange ids of tardis.dev ("Supported exchanges", read 2026-11) and of ccxt, and everyday names.
    "binance": "binance-usdm",
    "binance-futures": "binance-usdm",
    "binanceusdm": "binance-usdm",
    "binance-delivery": "binance-coinm",
    "binancecoinm": "binance-coinm",
    "okex": "okx",
    "okex-swap": "okx",
    "okex-futures": "okx",
    "okx-swap": "okx",
    "bitget-futures": "bitget",
    "gate-io-futures": "gate",
    "gateio": "gate",
    "gate.io": "gate",
    "cryptofacilities": "kraken-futures",
    "krakenfutures": "kraken-futures",
    "kraken": "kraken-futures",
    "dydx-v4": "dydx",
    "huobi": "htx",
    "huobi-dm": "htx",
    "huobi-dm-swap": "htx",
    "huobi-dm-linear-swap": "htx",
    "bitfinex-derivatives": "bitfinex",
}

QUOTES: Final = ("USDT", "USDC", "BUSD", "USD1", "USD", "EUR", "BTC", "ETH")
"""Quote codes a glued pair of a derivative may end with, longest first: `1000PEPEUSDC` must not be read as ...`USD`
and `C`. TUSD is not among them: no contract is quoted in it, and `XBTUSD` ends with it."""

ALIASES: Final = {"XBT": "BTC", "UST": "USDT", "TESTBTC": "BTC"}
"""Codes some venues spell their own way (BitMEX and Kraken XBT, Bitfinex UST)."""

_MULTIPLIER_PREFIX = re.compile(r"^(?:10{3,7}|1M(?=[A-Z]{3}))(?=[A-Z0-9]*[A-Z])")
_MULTIPLIER_SUFFIX = re.compile(r"(?<=[A-Z]{3})1000$")
_KILO = re.compile(r"^k(?=[A-Z]{2})")


class SymbolParts(NamedTuple):
    """A unified symbol, taken apart. `expiry` is `YYMMDD`; `option` is `strike-C` or `strike-P`."""

    base: str
    quote: str
    settle: str
    expiry: str | None = None
    option: str | None = None

    @property
    def contract(self) -> ContractKind:
        """Linear if settled in the quote, inverse if in the base, quanto otherwise."""
        if self.settle == self.quote or (self.quote == "USD" and self.settle in _STABLE):
            return "linear"
        return "inverse" if self.settle == self.base else "quanto"

    def __str__(self) -> str:
        tail = "".join(f"-{part}" for part in (self.expiry, self.option) if part)
        return f"{self.base}/{self.quote}:{self.settle}{tail}"


_STABLE = frozenset({"USDT", "USDC", "USD"})


class Resolved(NamedTuple):
    """What a spelling names: a unified symbol, and the venue where the spelling says it."""

    symbol: str
    venue: str | None


_UNIFIED = re.compile(
    r"(?P<base>[^\s/:]+)/(?P<quote>[A-Z0-9]+):(?P<settle>[A-Z0-9]+)(?:-(?P<expiry>\d{6}))?(?:-(?P<option>[\d.]+-[CP]))?"
)


def parts_of(symbol: str) -> SymbolParts:
    """Take a unified symbol apart.

    Raises:
        InputError: not in unified form.
    """
    match = _UNIFIED.fullmatch(symbol)
    if match is None:
        raise InputError(f"{symbol!r} is not a unified symbol such as BTC/USDT:USDT or BTC/USD:BTC-261225")
    return SymbolParts(**match.groupdict())


def coin_of(symbol: str) -> str:
    """The underlying coin of a unified symbol or a base code: `1000PEPE/USDT:USDT` is PEPE, `kBONK` BONK, `XBT` BTC.

    A multiplier is only taken off where letters follow it, so `1INCH`, `0G`, `2Z` and `4` stay themselves.
    """
    base = symbol.partition("/")[0]
    base = _KILO.sub("", base).upper()
    base = _MULTIPLIER_PREFIX.sub("", base)
    base = _MULTIPLIER_SUFFIX.sub("", base)
    return ALIASES.get(base, base)


def split_pair(pair: str) -> tuple[str, str] | None:
    """Split a glued pair such as `1000PEPEUSDC` into base and quote; None where it ends in no known quote."""
    for quote in QUOTES:
        if quote == "BUSD" and pair.removesuffix("USD") in _ENDING_IN_B:
            continue
        if pair.endswith(quote) and len(pair) > len(quote):
            return ALIASES.get(pair[: -len(quote)], pair[: -len(quote)]), quote
    return None


_ENDING_IN_B: Final = frozenset({"AMB", "ARB", "BNB", "PHB", "SHIB", "1000SHIB", "TRB"})
"""Coins whose pair with plain USD ends like one with BUSD: `BNBUSD` is BNB, `BTCBUSD` is BTC."""


def perpetual(base: str, quote: str, expiry: str | None = None) -> SymbolParts:
    """The usual contract on a pair: settled in the base where the quote is plain USD, else in the quote."""
    base, quote = ALIASES.get(base, base), ALIASES.get(quote, quote)
    return SymbolParts(base, quote, base if quote == "USD" else quote, expiry)


def venue_slug(name: str) -> str:
    """Our slug for a venue, from a slug or a name other tools use (`binance-futures`, `okex-swap`, `huobi-dm`).

    Raises:
        InputError: no such venue; the message lists the slugs.
    """
    lowered = name.strip().lower()
    slug = VENUE_ALIASES.get(lowered, lowered)
    if slug not in VENUE_SLUGS:
        close = difflib.get_close_matches(lowered, VENUE_SLUGS, n=1, cutoff=0.75)
        hint = f"did you mean {close[0]}? " if close else ""
        raise InputError(f"unknown venue {name!r}; {hint}venues are {', '.join(VENUE_SLUGS)}")
    return slug


def resolve(text: str, *, venue: str | None = None, known: Collection[str] = ()) -> Resolved:
    """Read any spelling of a contract.

    Understood are the unified form, `BTCUSDT`, `BTC-USDT-SWAP`, `BTC_USDT`, `BTCUSD_200925`, `BTCUSDT_PERP.A`
    (Coinalyze), `binance-futures:BTCUSDT` (tardis), `PF_XBTUSD`, `BTC-PERPETUAL`, `tBTCF0:USTF0`, and a bare coin
    where only one contract of it is in `known`.

    Args:
        text: the spelling.
        venue: the venue it is meant for, where that is known from elsewhere.
        known: unified symbols at hand (of an archive, say), which settle what a spelling leaves open.

    Raises:
        InputError: unreadable, or ambiguous; the message then lists the candidates.
    """
    text = text.strip()
    name, said_venue = _split_venue(text)
    venue = venue_slug(venue) if venue else None
    if said_venue and venue and said_venue != venue:
        raise InputError(f"{text!r} names the venue {said_venue}, but {venue} was asked for; write one of the two")
    venue = said_venue or venue
    if _UNIFIED.fullmatch(name):
        return Resolved(name, venue)
    # Binance's streams are spelled in lower case, and so do people; no venue tells two contracts apart by case alone.
    candidates = sorted(_candidates(name, venue) or _candidates(name.upper(), venue))
    if not candidates:
        candidates = _of_coin(name, known)
    elif len(candidates) > 1 and known:
        candidates = [symbol for symbol in candidates if symbol in known] or candidates
    if len(candidates) == 1:
        return Resolved(candidates[0], venue)
    if not candidates:
        raise InputError(f"{text!r} is not a symbol; write for example BTC/USDT:USDT, BTCUSDT or okx:BTC-USDT-SWAP")
    raise InputError(f"{text!r} is ambiguous: it may be {', '.join(candidates)}; write one of these")


def _of_coin(name: str, known: Collection[str]) -> list[str]:
    """Contracts a bare coin may mean: the known ones, those of the very base first; else the usual ones."""
    coin = coin_of(name)
    found = sorted(symbol for symbol in known if coin_of(symbol) == coin)
    if found:
        return [symbol for symbol in found if symbol.partition("/")[0] == name] or found
    if not _BARE_COIN.fullmatch(name):
        return []
    if _KILO.match(name):  # Hyperliquid's way of writing a thousand
        return [str(SymbolParts(name, "USDC", "USDC"))]
    base = name.upper()
    if ALIASES.get(base, base) != coin:  # a thousand-fold contract is never settled in the coin
        return [str(SymbolParts(base, quote, quote)) for quote in ("USDC", "USDT")]
    return [str(SymbolParts(coin, *tail)) for tail in (("USD", coin), ("USDC", "USDC"), ("USDT", "USDT"))]


_BARE_COIN = re.compile(r"[A-Za-z0-9]{1,20}")
_COIN = re.compile(r"[\w.]{1,30}")

_COINALYZE: Final = {
    # Coinalyze API, "Get supported exchanges", read 2026-11.
    "0": "bitmex",
    "2": "deribit",
    "3": "okx",
    "4": "htx",
    "6": "bybit",
    "8": "dydx",
    "A": "binance-usdm",
    "F": "bitfinex",
    "H": "hyperliquid",
    "K": "kraken-futures",
    "Y": "gate",
}


def _split_venue(text: str) -> tuple[str, str | None]:
    """Take the venue off `venue:NAME` and `NAME.A`; Bitfinex's own `tBTCF0:USTF0` keeps its colon."""
    head, colon, tail = text.partition(":")
    if colon and (head.lower() in VENUE_ALIASES or head.lower() in VENUE_SLUGS):
        return tail, venue_slug(head)
    name, dot, code = text.rpartition(".")
    if dot and code in _COINALYZE:
        venue = _COINALYZE[code]
        inverse_binance = venue == "binance-usdm" and re.fullmatch(r"[A-Z0-9]+USD_(PERP|\d{6})", name)
        return name, "binance-coinm" if inverse_binance else venue
    return text, None


_LINEAR_USD_VENUES = frozenset({"dydx", "hyperliquid", "lighter"})  # quote plain USD, settle in USDC
_FORMS: Final = (
    # (pattern, how the groups are read); the first that matches wins. Groups: b base, q quote, p glued pair, e expiry.
    re.compile(r"t(?P<b>[A-Z0-9]+)F0:(?P<q>[A-Z]+)F0"),
    re.compile(r"(?P<kind>P[IF]|F[IF])_(?P<p>[A-Z0-9]+?)(?:_(?P<e>\d{6}))?"),
    re.compile(r"(?P<b>[A-Z0-9]+)[-_](?P<q>[A-Z0-9]+)-(?:SWAP|PERP|PERPETUAL|(?P<e>\d{6}))"),
    re.compile(r"(?P<b>[A-Z0-9]+)[-_](?P<q>USDT|USDC|USD|BUSD|FDUSD)(?:[-_](?P<e>\d{6}))?"),
    re.compile(r"(?P<b>[A-Z0-9]+)-PERPETUAL"),
    re.compile(r"(?P<p>[A-Z0-9]+)(?:_PERP|_(?P<e>\d{6}))?"),
    re.compile(r"(?P<b>[A-Z0-9]+)PERP"),
)


def _candidates(name: str, venue: str | None) -> set[str]:
    """Every unified symbol a venue-style name may mean; empty where it names at most a coin."""
    if venue in _LINEAR_USD_VENUES and _COIN.fullmatch(name):
        return {str(SymbolParts(name if _KILO.match(name) else name.upper(), "USDC", "USDC"))}
    for form in _FORMS:
        match = form.fullmatch(name)
        if match is None:
            continue
        groups = match.groupdict()
        pair = split_pair(groups["p"]) if groups.get("p") else (groups["b"], groups.get("q") or _bare_quote(name))
        if pair is None or pair[1] in ("BTC", "ETH"):
            continue
        return _contracts(*pair, groups.get("e"), _Hint(venue, name, groups.get("kind")))
    return set()


def _bare_quote(name: str) -> str:
    return "USDC" if name.endswith("PERP") else "USD"


class _Hint(NamedTuple):
    venue: str | None
    name: str
    kind: str | None


def _contracts(base: str, quote: str, expiry: str | None, hint: _Hint) -> set[str]:
    inverse = str(perpetual(base, quote, expiry))
    if quote != "USD":
        return {inverse}
    linear = str(SymbolParts(ALIASES.get(base, base), "USD", "USD", expiry))
    in_usdc = str(SymbolParts(ALIASES.get(base, base), "USDC", "USDC", expiry))
    if hint.venue == "bitmex" and (coin := ALIASES.get(base, base)) != "BTC":
        return {str(SymbolParts(coin, "USD", "BTC", expiry))}  # quanto: all of BitMEX's dollar pairs settle in bitcoin
    if hint.kind is not None:
        return {linear if hint.kind.endswith("F") else inverse}
    if hint.venue in _LINEAR_USD_VENUES:
        return {in_usdc}
    if hint.venue is None and re.fullmatch(r"[A-Z0-9]+-USD", hint.name):
        return {inverse, in_usdc}  # HTX writes its inverse swaps so, dYdX its linear ones
    return {inverse}
