"""How well budgets were kept: pure functions of tokens used and tokens asked for.

Two conventions to keep apart: the *signed* relative error, (n_y - n_gold) / n_gold, whose mean lets long and short
answers cancel (L1's Table 2 reports it that way), and the *absolute* one, which does not. Training and evaluation use
the functions of this module alike.

All functions take arrays of shape ``(samples,)`` in tokens, used first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: L1 counts a max-mode answer as a violation when it is more than 500 tokens over its budget (section 5).
SOFT_TOLERANCE = 500


def length_error(used: ArrayLike, budget: ArrayLike) -> NDArray[np.float64]:
    """Signed relative error (n_y - n_gold) / n_gold of each sample.

    Raises:
        ValueError: the shapes differ, there is no sample, or a budget is below 1.

    Example:
        >>> length_error([612, 412], [512, 512]).round(3).tolist()
        [0.195, -0.195]
    """
    used, budget = _pair(used, budget)
    return (used - budget) / budget


def rmse(used: ArrayLike, budget: ArrayLike) -> float:
    """Root mean squared error sqrt(mean((n_y - n_gold)^2)), in tokens."""
    used, budget = _pair(used, budget)
    return float(np.sqrt(np.mean((used - budget) ** 2)))


def correlation(used: ArrayLike, budget: ArrayLike) -> float:
    """Pearson's r of tokens asked for and tokens used; NaN where one of them does not vary."""
    used, budget = _pair(used, budget)
    if np.ptp(used) == 0 or np.ptp(budget) == 0:
        return float("nan")
    return float(np.corrcoef(budget, used)[0, 1])


def slope(used: ArrayLike, budget: ArrayLike) -> float:
    """Least-squares slope of tokens used over tokens asked for: 1 for an obedient model, 0 for a deaf one."""
    used, budget = _pair(used, budget)
    if np.ptp(budget) == 0:
        return float("nan")
    return float(np.polyfit(budget, used, 1)[0])


@dataclass(frozen=True)
class Adherence:
    """Facts about a set of samples with budgets.

    Attributes:
        n: number of samples.
        mean_used: mean n_y in tokens.
        mean_error: mean signed relative error; errors of both signs cancel.
        mean_abs_error: mean absolute relative error.
        rmse: root mean squared error in tokens.
        within_10: share of samples with |n_y - n_gold| <= 0.1 n_gold.
        within_20: share of samples with |n_y - n_gold| <= 0.2 n_gold.
        over_budget: share of samples with n_y > n_gold (a hard violation of a max budget).
        soft_violation: share of samples with n_y > n_gold + 500, L1's measure.
        utilisation: mean n_y / n_gold.
        correlation: Pearson's r of budget and tokens used, NaN for a single budget.
        slope: least-squares slope of tokens used over budget, NaN for a single budget.
    """

    n: int
    mean_used: float
    mean_error: float
    mean_abs_error: float
    rmse: float
    within_10: float
    within_20: float
    over_budget: float
    soft_violation: float
    utilisation: float
    correlation: float
    slope: float


def adherence(used: ArrayLike, budget: ArrayLike) -> Adherence:
    """All facts of :class:`Adherence` about samples that used ``used`` tokens of ``budget``.

    Raises:
        ValueError: the shapes differ, there is no sample, or a budget is below 1.
    """
    used, budget = _pair(used, budget)
    error = length_error(used, budget)
    # A tolerance in the last bit: 563.2 is 10 % above 512, whatever binary fractions make of it.
    absolute = np.abs(error)
    return Adherence(
        n=int(used.size),
        mean_used=float(used.mean()),
        mean_error=float(error.mean()),
        mean_abs_error=float(absolute.mean()),
        rmse=rmse(used, budget),
        within_10=float(np.mean(absolute <= 0.1 + 1e-12)),
        within_20=float(np.mean(absolute <= 0.2 + 1e-12)),
        over_budget=float(np.mean(used > budget)),
        soft_violation=float(np.mean(used > budget + SOFT_TOLERANCE)),
        utilisation=float(np.mean(used / budget)),
        correlation=correlation(used, budget),
        slope=slope(used, budget),
    )


def band(budget: int, width: int) -> str:
    """The budget band that ``budget`` lies in, a multiple of ``width`` tokens wide: ``1001-2000``.

    Example:
        >>> band(1000, 1000), band(1001, 1000)
        ('1-1000', '1001-2000')
    """
    index = (budget - 1) // width
    return f"{index * width + 1}-{(index + 1) * width}"


def _pair(used: ArrayLike, budget: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    used, budget = np.asarray(used, dtype=np.float64), np.asarray(budget, dtype=np.float64)
    if used.shape != budget.shape or used.ndim != 1:
        raise ValueError(f"used has shape {used.shape} and budget {budget.shape}; both must be (samples,)")
    if used.size == 0:
        raise ValueError("there is no sample to measure")
    if not (budget >= 1).all():
        raise ValueError(f"the smallest budget is {budget.min():g} tokens; it must be >= 1")
    return used, budget
