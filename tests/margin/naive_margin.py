"""The slow, obvious twin: the formulas as the venues print them, in decimals, tiers found by trying every one."""

from __future__ import annotations

from decimal import Decimal, localcontext

INF = float("inf")


def exact(number):
    return Decimal(repr(float(number)))


def liquidation_price(  # noqa: PLR0913 - the same arguments as the function it checks
    *,
    side,
    qty,
    entry_price,
    margin,
    mmr,
    maintenance_amount=0.0,
    contract="linear",
    taker_fee=0.0,
    maintenance_on="mark",
    other_maintenance_margin=0.0,
    other_unrealized_pnl=0.0,
):
    """FORMULAS as printed, linear and inverse apart; the limits 0 and infinity where the formula leaves (0, ∞)."""
    with localcontext() as context:
        context.prec = 60
        s = 1 if side == "long" else -1
        q, ep, wb, rate, cum, fee = map(exact, (qty, entry_price, margin, mmr, maintenance_amount, taker_fee))
        wb = wb - exact(other_maintenance_margin) + exact(other_unrealized_pnl)
        on_entry = maintenance_on == "entry"
        if contract == "linear":
            top = wb + cum - s * q * ep - (q * ep * rate if on_entry else 0)
            bottom = q * ((0 if on_entry else rate) + fee) - s * q
            return max(0.0, float(top / bottom))
        bottom = wb + cum + s * q / ep - (q / ep * rate if on_entry else 0)
        top = q * ((0 if on_entry else rate) + fee + s)
        if bottom == 0 or top / bottom <= 0:
            return INF
        return float(top / bottom)


def tiered_price(tiers, **position):
    """Try every tier and keep the price whose notional lies in the tier it was computed with."""
    with localcontext() as context:
        context.prec = 60
        answers = []
        for number, tier in enumerate(tiers):
            price = liquidation_price(mmr=tier.mmr, maintenance_amount=tier.maintenance_amount, **position)
            floor = tier.floor if number else 0.0
            ceiling = tiers[number + 1].floor if number + 1 < len(tiers) else INF
            if position.get("maintenance_on") == "entry":
                notional = value(position["qty"], position["entry_price"], position)
            else:
                notional = value(position["qty"], price, position)
            if floor * (1 - 1e-12) <= notional <= ceiling * (1 + 1e-12):
                answers.append(price)
        return answers


def value(qty, price, position):
    if position.get("contract", "linear") == "linear":
        return qty * price
    return qty / price if price else INF


def account_check(accounts, marks, tiers):
    """Equity against maintenance, one account and one position at a time, in decimals.

    Args:
        accounts: list of (wallet, [(qty, entry, instrument, isolated margin or None)]).
        marks: price per instrument.
        tiers: TierTable per instrument.

    Returns:
        per account: (cross equity, cross maintenance, liquidatable).
    """
    out = []
    for wallet, positions in accounts:
        equity, needed, hit = exact(wallet), Decimal(0), False
        for qty, entry, instrument, own in positions:
            if not qty:
                continue
            mark = exact(marks[instrument])
            pnl = exact(qty) * (mark - exact(entry))
            notional = abs(exact(qty)) * mark
            tier = [one for one in tiers[instrument].tiers if exact(one.floor) <= notional][-1]
            maintenance = notional * exact(tier.mmr) - exact(tier.maintenance_amount)
            if own is None:
                equity, needed = equity + pnl, needed + maintenance
            else:
                hit |= maintenance > 0 and exact(own) + pnl <= maintenance
        out.append((float(equity), float(needed), hit or (needed > 0 and equity <= needed)))
    return out
