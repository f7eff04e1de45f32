"""The seam to scipy: what it gives, with types. It is imported where it is used, because that takes a while."""

# scipy ships no types; every result is narrowed here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from powderkeg.liqmap.bars import FloatArray


def nonnegative_least_squares(design: FloatArray, aim: FloatArray) -> FloatArray:
    """[K] the x ≥ 0 with the least |design·x − aim|² (Lawson & Hanson 1974)."""
    from scipy.optimize import nnls  # noqa: PLC0415 - see above

    return np.asarray(nnls(design, aim)[0], dtype=np.float64)


def least_between(cost: Callable[[float], float], low: float, high: float) -> float:
    """Where a smooth function of one number is least within bounds (Brent 1973)."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - see above

    found: Any = minimize_scalar(cost, bounds=(low, high), method="bounded")
    return float(found.x)


def ranks(numbers: FloatArray) -> FloatArray:
    """[N] ranks from 1, ties shared."""
    from scipy.stats import rankdata  # noqa: PLC0415 - see above

    return np.asarray(rankdata(numbers), dtype=np.float64)


def log_gamma(numbers: FloatArray) -> FloatArray:
    """Ln Γ, element by element."""
    from scipy.special import gammaln  # noqa: PLC0415 - see above

    return np.asarray(gammaln(numbers), dtype=np.float64)


def student_tails(t: float, freedom: int) -> float:
    """Two-sided p-value of Student's t."""
    from scipy.special import stdtr  # noqa: PLC0415 - see above

    return 2.0 * float(stdtr(freedom, -abs(t)))
