"""Prices, funding, open interest, long/short ratios and taker flow as bars, from what was recorded.

A bar is labeled by its open and half-open; a bar without a reading is absent, because nothing is known of it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from powderkeg.app.asked_span import asked_span
from powderkeg.app.instants import Instant
from powderkeg.app.library import Library, Names
from powderkeg.app.liquidation_queries import where
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import coin_of
from powderkeg.domain.time import NS_PER_HOUR, format_duration, format_instant, parse_duration
from powderkeg.stats.coverage import Span
from powderkeg.store.query import ArrowTable

SeriesKind = Literal["funding", "open_interest", "long_short", "cvd"]

MAX_BARS: Final = 10_000
HOURS_PER_YEAR: Final = 8_760.0

EVENT_OF: Final[dict[SeriesKind, str]] = {
    "funding": "funding_rate",
    "open_interest": "open_interest",
    "long_short": "long_short_ratio",
    "cvd": "trade",
}

_FUNDING: Final = """
    WITH told AS (
        SELECT venue, symbol, ts_event_ns, funding_rate, funding_interval_hours, next_funding_ns
        FROM funding_rate WHERE {condition}),
    instants AS (SELECT DISTINCT venue, symbol, next_funding_ns FROM told WHERE next_funding_ns IS NOT NULL),
    steps AS (
        SELECT venue, symbol,
               next_funding_ns - lag(next_funding_ns) OVER (PARTITION BY venue, symbol ORDER BY next_funding_ns) AS step
        FROM instants),
    derived AS (
        SELECT venue, symbol, min(step) / {hour_ns} AS derived_hours
        FROM steps WHERE step % {hour_ns} = 0 AND step BETWEEN {hour_ns} AND 24 * {hour_ns} GROUP BY ALL),
    bars AS (
        SELECT venue, symbol, ts_event_ns - ts_event_ns % ? AS open_ns, max(ts_event_ns) AS at_ns,
               arg_max(funding_rate, ts_event_ns) AS funding_rate,
               arg_max(funding_interval_hours, ts_event_ns) AS told_hours,
               arg_max_null(next_funding_ns, ts_event_ns) AS next_funding_ns
        FROM told GROUP BY ALL)
    SELECT venue, symbol, open_ns, at_ns, funding_rate, coalesce(told_hours, derived_hours) AS funding_interval_hours,
           told_hours IS NULL AND derived_hours IS NOT NULL AS is_interval_derived, next_funding_ns,
           funding_rate * {hours} / coalesce(told_hours, derived_hours) AS annualized_ratio
    FROM bars LEFT JOIN derived USING (venue, symbol) ORDER BY open_ns, venue, symbol
"""

_OPEN_INTEREST: Final = """
    WITH readings AS (
        SELECT venue, symbol, ts_event_ns - ts_event_ns % ? AS open_ns, max(ts_event_ns) AS at_ns,
               arg_max(open_interest_base, ts_event_ns) AS open_interest_base,
               arg_max(open_interest_contracts, ts_event_ns) AS open_interest_contracts,
               arg_max(open_interest_usd, ts_event_ns) AS told_usd
        FROM open_interest WHERE {condition} GROUP BY ALL),
    marks AS (
        SELECT venue, symbol, ts_event_ns - ts_event_ns % ? AS open_ns, arg_max(mark_price, ts_event_ns) AS mark_price
        FROM mark_price WHERE {condition} GROUP BY ALL)
    SELECT venue, symbol, open_ns, at_ns, open_interest_base, open_interest_contracts,
           coalesce(told_usd, open_interest_base * mark_price) AS open_interest_usd,
           told_usd IS NULL AND open_interest_base * mark_price IS NOT NULL AS is_usd_derived
    FROM readings LEFT JOIN marks USING (venue, symbol, open_ns) ORDER BY open_ns, venue, symbol
"""

_LONG_SHORT: Final = """
    SELECT venue, symbol, ratio_kind, ts_event_ns - ts_event_ns % ? AS open_ns, max(ts_event_ns) AS at_ns,
           arg_max(long_short_ratio, ts_event_ns) AS long_short_ratio,
           1 - 1 / (1 + arg_max(long_short_ratio, ts_event_ns)) AS long_ratio
    FROM long_short_ratio WHERE {condition} GROUP BY venue, symbol, ratio_kind, open_ns
    ORDER BY open_ns, venue, symbol, ratio_kind
"""

# Fixed point, as for liquidations: the same question must give the same bytes.
_CVD: Final = """
    WITH bars AS (
        SELECT venue, symbol, ts_event_ns - ts_event_ns % ? AS open_ns,
               coalesce(sum(TRY_CAST(notional_usd AS DECIMAL(30, 8))) FILTER (taker_side = 'buy'), 0) AS buys,
               coalesce(sum(TRY_CAST(notional_usd AS DECIMAL(30, 8))) FILTER (taker_side = 'sell'), 0) AS sells,
               count(*) AS trade_count,
               count(*) - count(TRY_CAST(notional_usd AS DECIMAL(30, 8))) AS unknown_notional_count
        FROM trade WHERE {condition} GROUP BY ALL)
    SELECT venue, symbol, open_ns, buys::DOUBLE AS taker_buy_usd, sells::DOUBLE AS taker_sell_usd,
           (buys - sells)::DOUBLE AS delta_usd,
           (sum(buys - sells) OVER (PARTITION BY venue, symbol ORDER BY open_ns))::DOUBLE AS cvd_usd,
           trade_count, unknown_notional_count
    FROM bars ORDER BY open_ns, venue, symbol
"""

_SQL: Final[dict[SeriesKind, str]] = {
    "funding": _FUNDING,
    "open_interest": _OPEN_INTEREST,
    "long_short": _LONG_SHORT,
    "cvd": _CVD,
}

_TIMES: Final = {"open_ns": "open_at", "at_ns": "at", "next_funding_ns": "next_funding_at"}


class MarketSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Bars of one kind over [from, to).

    Attributes:
        bars: a `pyarrow.Table`: venue, symbol, open_ns and the readings, in order of time.
    """

    kind: SeriesKind
    span: Span
    interval_ns: int
    bars: ArrowTable

    def to_dict(self) -> dict[str, Any]:
        """For JSON: times as RFC 3339, and the coin of each row."""
        return {**series_head(self.span, self.interval_ns), "rows": [_told(row) for row in self.bars.to_pylist()]}


def market_series(
    library: Library,
    kind: SeriesKind,
    *,
    interval: str = "1h",
    coin: Names = None,
    venue: Names = None,
    start: Instant = None,
    end: Instant = None,
    window: str = "24h",
) -> MarketSeries:
    """Bars of one kind.

    Args:
        library: where.
        kind: `funding`: the last rate in each bar, and a year of it; where a venue does not tell how often it charges,
            the shortest step between the funding times it announced in the span stands for it; `open_interest`: the
            last reading, in dollars too where the venue or a mark price tells them; `long_short`: the last ratio;
            `cvd`: taker buys less taker sells, summed from the start.
        interval: length of a bar.
        coin: as for `Library.liquidations`.
        venue: as for `Library.liquidations`.
        start: first instant; the first bar begins at or before it.
        end: last instant, excluded; by default now.
        window: before `end`, where no start is given.

    Raises:
        InputError: an argument cannot be read, or there are too many bars.
    """
    span, interval_ns = bars_span(asked_span(start=start, end=end, window=window), interval)
    condition, parameters = where(span, library.selection(coin, venue, EVENT_OF[kind]))
    sql = _SQL[kind].format(condition=condition, hours=HOURS_PER_YEAR, hour_ns=NS_PER_HOUR)
    bound = [*parameters, interval_ns] if kind == "funding" else [interval_ns, *parameters]
    if kind == "open_interest":
        bound *= 2
    return MarketSeries(kind=kind, span=span, interval_ns=interval_ns, bars=library.database.query(sql, bound))


def bars_span(span: Span, interval: str) -> tuple[Span, int]:
    """The span rounded outwards to whole bars, and their length in ns.

    Raises:
        InputError: no duration, or too many bars.
    """
    interval_ns = parse_duration(interval)
    first, last = span[0] // interval_ns, -(-span[1] // interval_ns)
    if last - first > MAX_BARS:
        raise InputError(f"{last - first:,} bars of {interval} are more than {MAX_BARS:,}; ask for longer bars")
    return (first * interval_ns, last * interval_ns), interval_ns


def series_head(span: Span, interval_ns: int) -> dict[str, Any]:
    """What every series begins with, as JSON has it."""
    return {
        "from": format_instant(span[0]),
        "to": format_instant(span[1]),
        "interval": format_duration(interval_ns),
        "method": "measured",
    }


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"coin": coin_of(row["symbol"]), "market": "perp" if ":" in row["symbol"] else "spot"}
    for name, reading in row.items():
        if name in _TIMES:
            told[_TIMES[name]] = None if reading is None else format_instant(reading)
        else:
            told[name] = reading
    return told
