"""How well budgets were kept: measures of each sample, and what they come to over many.

Training metrics, the reward manager and the report use the functions of this module alike. The *signed* relative error
(n_y - n_gold) / n_gold lets long and short answers cancel in its mean (L1's Table 2 reports it so); the *absolute* one
does not.

All functions take arrays of shape ``(samples,)`` in tokens, used first. NaN stands for unknown: a budget of NaN is
no budget, and whatever needs one is NaN. So is what is relative to a budget of 0; the absolute error in tokens is not.
The budget of a sample that was asked for a range is the number in it nearest to n_y (``Budget.nearest``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: L1 counts a max-mode answer as a violation when it is more than 500 tokens over its budget (section 5).
SOFT_TOLERANCE = 500

# In the last bit: 563.2 is 10 % above 512, whatever binary fractions make of it.
_ROUNDING = 1e-12


def length_error(used: ArrayLike, budget: ArrayLike) -> Array:
    """Signed relative error (n_y - n_gold) / n_gold of each sample.

    Raises:
        ValueError: the shapes differ, there is no sample, or a budget is below 0.

    Example:
        >>> length_error([612, 412], [512, 512]).round(3).tolist()
        [0.195, -0.195]
    """
    used, budget = _pair(used, budget)
    return _relative(used - budget, budget)


def measures(used: ArrayLike, budget: ArrayLike) -> dict[str, Array]:
    """What each sample made of its budget.

    Returns:
        By name, arrays of shape ``(samples,)``: ``error`` and ``abs_error``, relative to the budget;
        ``abs_error_tokens`` |n_y - n_gold|; ``met``, 1 where n_y = n_gold, of a range anywhere inside; ``within_10``
        and ``within_20``, 1 where |n_y - n_gold| <= 0.1 or 0.2 n_gold; ``over_budget``, 1 where n_y > n_gold;
        ``soft_violation``, 1 where n_y > n_gold + 500, L1's measure; ``utilisation`` n_y / n_gold.

    Raises:
        ValueError: the shapes differ, there is no sample, or a budget is below 0.
    """
    used, budget = _pair(used, budget)
    off = np.abs(used - budget)
    known = ~np.isnan(off)

    def share(true: NDArray[np.bool_]) -> Array:
        return np.where(known, true, np.nan)

    return {
        "error": _relative(used - budget, budget),
        "abs_error": _relative(off, budget),
        "abs_error_tokens": off,
        "met": share(off == 0),
        "within_10": share(off <= (0.1 + _ROUNDING) * budget),
        "within_20": share(off <= (0.2 + _ROUNDING) * budget),
        "over_budget": share(used > budget),
        "soft_violation": share(used > budget + SOFT_TOLERANCE),
        "utilisation": _relative(used, budget),
    }


def _relative(tokens: Array, budget: Array) -> Array:
    """``tokens`` / ``budget``, NaN where the budget is 0."""
    return np.divide(tokens, budget, out=np.full_like(tokens, np.nan), where=budget != 0)


def _mean(values: Array) -> Any:
    """The mean of the values that are known, NaN where none is."""
    known = values[~np.isnan(values)]
    return known.mean() if known.size else np.nan


def aggregates(used: ArrayLike, budget: ArrayLike, mean: Callable[[Array], Any] = _mean) -> dict[str, Any]:
    """The measures over all samples, every one of them a function of means.

    Args:
        used: n_y.
        budget: n_gold.
        mean: of an array of shape ``(samples,)``, NaN left out. One that returns an array of weighted means, such as
            those of resamples, makes every aggregate such an array.

    Returns:
        The attributes of :class:`Adherence` by name, but ``n`` and ``mean_used``.
    """
    used, budget = _pair(used, budget)
    found = measures(used, budget)
    result = {
        "mean_error": mean(found["error"]),
        "mean_abs_error": mean(found["abs_error"]),
        "mean_abs_error_tokens": mean(found["abs_error_tokens"]),
        "rmse": np.sqrt(mean((used - budget) ** 2)),
        "relative_rmse": np.sqrt(mean(found["error"] ** 2)),
    }
    result |= {name: mean(found[name]) for name in _SHARES}
    return result | _line(used, budget, mean)


_SHARES = ("met", "within_10", "within_20", "over_budget", "soft_violation", "utilisation")


def _line(used: Array, budget: Array, mean: Callable[[Array], Any]) -> dict[str, Any]:
    """Pearson's r and the least-squares slope of tokens used over budget; NaN where one of them does not vary."""
    known = ~np.isnan(used - budget)
    nothing = mean(np.full_like(used, 0.0)) * np.nan
    if not known.any() or np.ptp(budget[known]) == 0:
        return {"correlation": nothing, "slope": nothing}
    # Centred, so that the differences of large moments keep their digits
    x = np.where(known, budget - budget[known].mean(), np.nan)
    y = np.where(known, used - used[known].mean(), np.nan)
    mean_x, mean_y = mean(x), mean(y)
    covariance = mean(x * y) - mean_x * mean_y
    spread_x, spread_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    with np.errstate(invalid="ignore", divide="ignore"):
        r = nothing if np.ptp(used[known]) == 0 else covariance / np.sqrt(np.maximum(spread_x * spread_y, 0))
        return {"correlation": _finite(r), "slope": _finite(covariance / spread_x)}


def _finite(value: Any) -> Any:
    """``value`` with NaN for what a division by 0 has left."""
    return np.where(np.isfinite(value), value, np.nan)[()]


@dataclass(frozen=True)
class Adherence:
    """Facts about a set of samples with budgets.

    Attributes:
        n: number of samples.
        mean_used: mean n_y in tokens.
        mean_error: mean signed relative error; errors of both signs cancel.
        mean_abs_error: mean absolute relative error; NaN where every budget is 0.
        mean_abs_error_tokens: mean |n_y - n_gold|, in tokens.
        rmse: root mean squared error sqrt(mean((n_y - n_gold)^2)), in tokens.
        relative_rmse: sqrt(mean(((n_y - n_gold) / n_gold)^2)), as in L1's Table 2.
        met: share of samples with n_y = n_gold; of ranges, with n_y inside.
        within_10: share of samples with |n_y - n_gold| <= 0.1 n_gold.
        within_20: share of samples with |n_y - n_gold| <= 0.2 n_gold.
        over_budget: share of samples with n_y > n_gold (a hard violation of a max budget).
        soft_violation: share of samples with n_y > n_gold + 500, L1's measure.
        utilisation: mean n_y / n_gold.
        correlation: Pearson's r of budget and tokens used; NaN where one of them does not vary.
        slope: least-squares slope of tokens used over budget: 1 where budgets are kept, 0 where they are ignored.
    """

    n: int
    mean_used: float
    mean_error: float
    mean_abs_error: float
    mean_abs_error_tokens: float
    rmse: float
    relative_rmse: float
    met: float
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
        ValueError: the shapes differ, there is no sample, or a budget is below 0.
    """
    found = {name: float(value) for name, value in aggregates(used, budget).items()}
    return Adherence(n=int(np.size(used)), mean_used=float(np.asarray(used).mean()), **found)


def rmse(used: ArrayLike, budget: ArrayLike) -> float:
    """``rmse`` of :class:`Adherence` alone."""
    return adherence(used, budget).rmse


def correlation(used: ArrayLike, budget: ArrayLike) -> float:
    """``correlation`` of :class:`Adherence` alone."""
    return adherence(used, budget).correlation


def slope(used: ArrayLike, budget: ArrayLike) -> float:
    """``slope`` of :class:`Adherence` alone."""
    return adherence(used, budget).slope


def band(budget: int, width: int) -> str:
    """The budget band that ``budget`` lies in, a multiple of ``width`` tokens wide: ``1001-2000``.

    Example:
        >>> band(1000, 1000), band(1001, 1000)
        ('1-1000', '1001-2000')
    """
    index = (budget - 1) // width
    return f"{index * width + 1}-{(index + 1) * width}"


def _pair(used: ArrayLike, budget: ArrayLike) -> tuple[Array, Array]:
    used, budget = np.asarray(used, dtype=np.float64), np.asarray(budget, dtype=np.float64)
    if used.shape != budget.shape or used.ndim != 1:
        raise ValueError(f"used has shape {used.shape} and budget {budget.shape}; both must be (samples,)")
    if used.size == 0:
        raise ValueError("there is no sample to measure")
    if (budget < 0).any():
        raise ValueError(f"the smallest budget is {np.nanmin(budget):g} tokens; it must be >= 0")
    return used, budget
