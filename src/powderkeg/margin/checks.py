"""What a number must be before it enters a formula; every error names the field, the value and the limit."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, cast, overload

import numpy as np
from numpy.typing import NDArray

from powderkeg.domain.errors import InputError
from powderkeg.domain.units import ContractKind, PositionSide

FloatArray: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = float | FloatArray
"""A scalar, or an array that broadcasts with the other arguments."""

Sides: TypeAlias = PositionSide | float | NDArray[np.generic]
"""`"long"` or `"short"`, or +1 and −1; or an array of either."""

MaintenanceOn = Literal["mark", "entry"]

LARGEST: Final = 1e24
"""No quantity, price or amount of any market comes near (SHIB quantities reach 1e12), and a product or quotient of a
few still fits a float64: nothing finite that is let in can turn into NaN."""

SMALLEST: Final = 1e-24
"""The same for what must be above 0."""

_SIGNS: Final = {"long": 1.0, "short": -1.0}


@overload
def number(field: str, given: float) -> float: ...
@overload
def number(field: str, given: Numbers) -> Numbers: ...
def number(field: str, given: Numbers) -> Numbers:
    """A finite number, or an array of them as float64.

    Raises:
        InputError: not a number, NaN or infinite.
    """
    return _checked(field, given, -LARGEST, "must be a finite number (±1e24)")


@overload
def positive(field: str, given: float) -> float: ...
@overload
def positive(field: str, given: Numbers) -> Numbers: ...
def positive(field: str, given: Numbers) -> Numbers:
    """A finite number above zero, or an array of them."""
    return _checked(field, given, SMALLEST, "must be a finite number above 0 (1e-24 to 1e24)")


@overload
def non_negative(field: str, given: float) -> float: ...
@overload
def non_negative(field: str, given: Numbers) -> Numbers: ...
def non_negative(field: str, given: Numbers) -> Numbers:
    """A finite number of zero or more, or an array of them."""
    return _checked(field, given, 0.0, "must be a finite number, 0 or more (up to 1e24)")


def below_one(field: str, given: Numbers) -> None:
    """Refuse rates that add up to one or more: such a position could never be safe.

    Raises:
        InputError: naming the field and the limit.
    """
    worst = given if isinstance(given, float) else float(np.max(given, initial=0.0))
    if not worst < 1.0:
        raise InputError(f"{field} is {worst!r}; it must be below 1 (rates are fractions: 0.5 % is 0.005)")


def signs(field: str, given: Sides) -> Numbers:
    """+1 for long and −1 for short, as one float or as an array.

    Raises:
        InputError: anything but these.
    """
    if isinstance(given, str):
        if given in _SIGNS:
            return _SIGNS[given]
        raise InputError(f"{field} must be 'long' or 'short', got {given!r}")
    if isinstance(given, np.ndarray) and given.dtype.kind in "UO":
        words = cast("NDArray[np.str_]", given)
        out = np.where(words == "long", 1.0, np.where(words == "short", -1.0, np.nan))
    else:
        out = number(field, cast("Numbers", given))
    if np.all(np.square(out) == 1.0):
        return out
    raise InputError(f"{field} must be 'long' or 'short' (or +1 and -1); an element is neither")


def sign_of(field: str, given: PositionSide) -> float:
    """+1 for one long and −1 for one short.

    Raises:
        InputError: neither.
    """
    if given not in _SIGNS:
        raise InputError(f"{field} must be 'long' or 'short', got {given!r}")
    return _SIGNS[given]


def contract_is_inverse(contract: ContractKind) -> bool:
    """Whether margins are coin.

    Raises:
        InputError: a quanto contract, or no contract kind at all.
    """
    if contract not in ("linear", "inverse"):
        raise InputError(f"contract must be 'linear' or 'inverse', got {contract!r}; quanto contracts are not modeled")
    return contract == "inverse"


def maintenance_is_on_entry(maintenance_on: MaintenanceOn) -> bool:
    """Whether maintenance is charged on the entry value.

    Raises:
        InputError: neither `mark` nor `entry`.
    """
    if maintenance_on not in ("mark", "entry"):
        raise InputError(f"maintenance_on must be 'mark' or 'entry', got {maintenance_on!r}")
    return maintenance_on == "entry"


def _checked(field: str, given: Numbers, minimum: float, rule: str) -> Numbers:
    array = _as_array(given)
    if array is None:
        raise InputError(f"{field} is {given!r}; it {rule}")
    if not isinstance(array, np.ndarray):
        if minimum <= array <= LARGEST:
            return array
        raise InputError(f"{field} is {given!r}; it {rule}")
    # Extremes instead of masks: no temporaries, and NaN survives both.
    if not array.size or (array.min() >= minimum and array.max() <= LARGEST):
        return array
    first = int(np.argmin((array >= minimum) & (array <= LARGEST)))
    raise InputError(f"{field} is {float(array.ravel()[first])!r} at element {first}; it {rule}")


def _as_array(given: Numbers) -> Numbers | None:
    """A float, a float64 array of at least one dimension, or None for what is not numbers."""
    if isinstance(given, bool):
        return None
    try:
        if isinstance(given, (float, int)):
            return float(given)
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.ndim else float(array)
