"""The one seam to numba: importing it costs half a second, so it happens at the first array call, not before.

A kernel is plain Python that also runs interpreted: scalars go through it as it stands, arrays through its compiled
form, `NUMBA_DISABLE_JIT=1` through neither. One text, so the three cannot differ.
"""

# numba ships no types: what it returns is the function it was given, compiled.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

READ_ANY: Final = "Array(float64, 1, 'A', True)"
"""Signature of a read-only vector of any stride, so that a broadcast scalar needs no copy."""

READ_1D: Final = "Array(float64, 1, 'C', True)"
READ_2D: Final = "Array(float64, 2, 'C', True)"


def compiled(kernel: Kernel, signature: str, *helpers: Callable[..., Any]) -> Kernel:
    """The kernel compiled for one signature, cached on disk beside its source.

    Args:
        kernel: a function numba can compile.
        signature: numba types of its arguments and result, as text.
        helpers: plain functions the kernel calls, in the same file (the cache watches that file alone).

    Floats divide as IEEE 754 says (x / 0 is infinite), which is what lets a compiler take several at once. Helpers are
    inlined: passing a dozen arrays costs more than what most of them do. The lock of the interpreter is let go, so
    threads run kernels side by side.
    """
    from numba import njit  # noqa: PLC0415 - see above
    from numba.extending import register_jitable  # noqa: PLC0415

    for helper in helpers:
        register_jitable(error_model="numpy", forceinline=True)(helper)
    return cast("Kernel", njit(signature, cache=True, nogil=True, error_model="numpy")(kernel))
