"""Intervals from a bootstrap that resamples problems, not samples: 16 answers to one problem are not independent.

A statistic is computed on ``(resamples + 1)`` weightings of the problems at once. Row 0 weighs every problem 1, so it
holds the estimate itself; the other rows hold its replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CONFIDENCE = 0.95


class Estimate(TypedDict):
    """A value and its 95 % interval; None where it cannot be known."""

    value: float | None
    low: float | None
    high: float | None


def weights(problems: int, resamples: int, seed: int) -> Array:
    """How often each of ``problems`` is drawn in each resample, ``(resamples + 1, problems)``; row 0 is all ones."""
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(problems, np.full(problems, 1 / problems), size=resamples)
    return np.vstack([np.ones(problems), draws]).astype(np.float64)


def estimate(replicates: Array | Sequence[float]) -> Estimate:
    """The estimate in row 0 and the percentile interval of the rows after it."""
    replicates = np.asarray(replicates, dtype=np.float64)
    value, rest = replicates[0], replicates[1:]
    rest = rest[np.isfinite(rest)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if rest.size < 2:
        return {"value": float(value), "low": None, "high": None}
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(rest, [tail, 100 - tail])
    return {"value": float(value), "low": float(low), "high": float(high)}
