"""What a venue said before a story began, which some of them repeat to a new subscriber."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from powderkeg.domain.time import NS_PER_MS
from powderkeg.testing.venues.contracts import LISTED, Listed
from powderkeg.testing.venues.market import Dealt
from powderkeg.testing.venues.press import FIRST_SERIAL, Press
from powderkeg.testing.venues.publishing import Happened, pushes
from powderkeg.testing.venues.story import SimulatedFrame

AGE_MS: Final = 3_600_000
WORTH_USD: Final = 2_500.0


def before(
    venue: str, start_ns: int, interest_of: Callable[[Listed], float] | None = None
) -> tuple[SimulatedFrame, ...]:
    """A trade, a liquidation, a mark price and a book of every contract, an hour before the beginning.

    Args:
        venue: slug.
        start_ns: of the story.
        interest_of: open interest in the unit of the feed; None: the made-up constant of `quotes`.
    """
    at_ms = start_ns // NS_PER_MS - AGE_MS
    press = Press(venue)
    found: list[SimulatedFrame] = []
    for contract in LISTED[venue]:
        ticks, lots = contract.ticks_of(contract.price), contract.lots_of(WORTH_USD, contract.price)
        found.append(press.trade(at_ms, Dealt(contract, is_buy=False, lots=lots, ticks=ticks), FIRST_SERIAL - 1))
        (push,) = pushes(venue, [Happened(at_ms, contract, "long", lots, ticks)])
        found.append(press.liquidation(push, FIRST_SERIAL - 2))
        found += press.quotes.before(contract, at_ms, None if interest_of is None else interest_of(contract))
    return tuple(found)
