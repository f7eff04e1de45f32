"""Lighter names markets by number. All perpetuals count in base units and settle in USDC.

A market that is neither listed nor in the table gets a symbol that says so, `MARKET-42/USDC:USDC`: its quantities and
dollars are right without a name, and a liquidation must not be lost for want of one.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from powderkeg.domain.instruments import Instrument
from powderkeg.domain.symbols import perpetual
from powderkeg.venues.lighter.wire import Listing

SLUG: Final = "lighter"

FIRST_SPOT_MARKET: Final = 2048
"""From this number on markets are spot. Source: lighter-go, `types/txtypes/constants.go`, MinSpotMarketIndex, read
2026-11."""

COINS: Final = (
    "0 ETH, 1 BTC, 2 SOL, 3 DOGE, 4 1000PEPE, 5 WIF, 6 WLD, 7 XRP, 8 LINK, 9 AVAX, 10 NEAR, 11 DOT, 13 TAO, 14 POL, "
    "15 TRUMP, 16 SUI, 17 1000SHIB, 18 1000BONK, 19 1000FLOKI, 20 BERA, 21 FARTCOIN, 24 HYPE, 25 BNB, 26 JUP, 27 AAVE, "
    "29 ENA, 30 UNI, 31 APT, 32 SEI, 33 KAITO, 34 IP, 35 LTC, 36 CRV, 37 PENDLE, 38 ONDO, 39 ADA, 40 S, 41 VIRTUAL, "
    "42 SPX, 43 TRX, 45 PUMP, 46 LDO, 47 PENGU, 50 ARB, 55 OP, 58 BCH, 59 HBAR, 71 XPL, 72 WLFI, 77 XMR, 79 SKY, "
    "83 ASTER, 90 ZEC, 119 XLM, 120 LIT"
)
"""Numbers of the main markets. Source: answers of `GET /api/v1/orderBooks` as several public tools keep them, which
agree on these, read 2026-11. Numbers have been renamed (12 was TON, then GRAM), so the listing wins over this table."""

_COIN_OF: Final = {
    market_id: coin for market_id, _, coin in (entry.partition(" ") for entry in COINS.replace(", ", ",").split(","))
}
_MARKET_ID: Final = re.compile(r"0|[1-9]\d{0,4}")
_COIN: Final = re.compile(r"[^\s/:]{1,40}")


def is_spot(market_id: int) -> bool:
    """Whether a market is spot, which has no liquidations and is not used."""
    return market_id >= FIRST_SPOT_MARKET


def infer_instrument(venue_symbol: str) -> Instrument:
    """The perpetual a market number stands for.

    Raises:
        ValueError: no number of a perpetual.
    """
    if _MARKET_ID.fullmatch(venue_symbol) is None or is_spot(int(venue_symbol)):
        raise ValueError(f"{venue_symbol!r} is not the number of a perpetual of Lighter, 0 to {FIRST_SPOT_MARKET - 1}")
    return _instrument(venue_symbol, _COIN_OF.get(venue_symbol, f"MARKET-{venue_symbol}"))


def _instrument(venue_symbol: str, coin: str) -> Instrument:
    parts = perpetual(coin, "USDC")
    return Instrument(
        venue=SLUG,
        venue_symbol=venue_symbol,
        symbol=str(parts),
        base=parts.base,
        quote=parts.quote,
        settle=parts.settle,
        contract=parts.contract,
        qty_unit="base",
        contract_size=1.0,
    )


_listing = msgspec.json.Decoder(Listing, strict=False).decode


def parse_instruments(payload: bytes) -> tuple[Instrument, ...]:
    """Instruments of `GET /api/v1/orderBooks` or `GET /api/v1/orderBookDetails`; spot markets are left out."""
    listing = _listing(payload)
    rows = [*listing.order_books, *listing.order_book_details]
    return tuple(
        _instrument(str(row.market_id), row.symbol)
        for row in rows
        if not is_spot(row.market_id) and _COIN.fullmatch(row.symbol)
    )
