"""What one task of a sweep does, in whichever process it runs: settings in, rows out, both as text.

What several tasks of a process read (a map calibrated on a table of bars) is read once and kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from powderkeg.app.simulation import SimulationReport, question_from
from powderkeg.app.simulation_loading import Market, market_of_files
from powderkeg.cascade.simulation import Distribution
from powderkeg.domain.errors import InputError, StoreBusyError
from powderkeg.scale.parts import ResultRow

FILES: Final = ("bars", "fuel", "depth", "file")
"""Settings that name a file."""

PLACES: Final = ("bars", "fuel", "depth", "data")
MARKET: Final = ("coin", "as_of", "venue", "price", "depth_usd")
KNOWN: Final = {
    "calibrate": ("bars", "train_until"),
    "import": ("file", "format", "symbol", "data"),
}
BUSY_TRIES: Final = 1_200
BUSY_WAIT_S: Final = 0.1


def work(spec: str) -> str:
    """Do one task.

    Args:
        spec: JSON with kind and settings, as `sweep.read_sweep` makes it.

    Returns:
        JSON, a list of `ResultRow`.

    Raises:
        InputError: the settings cannot be used.
        StoreBusyError: a data directory stayed busy for two minutes.
    """
    task = msgspec.json.decode(spec)
    settings: dict[str, Any] = task["settings"]
    rows = KINDS[task["kind"]](settings)
    said = msgspec.json.encode({name: _told(name, held) for name, held in settings.items()}, order="deterministic")
    return msgspec.json.encode([msgspec.structs.replace(row, scenario=said.decode()) for row in rows]).decode()


def check_settings(kind: str, settings: dict[str, Any]) -> None:
    """Refuse settings a task could not use, before any is started.

    Raises:
        InputError: a setting is unknown or missing.
    """
    if kind == "simulate":
        question_from({name: held for name, held in settings.items() if name not in (*PLACES, *MARKET)})
        if "coin" not in settings or not set(PLACES) & set(settings):
            raise InputError("a simulation needs a coin, and bars, fuel or a data directory (--data) to read it from")
        return
    unknown = sorted(set(settings) - set(KNOWN[kind]) - {"data"})
    if unknown:
        raise InputError(f"unknown setting {', '.join(unknown)}; a task of kind {kind} has {', '.join(KNOWN[kind])}")
    needed = {"calibrate": ("bars",), "import": ("file", "data")}[kind]
    missing = [name for name in needed if name not in settings]
    if missing:
        raise InputError(f"a task of kind {kind} needs {' and '.join(missing)}")


def _told(name: str, held: Any) -> Any:
    """A setting as a result names it: files without the folders above them."""
    return Path(held).name if name in (*FILES, "data") else held


def _simulate(settings: dict[str, Any]) -> list[ResultRow]:
    market = _market(msgspec.json.encode({n: h for n, h in settings.items() if n in (*PLACES, *MARKET)}).decode())
    words = {name: held for name, held in settings.items() if name not in (*PLACES, *MARKET)}
    return _rows_of(market.ask(question_from(words), threads=1))


@lru_cache(maxsize=8)
def _market(said: str) -> Market:
    from powderkeg.app.cascade_depth import DepthChoice  # noqa: PLC0415 - numba only where it is used

    settings: dict[str, Any] = msgspec.json.decode(said)
    depth = settings.get("depth")
    chosen: dict[str, Any] = {name: settings.get(name) for name in ("as_of", "venue", "price")}
    chosen["depth"] = DepthChoice(path=None if depth is None else Path(depth), within_usd=settings.get("depth_usd"))
    if "bars" in settings or "fuel" in settings:
        bars, fuel = (None if settings.get(name) is None else Path(settings[name]) for name in ("bars", "fuel"))
        return market_of_files(settings["coin"], bars, fuel, **chosen)
    from powderkeg.app.library import open_library  # noqa: PLC0415 - same

    return open_library(settings["data"]).simulation_market(settings["coin"], **chosen)


def _rows_of(report: SimulationReport) -> list[ResultRow]:
    outcome, coin = report.outcome, report.inputs.coin
    rows: list[ResultRow] = []
    for one in outcome.touches:
        for measure, held in (
            ("touch", one.probability),
            ("touch_alone", one.probability_alone),
            ("touch_difference", one.difference),
        ):
            rows.append(_row(coin, measure, one.level_price, held.estimate, held.standard_error))
        if one.hours is not None:
            rows.append(_row(coin, "touch_median_hours", one.level_price, one.hours.at(0.5), None))
    for measure in ("highest_price", "lowest_price", "highest_price_alone", "lowest_price_alone"):
        rows += _spread(coin, measure, getattr(outcome, measure))
    for side, held in (("short", outcome.shorts_liquidated_usd), ("long", outcome.longs_liquidated_usd)):
        rows += [msgspec.structs.replace(row, position_side=side) for row in _spread(coin, "liquidated_usd", held)]
    for measure, held in (
        ("amplification_up", outcome.amplification_up),
        ("amplification_down", outcome.amplification_down),
    ):
        if held is not None:
            rows.append(_row(coin, measure, None, held.estimate, held.standard_error))
    return rows


def _spread(coin: str, measure: str, one: Distribution) -> list[ResultRow]:
    """The mean (at None) and the quantiles (at their probability)."""
    return [
        _row(coin, measure, None, one.mean.estimate, one.mean.standard_error),
        *(_row(coin, measure, held.probability, held.estimate, held.standard_error) for held in one.quantiles),
    ]


def _row(coin: str, measure: str, at: float | None, estimate: float, error: float | None) -> ResultRow:
    return ResultRow(scenario="", coin=coin, measure=measure, at=at, estimate=estimate, standard_error=error)


def _calibrate(settings: dict[str, Any]) -> list[ResultRow]:
    from powderkeg.app.liquidation_map import calibrate_file  # noqa: PLC0415 - numba only where it is used

    report = calibrate_file(Path(settings["bars"]), settings.get("train_until"))
    rows = [ResultRow(scenario="", measure="churn", estimate=report.churn)]
    rows.append(ResultRow(scenario="", measure="half_life_hours", estimate=report.half_life_hours))
    for one in report.rows:
        found = [
            ResultRow(scenario="", measure="chosen", word=one.chosen),
            ResultRow(scenario="", measure="training_bars", estimate=float(one.training_bars)),
        ]
        found += [
            ResultRow(scenario="", measure="inner_gain", word=word, estimate=gain)
            for word, gain in one.inner_gain.items()
        ]
        found += [
            ResultRow(scenario="", measure="weight", at=distance, estimate=weight)
            for distance, weight in zip(report.distances, one.weights, strict=True)
        ]
        rows += [msgspec.structs.replace(row, coin=one.symbol, position_side=one.position_side) for row in found]
    return rows


def _import(settings: dict[str, Any]) -> list[ResultRow]:
    """Import one file; journals are written side by side, the archive by one task after another."""
    from powderkeg.store.importers.run import import_file  # noqa: PLC0415 - only for imports

    for attempt in range(BUSY_TRIES):
        try:
            result = import_file(
                Path(settings["data"]),
                Path(settings["file"]),
                format=settings.get("format"),
                symbol=settings.get("symbol"),
            )
            break
        except StoreBusyError:
            if attempt == BUSY_TRIES - 1:
                raise
            time.sleep(BUSY_WAIT_S)
    else:
        raise AssertionError("the last attempt raises")
    rows = [
        ResultRow(scenario="", measure="events", word=event, estimate=float(count))
        for event, count in sorted(result.events.items())
    ]
    rows.append(ResultRow(scenario="", measure="rejects", estimate=float(result.rejects)))
    rows.append(ResultRow(scenario="", measure="journal", word=result.journal_id))
    return rows


KINDS: Final[dict[str, Callable[[dict[str, Any]], list[ResultRow]]]] = {
    "simulate": _simulate,
    "calibrate": _calibrate,
    "import": _import,
}
