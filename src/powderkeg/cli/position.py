"""`powderkeg position`: where a position is liquidated, what it costs, and what it takes to survive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from powderkeg.cli.options import JsonOption


def position(
    venue: Annotated[str, typer.Option(help="Venue, for example binance-usdm, bybit, okx, hyperliquid.")],
    symbol: Annotated[str, typer.Option(help="Contract, in any spelling.")],
    side: Annotated[str, typer.Option(help="long or short.")],
    qty: Annotated[float, typer.Option(help="Size: base units (linear) or USD face (coin-margined).")],
    entry: Annotated[float, typer.Option(help="Average entry price.")],
    leverage: Annotated[
        float | None, typer.Option(help="Notional over margin; this or --margin.", show_default=False)
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="Margin of the position; with --others the wallet.", show_default=False)
    ] = None,
    mark: Annotated[float | None, typer.Option(help="Mark price now; default the entry.", show_default=False)] = None,
    others: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The account's other cross positions (TOML or JSON).", show_default=False),
    ] = None,
    tiers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own tier table (TOML or JSON).", show_default=False)
    ] = None,
    mmr: Annotated[
        float | None, typer.Option(help="One maintenance rate instead of a table, 0.005 = 0.5 %.", show_default=False)
    ] = None,
    taker_fee: Annotated[
        float | None, typer.Option(help="Close fee where the venue counts it, a fraction.", show_default=False)
    ] = None,
    sigma: Annotated[
        float | None,
        typer.Option(help="Standard deviation of daily log returns; default by coin, stated.", show_default=False),
    ] = None,
    funding_rate: Annotated[
        float | None, typer.Option(help="Funding rate per interval, a fraction.", show_default=False)
    ] = None,
    funding_hours: Annotated[
        float | None, typer.Option(help="Hours between funding payments.", show_default=False)
    ] = None,
    survival: Annotated[float, typer.Option(help="Chance to survive the horizon that is asked for.")] = 0.95,
    horizon: Annotated[str, typer.Option(help="Horizon of survival: 24h, 7d, ...")] = "7d",
    tranches: Annotated[int, typer.Option(help="Plan a staged entry of this many equal parts.")] = 0,
    to_price: Annotated[
        float | None, typer.Option(help="Price of the last part of a staged entry.", show_default=False)
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DAY", help="Rules and tiers of this day; default newest.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Liquidation and bankruptcy price of a position, by the venue's rules, with what is assumed and unknown."""
    from typing import cast

    from powderkeg.app.position import position_report
    from powderkeg.app.position_inputs import PositionQuery
    from powderkeg.cli.output import print_json
    from powderkeg.domain.time import NS_PER_DAY, parse_duration
    from powderkeg.domain.units import PositionSide

    report = position_report(
        PositionQuery(
            venue=venue,
            symbol=symbol,
            position_side=cast("PositionSide", side.lower()),
            qty=qty,
            entry_price=entry,
            leverage=leverage,
            margin=margin,
            mark_price=mark,
            others=others,
            tiers=tiers,
            mmr=mmr,
            taker_fee=taker_fee,
            daily_sigma=sigma,
            funding_rate=funding_rate,
            funding_interval_hours=funding_hours,
            survival_probability=survival,
            horizon_days=parse_duration(horizon) / NS_PER_DAY,
            tranches=tranches,
            to_price=to_price,
            as_of=as_of,
        )
    )
    if as_json:
        print_json(report)
        return
    from powderkeg.cli.position_view import print_position

    print_position(report)
