"""What a contract is worth: linear, inverse and quanto, contract size, and the unit its feed counts in.

A linear contract is a number of base units, an inverse one a number of US dollars of face value, a quanto one a number
of settlement units per point of price. What is not known stays None and never reaches a total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ABSURD, USD_LIKE, VANISHING, ContractKind, QtyUnit


class Instrument(msgspec.Struct, frozen=True):
    """One tradable contract of one venue.

    Attributes:
        venue: our slug.
        venue_symbol: the venue's own name, exactly as it sends it.
        symbol: ccxt unified form, `BTC/USDT:USDT`, `BTC/USD:BTC-200925`.
        base, quote, settle: currency codes; `base` keeps a multiplier (`1000PEPE`), as prices are quoted for it.
        contract: linear, inverse or quanto.
        qty_unit: the unit in which the venue's public feeds state quantities of this contract.
        contract_size: base units (linear), US dollars (inverse) or settlement units per point (quanto) per contract;
            None where it is not known.
        is_plain: quantities are base units and prices are dollars, so notional is quantity times price and nothing
            else. Derived from the other fields, whatever is passed; stored, because it stands on the path of every
            trade.
    """

    venue: str
    venue_symbol: str
    symbol: str
    base: str
    quote: str
    settle: str
    contract: ContractKind
    qty_unit: QtyUnit
    contract_size: float | None = None
    is_plain: bool = False

    def __post_init__(self) -> None:
        plain = self.qty_unit == "base" and self.contract == "linear" and self.quote in USD_LIKE
        msgspec.structs.force_setattr(self, "is_plain", plain)

    def sized(self, qty: float, price: float) -> tuple[float | None, float | None]:
        """Base quantity and US dollar notional of `qty` (in `qty_unit`) at `price`; None where not knowable.

        Args:
            qty: quantity in this instrument's `qty_unit`, > 0.
            price: quote per base, > 0.
        """
        return self.sized_as(self.qty_unit, qty, price)

    def sized_as(self, qty_unit: QtyUnit, qty: float, price: float) -> tuple[float | None, float | None]:
        """As `sized`, for a feed that counts in another unit than the instrument's usual one.

        Raises:
            InputError: quantity or price cannot be real, so that their product or quotient would not be either.
        """
        if not (VANISHING < qty < ABSURD and VANISHING < price < ABSURD):
            raise InputError(f"{qty} {qty_unit} of {self.venue_symbol} at {price}: no such quantity or price exists")
        if self.contract == "quanto":
            return None, None
        dollars = self.quote in USD_LIKE
        if qty_unit == "base":
            return qty, qty * price if dollars else None
        if qty_unit in ("usd", "quote"):
            # Dollars divided by a price in another currency would be no quantity of anything.
            same_currency = qty_unit == "quote" or dollars
            return qty / price if same_currency else None, qty if qty_unit == "usd" or dollars else None
        if self.contract_size is None:
            return None, None
        face = qty * self.contract_size
        if self.contract == "inverse":
            return face / price, face
        return face, face * price if dollars else None


class InstrumentMap:
    """Instruments by venue and the venue's own name; what is not listed is inferred from the name once and kept.

    Args:
        infer: turns (venue, venue_symbol) into an Instrument, raising ValueError for a name it cannot read.
        instruments: listed ones, which win over inferred ones.
    """

    def __init__(self, infer: Callable[[str, str], Instrument], instruments: Iterable[Instrument] = ()) -> None:
        self._infer = infer
        self._by_venue: dict[str, VenueInstruments] = {}
        self.add(instruments)

    def add(self, instruments: Iterable[Instrument]) -> None:
        """List instruments; a later listing of the same name replaces an earlier one."""
        for instrument in instruments:
            self.of(instrument.venue)[instrument.venue_symbol] = instrument

    def of(self, venue: str) -> VenueInstruments:
        """The names of one venue, as a dict that infers what it does not hold."""
        names = self._by_venue.get(venue)
        if names is None:
            names = self._by_venue[venue] = VenueInstruments(venue, self._infer)
        return names

    def __iter__(self) -> Iterator[Instrument]:
        for names in self._by_venue.values():
            yield from names.values()


class VenueInstruments(dict[str, Instrument]):
    """`venue_symbol -> Instrument` of one venue. A dict, because one lookup stands on the path of every event."""

    def __init__(self, venue: str, infer: Callable[[str, str], Instrument]) -> None:
        super().__init__()
        self._venue = venue
        self._infer = infer

    def __missing__(self, venue_symbol: str) -> Instrument:
        instrument = self._infer(self._venue, venue_symbol)
        if len(self) < MAX_INFERRED:
            self[venue_symbol] = instrument
        return instrument


MAX_INFERRED: Final = 100_000
"""No venue lists this many contracts; a feed that invents names must not fill the memory."""
