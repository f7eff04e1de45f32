"""A simulation as a picture: how far price may go, and how likely levels are touched, with forced flow and without."""

# matplotlib's types are partial; figures pass through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from powderkeg.app.cascade_words import price_text
from powderkeg.app.pictures import picture_path
from powderkeg.app.simulation import SimulationReport
from powderkeg.cascade.simulation import Distribution
from powderkeg.domain.time import format_instant

WITH: Final = "#d55e00"
ALONE: Final = "#4d4d4d"


def draw_simulation(report: SimulationReport, path: Path) -> None:
    """Write the picture as PNG or SVG.

    Raises:
        InputError: an ending other than .png or .svg, or no such folder.
    """
    picture_path(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - a second of import, only for pictures
    from matplotlib.figure import Figure  # noqa: PLC0415 - same

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    extremes, touches = figure.subplots(1, 2, width_ratios=(1.2, 1.0))
    _draw_extremes(extremes, report)
    _draw_touches(touches, report)
    run, inputs = report.simulation, report.inputs
    as_of = "" if inputs.as_of_ns is None else f", as of {format_instant(inputs.as_of_ns)}"
    figure.suptitle(
        f"{inputs.coin} from {price_text(inputs.price)} over {run.steps * run.step_s / 3_600.0:g} h{as_of}: modelled, "
        f"{run.paths:,} paths, {run.returns} returns",
        fontsize=10,
    )
    handles, labels = extremes.get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside lower center", ncols=2, fontsize=9)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _draw_extremes(axes: Any, report: SimulationReport) -> None:
    outcome = report.outcome
    rows = (
        ("highest", outcome.highest_price, outcome.highest_price_alone),
        ("lowest", outcome.lowest_price, outcome.lowest_price_alone),
    )
    for place, (_, with_flow, alone) in enumerate(rows):
        _draw_range(axes, 1.18 - place, with_flow, WITH, "with forced flow")
        _draw_range(axes, 0.82 - place, alone, ALONE, "without")
    axes.axvline(report.inputs.price, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks([1.0, 0.0], [name for name, _, _ in rows])
    axes.set_ylim(-0.6, 1.6)
    axes.set_xlabel("price: 1–99 %, 5–95 %, 25–75 %, median")
    axes.xaxis.set_major_formatter(_axis_price)
    axes.tick_params(axis="x", labelrotation=30)


def _draw_range(axes: Any, height: float, one: Distribution, color: str, label: str) -> None:
    for low, high, width in ((0.01, 0.99, 1.2), (0.05, 0.95, 3.5), (0.25, 0.75, 8.0)):
        held = label if width > 8.0 - 1e-9 else None
        axes.plot([one.at(low), one.at(high)], [height, height], color=color, linewidth=width, alpha=0.75, label=held)
    axes.plot([one.at(0.5)], [height], marker="|", markersize=14, color="white", markeredgewidth=2.0)


def _draw_touches(axes: Any, report: SimulationReport) -> None:
    order = sorted(report.outcome.touches, key=lambda one: one.level_price)
    for place, one in enumerate(order):
        for shift, held, color in ((0.12, one.probability, WITH), (-0.12, one.probability_alone, ALONE)):
            axes.errorbar(
                held.estimate * 100.0, place + shift, xerr=held.standard_error * 300.0, color=color, fmt="o", capsize=3
            )
        for odds in report.odds:
            if odds.level_price == one.level_price:
                axes.plot(odds.probability_ratio * 100.0, place, marker="D", color="#0072b2", linestyle="none")
    axes.set_yticks(range(len(order)), [price_text(one.level_price) for one in order])
    axes.set_ylim(-0.6, max(len(order) - 0.4, 0.6))
    most = max((one.probability.estimate for one in order), default=1.0)
    axes.set_xlim(0.0, min(130.0 * most + 1.0, 100.0))
    said = ", ◆ imported odds" if report.odds else ""
    axes.set_xlabel(f"P(touch), %; bars are three standard errors{said}")
    if not order:
        axes.text(50.0, 0.0, "no level asked for", ha="center")


def _axis_price(price: float, _place: int) -> str:
    return price_text(price)
