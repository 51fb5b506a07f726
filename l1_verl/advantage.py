"""Advantages with correctness and length normalised apart, after GDPO (arXiv 2601.05242).

GRPO normalises the sum of both. In a group with right and wrong answers the spread of correctness then drowns the
length, and in a group where all are right (or all wrong) length alone decides. Normalised apart, both count alike in
every group, whatever alpha is.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Far above the error of binary fractions, far below what one token earns.
_NO_SPREAD = 1e-9


def decoupled_advantages(
    correct: ArrayLike,
    length_reward: ArrayLike,
    group: Sequence[Hashable],
    gated: ArrayLike,
    *,
    length_weight: float = 1.0,
) -> NDArray[np.float64]:
    """One advantage per sample, from its correctness c and its reward r = c + length_reward.

    With z_g(x) = (x - mean_g(x)) / std_g(x) over the samples of group g::

        A = z_g(c) + length_weight * z_g(l),    divided by the batch's root mean square of A

        l = r - c   where the reward adds length to correctness: r = 1[c] - cost(length)
        l = r       where length is gated by correctness: r = 1[c] * credit(length)

    The gated l is GDPO's conditioned reward: credit for right answers, nothing for wrong ones. So a right answer
    ranks above every wrong one however long it is, and the length of a wrong answer changes nothing. (Normalising
    r - c over the right answers alone would let a long right answer fall below the wrong ones.)

    A group with no spread, or a single sample, has the term 0 instead of float error blown up. Every term sums to 0 in
    its group, so that of GDPO's whitening only the scale is left to do. verl's ``compute_gdpo_outcome_advantage``
    subtracts the mean over *tokens*, which hands an advantage to groups that carry no signal.

    Args:
        correct: c of each sample, 0 or 1.
        length_reward: r - c of each sample.
        group: the prompt that each sample answers.
        gated: whether the reward of each sample gates length by correctness.
        length_weight: weight of length beside correctness, >= 0.

    Raises:
        ValueError: the shapes differ, or a value is not finite.

    Example:
        >>> decoupled_advantages([1, 1, 0], [-0.2, 0.0, 0.0], ["p", "p", "p"], [True] * 3).round(2).tolist()
        [0.59, 0.82, -1.41]
    """
    c, gate = np.asarray(correct, dtype=np.float64), np.asarray(gated, dtype=bool)
    length = np.asarray(length_reward, dtype=np.float64)
    if not c.shape == length.shape == gate.shape == (len(group),):
        raise ValueError(
            f"correct has shape {c.shape}, length_reward {length.shape}, gated {gate.shape} and group "
            f"{(len(group),)}; all must be (samples,)"
        )
    if not (np.isfinite(c).all() and np.isfinite(length).all()):
        raise ValueError("a correctness or length reward is not finite; every sample needs both")
    number = {name: index for index, name in enumerate(dict.fromkeys(group))}
    groups = np.array([number[name] for name in group], dtype=np.intp)
    total = _normalised(c, groups) + length_weight * _normalised(length + gate * c, groups)
    # Correctness and length may cancel in every group, as between two answers.
    scale = np.sqrt(np.mean(total**2)) if total.size else 0.0
    return total / scale if scale > _NO_SPREAD else np.zeros_like(total)


def _normalised(values: NDArray[np.float64], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    """(x - mean) / std within each group, with the unbiased deviation that verl's GRPO takes."""
    size = np.bincount(groups)
    centred = values - (np.bincount(groups, values) / size)[groups]
    std = np.sqrt(np.bincount(groups, centred**2) / np.maximum(size - 1, 1))[groups]
    return np.divide(centred, std, out=np.zeros_like(values), where=std > _NO_SPREAD)
