"""Rebuilding an exchange from its log: the inputs are carried out again, and must come to the same.

replay(exchange).state_hash() == exchange.state_hash()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from powderkeg.cascade.exchange.engine import Exchange
from powderkeg.cascade.exchange.instruments import Instrument
from powderkeg.cascade.exchange.log import FIRST_OUTCOME, Event, Kind
from powderkeg.cascade.exchange.rules import VenueRules
from powderkeg.domain.errors import InvariantError


def replay(original: Exchange) -> Exchange:
    """An exchange that has seen the same inputs.

    Raises:
        InvariantError: it came to another state.
    """
    again = replay_events(
        original.log.events,
        original.instruments,
        original.rules,
        account_count=len(original.state.accounts.wallet),
        max_orders=original.max_orders,
    )
    if again.state_hash() != original.state_hash():
        raise InvariantError(f"a log of {len(original.log.events)} events replays to another state; please report it")
    return again


def replay_events(
    events: Iterable[Event | Sequence[int]],
    instruments: Sequence[Instrument],
    rules: VenueRules,
    *,
    account_count: int,
    max_orders: int,
) -> Exchange:
    """The same from records, for instance those of a file; outcomes among them are passed over."""
    exchange = Exchange(instruments, rules, account_count=account_count, max_orders=max_orders)
    index: list[int | None] = []
    for row in events:
        event = Event(*(int(number) for number in row))
        if event.kind >= FIRST_OUTCOME:
            continue
        exchange.advance(event.ts_ns)
        if event.kind == Kind.INDEX:
            index.append(event.tick or None)
            if len(index) == len(instruments):
                exchange.update_index(index)
                index = []
        else:
            _again(exchange, event)
    return exchange


def _again(exchange: Exchange, event: Event) -> None:
    match event.kind:
        case Kind.DEPOSIT:
            exchange.deposit_units(event.account, event.units)
        case Kind.WITHDRAWAL:
            exchange.withdraw_units(event.account, event.units)
        case Kind.MODE:
            exchange.set_mode(event.account, event.instrument, leverage=event.units, isolated=bool(event.other))
        case Kind.BLOCK:
            exchange.block(event.account, event.other, event.instrument, event.lots, event.tick)
        case Kind.ORDER:
            exchange.order(event.account, event.instrument, event.lots, event.tick, event.other)
        case Kind.CANCEL:
            exchange.cancel(event.account, event.instrument, event.units)
        case Kind.CANCEL_ALL:
            exchange.cancel_all(event.account, event.instrument)
        case Kind.SETTLE_FUNDING:
            exchange.settle_funding(event.instrument)
        case _:
            raise InvariantError(f"an input of kind {event.kind} cannot be replayed")
