"""A position report as a person reads it: the prices first, then what moves them, then what was assumed."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from powderkeg.app.position_report import PositionReport
from powderkeg.cli.output import LONG_COLOR, SHORT_COLOR, compact_usd, console, table

MAX_TRANCHES_SHOWN = 20


def print_position(report: PositionReport, *, out: Console | None = None) -> None:
    """Print everything a report holds, in at most 80 columns."""
    out = out or console()
    _print_head(report, out)
    _print_prices(report, out)
    _print_survival(report, out)
    _print_path(report, out)
    _print_staged(report, out)
    out.print(f"{report.venue}: {report.liquidation_process}.", style="dim")
    for note in report.assumptions:
        out.print(f"assumed: {note}", style="dim")
    for gap in report.unknown:
        out.print(f"unknown: {gap}", style="dim")


def _print_head(report: PositionReport, out: Console) -> None:
    color = LONG_COLOR if report.position_side == "long" else SHORT_COLOR
    unit = report.symbol.partition("/")[0] if report.qty_unit == "base" else "USD"
    out.print(
        Text.assemble(
            (report.position_side, f"bold {color}"),
            f" {_plain(report.qty)} {unit} of {report.symbol} at {_plain(report.entry_price)}, {report.margin_mode}, ",
            f"{report.leverage:.3g}x, margin {_plain(report.margin)} {report.settle}",
        )
    )


def _print_prices(report: PositionReport, out: Console) -> None:
    view = table("price", "", "from mark", "sigmas", right=("", "from mark", "sigmas"))
    away = report.distance_ratio
    view.add_row(
        "liquidation",
        Text(_plain(report.liquidation_price), style="bold"),
        "–" if away is None else f"{away:.2%}",
        "–" if report.distance_sigmas is None else f"{report.distance_sigmas:.2f}",
    )
    if report.hedge_liquidation_price is not None:
        view.add_row("liquidation, other side", *_against_mark(report.hedge_liquidation_price, report))
    view.add_row("bankruptcy", *_against_mark(report.bankruptcy_price, report))
    view.add_row("mark", _plain(report.mark_price), "", "")
    out.print(view)
    if report.liquidation_note is not None:
        out.print(f"liquidation price: {report.liquidation_note}")
    tier = report.tier
    dated = "undated" if tier.table_date is None else f"table of {tier.table_date}"
    out.print(
        f"tier {tier.number}: {_span(tier.floor, tier.cap)} {tier.unit}, maintenance {tier.mmr:.3%} "
        f"less {_plain(tier.maintenance_amount)}, on {report.maintenance_on} ({dated})"
    )
    out.print(f"source: {tier.source}", style="dim")


def _against_mark(price: float | None, report: PositionReport) -> tuple[str, str, str]:
    if price is None:
        return "–", "–", ""
    return _plain(price), f"{abs(price / report.mark_price - 1.0):.2%}", ""


def _print_survival(report: PositionReport, out: Console) -> None:
    survival, funding = report.survival, report.funding
    verb = "costs" if funding.per_day >= 0.0 else "earns"
    out.print(
        f"funding {verb} {_plain(abs(funding.per_day))} {report.settle} a day "
        f"({abs(funding.per_day_margin_ratio):.2%} of the margin) "
        f"at {funding.rate:.4%} per {funding.interval_hours:g} h"
    )
    out.print(
        f"survives {survival.horizon_days:g} days with {survival.probability:.1%} "
        f"(daily sigma {report.daily_sigma_ratio:.1%}, no cascade)"
    )
    asked = f"for {survival.asked_probability:.1%}: "
    if survival.leverage is None:
        out.print(f"{asked}margin {_plain(survival.margin)} {report.settle}")
        return
    limit = ", the tier's limit" if survival.leverage_is_tier_limit else ""
    out.print(
        f"{asked}at most {survival.leverage:.3g}x{limit}, liquidation at {_plain(survival.liquidation_price)} or beyond"
    )


def _print_path(report: PositionReport, out: Console) -> None:
    if len(report.maintenance_path) < 2:
        return
    numbers = ("from mark", "to mark", "rate", "maintenance", "max lev.")
    view = table("tier", *numbers, right=numbers)
    for step in report.maintenance_path:
        view.add_row(
            str(step.tier),
            _plain(step.from_mark_price),
            _plain(step.to_mark_price),
            f"{step.mmr:.3%}",
            f"{compact_usd(step.maintenance_margin_low)} to {compact_usd(step.maintenance_margin_high)}",
            "–" if step.max_leverage is None else f"{step.max_leverage:g}x",
        )
    out.print(view)


def _print_staged(report: PositionReport, out: Console) -> None:
    if not report.staged_entry:
        return
    numbers = ("price", "held", "average", "margin", "liquidation")
    view = table("part", *numbers, "", right=numbers)
    for row in report.staged_entry[:MAX_TRANCHES_SHOWN]:
        view.add_row(
            str(row.number),
            _plain(row.price),
            _plain(row.qty),
            _plain(row.average_entry_price),
            _plain(row.margin),
            _plain(row.liquidation_price),
            "" if row.reached else "never reached",
        )
    out.print(view)
    if len(report.staged_entry) > MAX_TRANCHES_SHOWN:
        out.print(f"{len(report.staged_entry) - MAX_TRANCHES_SHOWN} more parts; --json lists them", style="dim")


def _span(floor: float, cap: float | None) -> str:
    return f"{floor:,.8g} to {'no known limit' if cap is None else f'{cap:,.8g}'}"


def _plain(number: float | None) -> str:
    """A price or quantity with the digits that matter: cents above 100, else six figures; unknown is a dash."""
    if number is None:
        return "–"
    return f"{number:,.2f}" if abs(number) >= 100.0 else f"{number:,.6g}"
