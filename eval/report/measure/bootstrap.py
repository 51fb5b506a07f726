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
_Z = 1.959964  # of the normal distribution, two-sided


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


def estimate(replicates: Array | Sequence[float], problems: int | None = None) -> Estimate:
    """The estimate in row 0 and the percentile interval of the rows after it; of one problem there is no interval."""
    replicates = np.asarray(replicates, dtype=np.float64)
    value, rest = replicates[0], replicates[1:]
    rest = rest[np.isfinite(rest)]
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if rest.size < 2 or problems == 1:
        return {"value": float(value), "low": None, "high": None}
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(rest, [tail, 100 - tail])
    return {"value": float(value), "low": float(low), "high": float(high)}


def share(replicates: Array | Sequence[float], problems: int) -> Estimate:
    """As :func:`estimate`, of a share in [0, 1].

    Where every resample has the share 0, or 1, a bootstrap would call it certain. Its interval is Wilson's then, with
    the number of problems for n: [0, z^2 / (n + z^2)] for 0, z = 1.96.
    """
    found = estimate(replicates)
    if found["value"] not in (0.0, 1.0) or (found["low"], found["high"]) not in ((None, None), (found["value"],) * 2):
        return found
    reach = _Z**2 / (problems + _Z**2)
    low, high = (0.0, reach) if found["value"] == 0 else (1 - reach, 1.0)
    return {"value": found["value"], "low": low, "high": high}
