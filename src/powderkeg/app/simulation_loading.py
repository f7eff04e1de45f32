"""A simulation from a data directory, a table of bars, or a table of fuel; and of a position."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Unpack

import msgspec

from powderkeg.app.cascade_depth import DepthChoice
from powderkeg.app.cascade_inputs import LadderInputs
from powderkeg.app.cascade_loading import inputs_of_maps, inputs_of_table
from powderkeg.app.instants import FAR_FUTURE_NS, instant_ns
from powderkeg.app.liquidation_maps import Maps
from powderkeg.app.simulation import Progress, SimulationQuestion, SimulationReport, ask_simulation
from powderkeg.app.simulation_coin import History, history_of
from powderkeg.app.simulation_odds import Odds, odds_about
from powderkeg.app.standpoint import Standpoint
from powderkeg.cascade.monte_carlo import Device
from powderkeg.store.query import Database


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one coin that simulations can be asked of, loaded once.

    Attributes:
        inputs: price, fuel and depth.
        history: past returns; None where there are none.
        database: for odds; None without a data directory.
    """

    inputs: LadderInputs
    history: History | None = None
    database: Database | None = None

    def ask(
        self,
        question: SimulationQuestion,
        *,
        threads: int | None = None,
        device: Device = "cpu",
        progress: Progress | None = None,
    ) -> SimulationReport:
        """Run one simulation: see `simulation.ask_simulation`; threads by default all processors."""
        odds: tuple[tuple[Odds, ...], str] = ((), "none imported")
        if self.database is not None:
            as_of_ns = FAR_FUTURE_NS if self.inputs.as_of_ns is None else self.inputs.as_of_ns
            odds = odds_about(self.database, self.inputs.coin, question.levels, as_of_ns)
        return ask_simulation(
            self.inputs,
            question,
            history=self.history,
            odds=odds,
            threads=len(os.sched_getaffinity(0)) if threads is None else threads,
            device=device,
            progress=progress,
        )


def market_of_maps(maps: Maps, coin: str, *, database: Database | None = None, **where: Unpack[Standpoint]) -> Market:
    """A coin from its liquidation map: arguments and errors are those of `inputs_of_maps`."""
    inputs = inputs_of_maps(maps, coin, database=database, **where)
    as_of = where.get("as_of")
    chosen = maps.choose(coin, FAR_FUTURE_NS if as_of is None else instant_ns(as_of), where.get("venue"))
    history = history_of([chosen.model.markets[name] for name in chosen.names])
    return Market(inputs=inputs, history=history, database=database)


def market_of_table(coin: str, path: Path, price: float | None, depth: DepthChoice | None = None) -> Market:
    """A coin from a table of fuel (`price, long_usd, short_usd`); it has no history.

    Raises:
        InputError: the table cannot be read, or no price was given.
    """
    return Market(inputs=inputs_of_table(coin, path, price, depth))


def market_of_files(coin: str, bars: Path | None, fuel: Path | None, **where: Unpack[Standpoint]) -> Market:
    """A coin from files alone: a table of fuel, else one of bars.

    Args:
        coin: a coin or any spelling of its symbol.
        bars: a table of bars, for a map.
        fuel: a table of fuel, which stands instead of a map: only its price and depth are then looked at.
        where: as_of, venue, price, depth: see `Standpoint`.

    Raises:
        InputError: neither is given, or it cannot be used.
    """
    from powderkeg.app.liquidation_maps import maps_of_file  # noqa: PLC0415 - numba only where it is used

    if fuel is not None:
        return market_of_table(coin, fuel, where.get("price"), where.get("depth"))
    assert bars is not None, "the caller has a data directory where there is no file"
    return market_of_maps(maps_of_file(bars), coin, **where)
