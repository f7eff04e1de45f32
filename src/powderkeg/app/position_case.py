"""A position question with everything it needs looked up: the venue's rules, the table, the rest of the account."""

from __future__ import annotations

from typing import NamedTuple

from powderkeg.app.position_inputs import (
    ASSUMED_TAKER_FEE,
    DAILY_SIGMA,
    OTHER_DAILY_SIGMA,
    ChosenTable,
    OtherPosition,
    Others,
    PositionQuery,
    choose_table,
    read_others,
)
from powderkeg.domain.errors import InputError
from powderkeg.domain.symbols import parts_of, resolve, venue_slug
from powderkeg.domain.units import ContractKind
from powderkeg.margin import Leg, TierTable, initial_margin, liquidation_price, maintenance_margin, notional_of
from powderkeg.margin.checks import positive, sign_of
from powderkeg.margin.rules import KNOWN_RULES, MarginRules, rules_of


class Case(NamedTuple):
    """A question with everything it needs resolved.

    Attributes:
        query: the question.
        symbol: unified.
        contract: linear or inverse.
        rules: the venue's, of the day asked.
        table: the tier table used.
        fee: close fee held against the position.
        margin: behind the position, in cross the wallet balance; settle currency.
        mark_price: today's mark.
        sigma: standard deviation of daily log returns.
        other_maintenance: of the account's positions in other symbols.
        other_pnl: of the same.
        legs: other positions in the same symbol.
    """

    query: PositionQuery
    symbol: str
    contract: ContractKind
    rules: MarginRules
    table: TierTable
    fee: float
    margin: float
    mark_price: float
    sigma: float
    other_maintenance: float
    other_pnl: float
    legs: tuple[Leg, ...]

    @property
    def notional(self) -> float:
        """Position value at entry, settle currency."""
        return notional_of(qty=self.query.qty, price=self.query.entry_price, contract=self.contract)

    @property
    def is_cross(self) -> bool:
        """The margin backs the whole account."""
        return self.query.others is not None

    def price(self, qty: float, entry_price: float, margin: float) -> float:
        """Liquidation price of `qty` of this contract; 0 or infinity where there is none."""
        return liquidation_price(
            side=self.query.position_side,
            qty=qty,
            entry_price=entry_price,
            margin=margin,
            tiers=self.table,
            contract=self.contract,
            taker_fee=self.fee,
            maintenance_on=self.rules.maintenance_on,
            other_maintenance_margin=self.other_maintenance,
            other_unrealized_pnl=self.other_pnl,
        )


def resolved(query: PositionQuery, notes: list[str], gaps: list[str]) -> Case:
    """Resolve a question: rules, contract, table, margin and the rest of the account.

    Args:
        query: the question.
        notes: what had to be assumed is added here.
        gaps: what is not known is added here.

    Raises:
        InputError: as `position.position_report`.
    """
    for field in ("qty", "entry_price", "leverage", "margin", "mark_price", "daily_sigma", "horizon_days"):
        given = getattr(query, field)
        if given is not None:
            positive(field, given)
    sign_of("side", query.position_side)
    rules = _rules(query, gaps)
    symbol = resolve(query.symbol, venue=query.venue).symbol
    contract = parts_of(symbol).contract
    if contract == "quanto":
        raise InputError(f"{symbol} is a quanto contract; only linear and inverse contracts are modeled")
    others = Others() if query.others is None else read_others(query.others)
    margin, leverage = _margin(query, contract, others)
    chosen = choose_table(query, symbol, leverage)
    _say(chosen, notes, gaps)
    if query.leverage is not None or query.others is None:
        # Called for its check of the leverage against the tier's maximum.
        initial_margin(
            qty=query.qty, entry_price=query.entry_price, leverage=leverage, contract=contract, tiers=chosen.table
        )
    if query.mark_price is None:
        notes.append("mark price: the entry price")
    sigma = query.daily_sigma
    if sigma is None:
        sigma = DAILY_SIGMA.get(parts_of(symbol).base, OTHER_DAILY_SIGMA)
        notes.append(f"daily sigma {sigma:.1%}: standard deviation of daily log returns 2020-12 to 2024-12")
    fee = 0.0
    if rules.close_fee:
        fee = ASSUMED_TAKER_FEE if query.taker_fee is None else query.taker_fee
        if query.taker_fee is None:
            notes.append(f"taker fee {fee:.2%}, which {rules.venue} holds against the position")
    case = Case(query, symbol, contract, rules, chosen.table, fee, margin, 0.0, sigma, 0.0, 0.0, ())
    case = case._replace(mark_price=query.entry_price if query.mark_price is None else query.mark_price)
    return _with_others(case, others, leverage, notes, gaps)


def _rules(query: PositionQuery, gaps: list[str]) -> MarginRules:
    slug = venue_slug(query.venue)
    if slug in KNOWN_RULES:
        return rules_of(slug, query.as_of)
    gaps.append(
        f"the margin rules of {slug}; used are maintenance on mark and a close fee, the stricter of what is known"
    )
    return MarginRules(
        venue=slug,
        close_fee=True,
        liquidation="how it closes a position is not known",
        deleveraging="not known",
        source="",
    )


def _margin(query: PositionQuery, contract: ContractKind, others: Others) -> tuple[float, float]:
    """Margin behind the position (in cross the wallet), and the leverage it is opened with."""
    notional = notional_of(qty=query.qty, price=query.entry_price, contract=contract)
    margin = query.margin if query.others is None else query.margin or others.wallet_balance
    if margin is None and query.others is not None:
        raise InputError(
            "in cross margin the wallet is needed: give --margin, or wallet_balance in the file of --others"
        )
    if margin is None and query.leverage is None:
        raise InputError("leverage or margin is needed: give --leverage or --margin")
    leverage = (
        notional / positive("margin", margin) if query.leverage is None and margin is not None else query.leverage
    )
    assert leverage is not None
    return (notional / leverage if margin is None else margin), leverage


def _say(chosen: ChosenTable, notes: list[str], gaps: list[str]) -> None:
    if chosen.assumed is not None:
        notes.append(chosen.assumed)
    if chosen.unknown is not None:
        gaps.append(chosen.unknown)


def _with_others(case: Case, others: Others, leverage: float, notes: list[str], gaps: list[str]) -> Case:
    """Add what the account's other positions need and have gained; those in the same symbol become legs of a hedge."""
    legs: list[Leg] = []
    needed = gained = 0.0
    for other in others.position:
        name = resolve(other.symbol, venue=case.query.venue).symbol
        if parts_of(name).settle != parts_of(case.symbol).settle:
            raise InputError(
                f"{name} does not settle in {parts_of(case.symbol).settle}, so it does not share this margin"
            )
        if name == case.symbol:
            legs.append(Leg(other.position_side, other.qty, other.entry_price, case.table))
            continue
        mark = other.entry_price if other.mark_price is None else other.mark_price
        if other.mark_price is None:
            notes.append(f"mark price of {name}: its entry price")
        needed += _other_maintenance(case, other, mark, leverage, notes, gaps)
        gained += _pnl(other, mark, parts_of(name).contract)
    if others.position:
        notes.append("the other symbols' marks stay where they are while this one moves")
    return case._replace(other_maintenance=needed, other_pnl=gained, legs=tuple(legs))


def _other_maintenance(
    case: Case, other: OtherPosition, mark: float, leverage: float, notes: list[str], gaps: list[str]
) -> float:
    contract = parts_of(resolve(other.symbol, venue=case.query.venue).symbol).contract
    if other.mmr is not None:
        return maintenance_margin(
            qty=other.qty, price=mark, mmr=other.mmr, maintenance_amount=other.maintenance_amount, contract=contract
        )
    name = resolve(other.symbol, venue=case.query.venue).symbol
    plain = PositionQuery(
        venue=case.query.venue,
        symbol=name,
        position_side=other.position_side,
        qty=other.qty,
        entry_price=other.entry_price,
        leverage=leverage,
        as_of=case.query.as_of,
    )
    chosen = choose_table(plain, name, leverage)
    _say(chosen, notes, gaps)
    return maintenance_margin(qty=other.qty, price=mark, tiers=chosen.table, contract=contract)


def _pnl(other: OtherPosition, mark: float, contract: ContractKind) -> float:
    at_mark = notional_of(qty=other.qty, price=mark, contract=contract)
    at_entry = notional_of(qty=other.qty, price=other.entry_price, contract=contract)
    sign = sign_of("side", other.position_side)
    return (sign if contract == "linear" else -sign) * (at_mark - at_entry)
