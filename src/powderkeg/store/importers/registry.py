"""The list of file kinds, and the one function that tells which of them a file is."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from powderkeg.domain.errors import InputError
from powderkeg.store.importers import (
    binance_force_orders,
    binance_vision,
    binance_vision_liquidations,
    candles,
    captures,
    coinalyze_hourly,
    coinglass_daily,
    derivative_tables,
    etf_flows,
    frames_json,
    journaled,
    market_odds,
    tardis,
)
from powderkeg.store.importers.formats import Context, Format, Sample
from powderkeg.store.rows import RowsParser

KINDS: Final[tuple[Format, ...]] = (
    binance_force_orders.FORMAT,
    binance_vision.AGG_TRADES_FORMAT,
    binance_vision.KLINES_FORMAT,
    binance_vision.METRICS_FORMAT,
    binance_vision_liquidations.FORMAT,
    tardis.TRADES_FORMAT,
    tardis.LIQUIDATIONS_FORMAT,
    tardis.TICKER_FORMAT,
    coinalyze_hourly.FORMAT,
    *coinglass_daily.FORMATS,
    candles.HOURLY_FORMAT,
    candles.MINUTES_FORMAT,
    derivative_tables.FUNDING_FORMAT,
    derivative_tables.OPEN_INTEREST_FORMAT,
    derivative_tables.HYPERLIQUID_FORMAT,
    etf_flows.FORMAT,
    market_odds.FORMAT,
    captures.FEED_HANDLER_FORMAT,
    captures.BACKTESTER_FORMAT,
    frames_json.DOCUMENT_FORMAT,
    frames_json.LINES_FORMAT,
)

_BY_NAME: Final = {format_.name: format_ for format_ in KINDS}


class Match(NamedTuple):
    """What a file was recognized as, and what its parser must know beside its lines."""

    format: Format
    context: Context


def format_named(name: str) -> Format:
    """The kind with a name.

    Raises:
        InputError: there is none; the message lists them.
    """
    if name not in _BY_NAME:
        raise InputError(f"unknown format {name!r}; the kinds of files are:\n{kinds_list()}")
    return _BY_NAME[name]


def rows_parser(name: str) -> RowsParser:
    """The parser of a table's lines, by the format's name; also of the lines a recording's reader set aside.

    Raises:
        InputError: no table format has that name.
    """
    aside = journaled.PARSERS.get(name)
    if aside is not None:
        return aside
    parser = format_named(name).rows
    if parser is None:
        raise InputError(f"format {name!r} holds messages, not table rows")
    return parser


def kinds_list() -> str:
    """Every kind with its title, a line each."""
    width = max(len(format_.name) for format_ in KINDS)
    return "\n".join(f"  {format_.name:<{width}}  {format_.title}" for format_ in KINDS)


def recognize(path: Path, *, format: str | None = None, symbol: str | None = None) -> Match:  # noqa: A002 - the option's name
    """Tell what a file is, by its content; by its name only where content cannot tell.

    Args:
        path: the file, also packed.
        format: the name of the kind, where the user knows better.
        symbol: the contract, for tables that do not name it.

    Raises:
        InputError: unreadable; of no known kind; of several; or the symbol is nowhere said.
    """
    sample = Sample.of(path)
    if format is not None:
        forced = format_named(format)
        return Match(forced, forced.context(sample, symbol))
    found = [kind for kind in KINDS if kind.looks_like(sample)]
    if not found:
        raise InputError(_unknown(path, sample))
    if len(found) > 1:
        names = ", ".join(kind.name for kind in found)
        raise InputError(f"{path.name} may be any of {names}; say which with --format")
    return Match(found[0], found[0].context(sample, symbol))


def _unknown(path: Path, sample: Sample) -> str:
    twins = [kind.name for kind in KINDS if kind.could_be is not None and kind.could_be(sample)]
    if twins:
        return (
            f"{path.name} has the columns of {' and of '.join(twins)}, and its name does not say which; "
            "say it with --format, or give the file its publisher's name"
        )
    return f"{path.name} is of no known kind; say --format if it is one of these:\n{kinds_list()}"
