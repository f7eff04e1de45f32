"""Daily flows of single US funds, stamped with the day *after* the trading day.

A flow is known in the morning after, and the file carries that morning's date: IBIT's 126.27 M stamped 2026-01-14 were
traded on 01-13. The trading day is therefore the last one before the stamp (a Monday's stamp belongs to Friday, a
stamp after a holiday to the day before it). An empty flow says nothing and becomes no event.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from powderkeg.domain.errors import InputError
from powderkeg.domain.events import EtfFlow, Event
from powderkeg.domain.time import parse_instant
from powderkeg.store.importers.cells import maybe
from powderkeg.store.importers.formats import Context
from powderkeg.store.importers.tables import columns, headed_format, parse_table
from powderkeg.store.importers.us_trading_days import previous_trading_day
from powderkeg.store.rows import RowsParsed

SOURCE: Final = "fund flows"

FUNDS: Final = {
    # US spot funds by the coin they hold; the issuers' product pages, read 2026-11.
    "BTC": ("IBIT", "FBTC", "BITB", "ARKB", "BTCO", "EZBC", "BRRR", "HODL", "BTCW", "GBTC", "BTC", "DEFI"),
    "ETH": ("ETHA", "FETH", "ETHW", "TETH", "CETH", "ETHV", "QETH", "EZET", "ETHE", "ETH"),
    "SOL": ("BSOL", "GSOL", "VSOL", "FSOL", "TSOL", "SOEZ"),
    "XRP": ("XRPC", "XRP", "XRPZ", "GXRP", "TOXR"),
}
COIN_OF: Final = {ticker: coin for coin, tickers in FUNDS.items() for ticker in tickers}


def rows(lines: list[str], first_line: int, context: Context) -> RowsParsed:
    """Flows of a block of lines; see `RowsParser`. Context: header."""
    header = context["header"]
    stamp, ticker, flow = columns(header, "date", "ticker", "flow_usd")

    def row(cells: list[str]) -> Iterable[Event]:
        coin = COIN_OF.get(cells[ticker])
        if coin is None:
            raise InputError(f"ticker {cells[ticker][:20]!r} is not a fund known here: {', '.join(COIN_OF)}")
        flow_usd = maybe(cells[flow], "flow_usd")
        traded_ns = trading_day_ns(cells[stamp])
        if flow_usd is not None:
            yield EtfFlow(cells[ticker], coin, SOURCE, flow_usd, None, traded_ns, traded_ns)

    return parse_table(lines, first_line, row, widths=(len(header.split(",")),), header=header)


def trading_day_ns(stamp: str) -> int:
    """Midnight of the trading day whose flow is stamped with a date, ns UTC.

    Raises:
        InputError: not a date.
    """
    try:
        stamped = dt.date.fromisoformat(stamp)
    except ValueError:
        raise InputError(f"date {stamp[:20]!r} is not a date such as 2026-01-14") from None
    return parse_instant(previous_trading_day(stamped).isoformat())


FORMAT = headed_format(
    name="etf-flows-daily",
    title="Daily flows of single US funds, stamped the day after (date,ticker,flow_usd)",
    required=("date", "ticker", "flow_usd"),
    rows=rows,
)
