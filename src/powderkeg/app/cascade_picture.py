"""The ladder as a picture: what pushes price, added up, against what rests in its way, added up."""

# matplotlib's types are partial; figures pass through here alone.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from powderkeg.app.cascade_ladder import LadderReport
from powderkeg.app.cascade_words import BOOK_SIDE, FLOW, outcome_sentence, price_text, told_rungs
from powderkeg.app.pictures import picture_path
from powderkeg.domain.time import format_instant

COLORS: Final = {"long": "#e69f00", "short": "#56b4e9"}
DEPTH_COLOR: Final = "#4d4d4d"
WRAPPED: Final = 100


def draw_ladder(report: LadderReport, path: Path) -> None:
    """Write the picture as PNG or SVG.

    Price stops where the two lines first meet; rungs are shaded.

    Raises:
        InputError: an ending other than .png or .svg, or no such folder.
    """
    picture_path(path)
    import textwrap  # noqa: PLC0415 - only for pictures

    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - a second of import, same
    from matplotlib.figure import Figure  # noqa: PLC0415 - same
    from matplotlib.ticker import StrMethodFormatter  # noqa: PLC0415 - same

    found, side = report.ladder, report.question.position_side
    grid = report.inputs.grid(side)
    shown = min(round(abs(np.log(report.steps[-1].price_to / found.price)) / grid.width), grid.bins)
    prices = found.price * np.exp(grid.direction * grid.distances[: shown + 1])
    pushed = np.concatenate([[0.0], np.cumsum(report.fuel.fuel_usd[:shown])]) * found.market_share + found.shock_usd
    resting = np.concatenate([[0.0], np.cumsum(report.depth.depth_usd[:shown])])
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(prices, resting / 1e6, color=DEPTH_COLOR, linewidth=1.6, linestyle="--", label=BOOK_SIDE[side])
    axes.plot(
        prices, pushed / 1e6, color=COLORS[side], linewidth=2.0, label=f"{FLOW[side]}: shock and liquidated {side}s"
    )
    most = float(pushed.max())
    top = max(most, min(float(resting.max()), 3.0 * most), 1.0) * 1.05 / 1e6
    for rung in told_rungs(report):
        axes.axvspan(rung.price_trigger, rung.price_stop, color=COLORS[side], alpha=0.18, linewidth=0)
    low, high = sorted((float(prices[0]), float(prices[-1])))
    marks = [("stops", found.price_end)] if report.reach is None else [("asked for", report.reach.price_target)]
    for word, price in marks:
        if low <= price <= high:
            axes.axvline(price, color="black", linewidth=0.8, linestyle=":")
            axes.text(price, top / 2, f" {word} {price_text(price)} ", rotation=90, va="center", ha="right", fontsize=9)
    axes.set_xlim(low, high)
    axes.set_ylim(0.0, top)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    way = "up" if grid.direction > 0 else "down"
    sources = textwrap.fill(
        f"fuel {report.fuel.method} ({', '.join(report.fuel.sources)}); depth {report.depth.method} "
        f"({report.depth.source})",
        WRAPPED,
    )
    axes.set_xlabel(f"price, quote per base; {way} from {price_text(found.price)}\n{sources}", fontsize=9)
    axes.set_ylabel("M USD, added up from the start")
    kept = re.sub(r"(\d) ([kMB])\b", "\\1\u00a0\\2", outcome_sentence(report))  # a number stays with its unit
    simulated = "SIMULATED, " if report.inputs.is_simulated else ""
    as_of = "" if report.inputs.as_of_ns is None else f", as of {format_instant(report.inputs.as_of_ns)}"
    axes.set_title(
        f"{simulated}{report.inputs.coin}: fuel against depth{as_of}\n{textwrap.fill(kept, WRAPPED)}",
        fontsize=10,
    )
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
