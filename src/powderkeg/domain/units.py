"""Units and words shared by every event, written once."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

PositionSide = Literal["long", "short"]  # whose position was closed, never the side of an order
TakerSide = Literal["buy", "sell"]
QtyUnit = Literal["base", "contracts", "quote", "usd"]
PriceKind = Literal["fill", "bankruptcy", "order", "mark", "entry"]
Coverage = Literal["all", "latest_per_second", "largest_per_second", "polled", "unknown"]
ContractKind = Literal["linear", "inverse", "quanto"]

LONG: Final = "long"
SHORT: Final = "short"
BUY: Final = "buy"
SELL: Final = "sell"

SAMPLED_COVERAGE: Final[frozenset[str]] = frozenset({"latest_per_second", "largest_per_second", "polled", "unknown"})
"""Coverage classes whose sums are a floor: the feed is known, or not known not, to leave orders out."""

# Above any price, quantity or notional a market has printed (SHIB quantities reach 1e12); below it a product of two
# still fits a float64 without loss of the cent. Values beyond are quarantined, not summed.
ABSURD: Final = 1e15

# Below any price, quantity or contract size a market has quoted (BabyDoge prices reach 1e-10); dividing by less would
# overflow, multiplying by less would vanish to 0.
VANISHING: Final = 1e-15

PositiveFloat = Annotated[float, msgspec.Meta(gt=VANISHING, lt=ABSURD)]
"""A wire number that must be positive: the bounds also reject NaN, infinities, zero and denormals while decoding."""

NonNegativeFloat = Annotated[float, msgspec.Meta(ge=0, lt=ABSURD)]
FiniteFloat = Annotated[float, msgspec.Meta(gt=-ABSURD, lt=ABSURD)]

USD_LIKE: Final = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI", "USDE", "USD1", "PYUSD", "UST"})
"""Quote currencies counted as one US dollar each. An approximation, named in docs/glossary.md: USDT traded between
0.97 and 1.02 USD in the events this package looks at, and no venue publishes liquidations in anything better."""


def opposite(order_side: Literal["buy", "sell"]) -> PositionSide:
    """The position an order of this side closes: a forced sell closes a long, a forced buy closes a short."""
    return LONG if order_side == SELL else SHORT
