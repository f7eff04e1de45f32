"""A data directory, opened: the numbers of the command line, from Python."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from powderkeg.app.emptiness import Emptiness, why_empty
from powderkeg.app.liquidation_queries import bar_groups, groups, open_interest_falls, orders, symbols
from powderkeg.app.observation import observed_liquidations
from powderkeg.app.selection import Selection, select
from powderkeg.domain.errors import InputError
from powderkeg.domain.time import NS_PER_MS, NS_PER_S, parse_duration, parse_instant
from powderkeg.stats.liquidation_table import LiquidationHistory, LiquidationTable, bar_span, build_history, build_table
from powderkeg.store.query import ArrowTable, Database, Problem

Instant = str | int | dt.datetime | None
Names = str | Sequence[str] | None

FAR_FUTURE_NS: Final = 4_102_444_800 * NS_PER_S  # 2100-01-01, the end of `domain.time`


def open_library(path: str | Path, *, must_exist: bool = True) -> Library:
    """Open a data directory.

    Args:
        path: the directory; the same as `--data` on the command line.
        must_exist: whether an absent directory is an error (else it is simply empty).

    Raises:
        InputError: there is no such directory.
    """
    data_dir = Path(path).expanduser()
    if must_exist and not data_dir.is_dir():
        raise InputError(
            f"no data directory at {data_dir}; import a file first (powderkeg import FILE --data {data_dir})"
        )
    return Library(data_dir)


class Library:
    """Everything recorded or imported in one data directory. Close it, or use it in a `with` block."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = Database(data_dir)

    def close(self) -> None:
        """Let go of the files."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def refresh(self) -> None:
        """See what has been recorded since."""
        self.database.refresh()

    def liquidations(
        self,
        *,
        coin: Names = None,
        venue: Names = None,
        window: str = "24h",
        as_of: Instant = None,
        by: str | Sequence[str] = ("coin", "venue"),
    ) -> LiquidationTable:
        """Liquidation totals of [as_of - window, as_of).

        Args:
            coin: a coin or any spelling of a symbol, or several.
            venue: a venue or several.
            window: `1h`, `4h`, `12h`, `24h` or any other duration.
            as_of: end of the window, excluded: RFC 3339, epoch ms or a datetime with zone; by default now.
            by: rows by any of coin, venue, symbol, position_side.

        Raises:
            InputError: an argument cannot be read.
        """
        as_of_ns, window_ns = instant_ns(as_of), parse_duration(window)
        span = (as_of_ns - window_ns, as_of_ns)
        chosen = self.selection(coin, venue)
        observed, gaps = observed_liquidations(self.database, chosen)
        return build_table(
            groups(self.database, span, chosen),
            by=(by,) if isinstance(by, str) else tuple(by),
            as_of_ns=as_of_ns,
            window_ns=window_ns,
            observed=observed,
            gaps=gaps,
            orders=orders(self.database, span, chosen),
            open_interest_fall_usd=open_interest_falls(self.database, span, chosen),
        )

    def liquidation_history(
        self,
        *,
        interval: str = "1h",
        coin: Names = None,
        venue: Names = None,
        window: str = "24h",
        as_of: Instant = None,
        by: str | Sequence[str] = (),
    ) -> LiquidationHistory:
        """Bars of liquidations over [as_of - window, as_of), rounded outwards to whole bars.

        Args:
            interval: length of a bar, 1s to 1d.
            coin: as for `liquidations`.
            venue: as for `liquidations`.
            window: as for `liquidations`.
            as_of: as for `liquidations`.
            by: as for `liquidations`; by default one row a bar.

        Raises:
            InputError: an argument cannot be read.
        """
        as_of_ns, interval_ns = instant_ns(as_of), parse_duration(interval)
        span = bar_span((as_of_ns - parse_duration(window), as_of_ns), interval_ns)
        chosen = self.selection(coin, venue)
        observed, gaps = observed_liquidations(self.database, chosen)
        return build_history(
            bar_groups(self.database, span, interval_ns, chosen),
            by=(by,) if isinstance(by, str) else tuple(by),
            span=span,
            interval_ns=interval_ns,
            observed=observed,
            gaps=gaps,
            orders=orders(self.database, span, chosen),
        )

    def sql(self, text: str) -> ArrowTable:
        """Run one SELECT over the views, one per event type (`liquidation`, `trade`, ...), each with a `date` column.

        Raises:
            InputError: it is no single SELECT, or DuckDB refuses it.
        """
        return self.database.sql(text)

    def events(
        self,
        event: str,
        *,
        start: Instant = None,
        end: Instant = None,
        coin: Names = None,
        venue: Names = None,
    ) -> ArrowTable:
        """Events of one type in [start, end) as Arrow columns, in order of event time; open ends where None.

        Raises:
            InputError: no such event type, or an argument cannot be read.
        """
        chosen = self.selection(coin, venue, event)
        first_ns = 0 if start is None else instant_ns(start)
        end_ns = FAR_FUTURE_NS if end is None else instant_ns(end)
        return self.database.window(event, first_ns, end_ns, chosen.symbols, chosen.venues)

    @property
    def is_simulated(self) -> bool:
        """Whether anything in here comes from a simulated market; whoever shows it must say so."""
        return self.database.is_simulated

    @property
    def problems(self) -> list[Problem]:
        """Damaged files of the data directory; whoever shows a number says so too."""
        return self.database.problems

    def why_empty(self, span: tuple[int, int], *, coin: Names = None, venue: Names = None) -> str:
        """Why [from, to) holds no liquidation, in one sentence."""
        return self.emptiness(span, coin=coin, venue=venue).message

    def emptiness(self, span: tuple[int, int], *, coin: Names = None, venue: Names = None) -> Emptiness:
        """Why [from, to) holds no liquidation: see `emptiness.why_empty`."""
        return why_empty(self.database, span, self.selection(coin, venue), coins=_names(coin), venues=_names(venue))

    def selection(self, coin: Names = None, venue: Names = None, event: str = "liquidation") -> Selection:
        """The symbols and venues that words mean, among what is recorded of an event type.

        Raises:
            InputError: an unknown venue, or a spelling that is neither a coin nor a symbol.
        """
        return select(_names(coin), _names(venue), known=symbols(self.database, event))


def _names(given: Names) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def instant_ns(instant: Instant) -> int:
    """An instant as the API takes it, in ns; None is now, in whole milliseconds like every other instant asked for.

    Raises:
        InputError: unreadable, a number that can only be seconds, or a datetime without zone.
    """
    if instant is None:
        return time.time_ns() // NS_PER_MS * NS_PER_MS
    if isinstance(instant, dt.datetime):
        if instant.tzinfo is None:
            raise InputError(f"{instant!r} has no time zone; give one, such as datetime.UTC")
        return parse_instant(instant.astimezone(dt.UTC).isoformat())
    return parse_instant(str(instant))
