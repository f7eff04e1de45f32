"""A data directory, opened: the numbers of the command line, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from powderkeg.app.emptiness import Emptiness, why_empty
from powderkeg.app.instants import FAR_FUTURE_NS, Instant, instant_ns
from powderkeg.app.liquidation_queries import bar_groups, orders, symbols
from powderkeg.app.liquidation_tables import liquidation_tables
from powderkeg.app.map_score_history import MapScores, read_map_scores
from powderkeg.app.observation import observed_liquidations
from powderkeg.app.selection import Selection, select
from powderkeg.domain.errors import InputError
from powderkeg.domain.events import FeedGap
from powderkeg.domain.symbols import venue_slug
from powderkeg.domain.time import parse_duration
from powderkeg.stats.liquidation_table import LiquidationHistory, LiquidationTable, bar_span, build_history
from powderkeg.store.query import ArrowTable, Database, Problem

if TYPE_CHECKING:
    from powderkeg.app.cascade_depth import DepthChoice
    from powderkeg.app.cascade_inputs import LadderInputs
    from powderkeg.app.cascade_ladder import LadderReport
    from powderkeg.app.liquidation_maps import Maps
    from powderkeg.app.simulation import SimulationReport
    from powderkeg.app.simulation_loading import Market
    from powderkeg.app.standpoint import Standpoint
    from powderkeg.liqmap.heatmap import Heatmap
    from powderkeg.liqmap.reading import LiquidationMap

Names = str | Sequence[str] | None


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
        self._maps: Maps | None = None

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
        if self._maps is not None:
            self._maps.forget()

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
        as_of_ns = instant_ns(as_of)
        span = (as_of_ns - parse_duration(window), as_of_ns)
        wanted = (by,) if isinstance(by, str) else tuple(by)
        return liquidation_tables(self.database, [span], self.selection(coin, venue), wanted)[0]

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
            orders=orders(self.database, [span], chosen)[0],
        )

    def gaps(
        self, *, venue: Names = None, stream: Names = None, window: str | None = None, as_of: Instant = None
    ) -> tuple[FeedGap, ...]:
        """The gap ledger: when which stream of which venue was not observed, and why.

        Args:
            venue: a venue or several.
            stream: `liquidation`, `trade`, `mark_price` ... or several.
            window: only what reaches into [as_of - window, as_of), whole; by default everything.
            as_of: as for `liquidations`.

        Raises:
            InputError: an argument cannot be read.
        """
        slugs, streams = {venue_slug(name) for name in _names(venue)}, _names(stream)
        as_of_ns = instant_ns(as_of)
        from_ns = 0 if window is None else as_of_ns - parse_duration(window)
        return tuple(
            gap
            for gap in self.database.gaps()
            if (not slugs or gap.venue in slugs)
            and (not streams or gap.stream in streams)
            and (window is None or (gap.to_ns > from_ns and gap.from_ns < as_of_ns))
        )

    @property
    def maps(self) -> Maps:
        """The liquidation maps of this directory."""
        if self._maps is None:
            from powderkeg.app.liquidation_maps import maps_of_library  # noqa: PLC0415 - numba only where it is used

            self._maps = maps_of_library(self.database)
        return self._maps

    def liquidation_map(self, coin: str, *, as_of: Instant = None, venue: Names = None) -> LiquidationMap:
        """Where leverage sits, by price: see `Maps.liquidation_map`."""
        return self.maps.liquidation_map(coin, as_of=as_of, venue=venue)

    def heatmap(
        self, coin: str, *, as_of: Instant = None, window: str = "7d", venue: Names = None, **shape: int
    ) -> Heatmap:
        """Where leverage stood over time: see `Maps.heatmap`, also for `columns` and `rows`."""
        return self.maps.heatmap(coin, as_of=as_of, window=window, venue=venue, **shape)

    def ladder_inputs(self, coin: str, **where: Unpack[Standpoint]) -> LadderInputs:
        """Fuel and depth around the price of a coin, loaded once for any number of `cascade_ladder.ask`.

        Args:
            coin: a coin or any spelling of its symbol.
            where: as_of, venue, price, depth: see `Standpoint`.

        Raises:
            InputError: nothing to make a map of, or no depth.
        """
        from powderkeg.app.cascade_loading import inputs_of_maps  # noqa: PLC0415 - numba only where it is used

        return inputs_of_maps(self.maps, coin, database=self.database, **where)

    def ladder(
        self,
        coin: str,
        *,
        position_side: str = "short",
        shock_usd: float | None = None,
        price_target: float | None = None,
        as_of: Instant = None,
        depth: DepthChoice | None = None,
        **question: Any,
    ) -> LadderReport:
        """What a shock would do, or what it takes to reach a price: see `cascade_ladder.ask`.

        Args:
            coin: a coin or any spelling of its symbol.
            position_side: whose positions are liquidated.
            shock_usd: net buying (selling, for longs) from elsewhere; this or `price_target`.
            price_target: the price to reach.
            as_of: only what was known then; None for the newest.
            depth: where depth comes from; None for the best that is known.
            question: `market_share`, `impact`, `stress` as for `cascade_question.question_of`.

        Raises:
            InputError: nothing to make a map of, or a question that cannot be read.
        """
        from powderkeg.app.cascade_ladder import ask  # noqa: PLC0415 - numba only where it is used
        from powderkeg.app.cascade_question import question_of  # noqa: PLC0415 - same
        from powderkeg.app.cascade_reported import with_reported  # noqa: PLC0415 - same

        asked = question_of(side=position_side, shock_usd=shock_usd, to=price_target, **question)
        return with_reported(ask(self.ladder_inputs(coin, as_of=as_of, depth=depth), asked), self.database)

    def simulation_market(self, coin: str, **where: Unpack[Standpoint]) -> Market:
        """Everything of a coin that simulations can be asked of, loaded once; arguments as for `ladder_inputs`."""
        from powderkeg.app.simulation_loading import market_of_maps  # noqa: PLC0415 - numba only where it is used

        return market_of_maps(self.maps, coin, database=self.database, **where)

    def simulate(self, coin: str, *, as_of: Instant = None, venue: Names = None, **question: Any) -> SimulationReport:
        """Where price may go, with and without the liquidations it triggers.

        Args:
            coin: a coin or any spelling of its symbol.
            as_of: only what was known then; None for the newest.
            venue: a venue or several; None for all.
            question: fields of `simulation.SimulationQuestion`: horizon, paths, levels, returns, seed, ...

        Raises:
            InputError: nothing to make a map of, or a question that cannot be read.
        """
        from powderkeg.app.simulation import question_from  # noqa: PLC0415 - numba only where it is used

        asked = question_from(question)
        return self.simulation_market(coin, as_of=as_of, venue=venue).ask(asked)

    def map_scores(
        self, *, coin: str | None = None, venue: str | None = None, last: str = "30d", as_of: Instant = None
    ) -> MapScores:
        """How well the map did, test by test: see `read_map_scores`."""
        return read_map_scores(self.data_dir, coin=coin, venue=venue, last=last, as_of=as_of)

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
