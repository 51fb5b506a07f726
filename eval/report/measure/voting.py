"""Many samples of one problem: their average, the chance that one is right, and their vote. Three different things."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pandas as pd

from eval.report.measure.bootstrap import estimate
from eval.report.measure.cells import Cell, Resampler

_DRAWS = 64


def voting(cell: Cell, samples: pd.DataFrame, resampler: Resampler) -> list[dict[str, Any]]:
    """avg@k, pass@k and maj@k for k = 1, 2, 4, ... up to the fewest samples that a problem has.

    avg@k is the mean accuracy, the same for every k. pass@k is the unbiased 1 - C(n - c, k) / C(n, k). maj@k is the
    accuracy of the most frequent answer of k samples, ties sharing the vote, averaged over 64 seeded draws of k.
    """
    by_problem = [
        (problem, _Answers(group)) for problem, group in samples.groupby("problem", observed=True, sort=True)
    ]
    fewest = min(answers.n for _, answers in by_problem)
    if fewest < 2:
        return []
    codes = resampler.codes(cell.benchmark, pd.Series([problem for problem, _ in by_problem]))
    sizes = [2**power for power in range(fewest.bit_length()) if 2**power <= fewest]
    if sizes[-1] != fewest:
        sizes.append(fewest)
    rng = np.random.default_rng(0)
    rows = []
    for k in sizes:
        pass_at = np.array([answers.pass_at(k) for _, answers in by_problem])
        vote_at = np.array([answers.majority_at(k, rng) for _, answers in by_problem])
        rows.append(
            {
                "k": k,
                "tokens": k * float(samples["used"].mean()) if samples["used"].notna().any() else None,
                "avg": estimate(cell.metrics["accuracy"]),
                "pass": estimate(resampler.mean(cell.benchmark, codes, pass_at)),
                "maj": estimate(resampler.mean(cell.benchmark, codes, vote_at)),
            }
        )
    return rows


class _Answers:
    """The answers to one problem; one without an answer votes for nothing."""

    def __init__(self, group: pd.DataFrame) -> None:
        self.n = len(group)
        self.right = int(group["correct"].sum())
        codes, uniques = pd.factorize(group["answer"])
        self._codes, self._kinds = codes, len(uniques)
        correct = group["correct"].to_numpy()
        # Different spellings of the right answer are different votes; each is right where the grader says so.
        self._credit = np.array([correct[codes == kind].mean() for kind in range(self._kinds)])

    def pass_at(self, k: int) -> float:
        return 1 - comb(self.n - self.right, k) / comb(self.n, k)

    def majority_at(self, k: int, rng: np.random.Generator) -> float:
        if self._kinds == 0:
            return 0.0
        if k == self.n:
            picked = self._codes[None, :]
        else:
            picked = self._codes[rng.random((_DRAWS, self.n)).argpartition(k - 1, axis=1)[:, :k]]
        votes = np.stack([(picked == kind).sum(axis=1) for kind in range(self._kinds)], axis=1)
        most = votes.max(axis=1, keepdims=True)
        winners = (votes == most) & (most > 0)
        shares = winners / np.maximum(winners.sum(axis=1, keepdims=True), 1)
        return float((shares @ self._credit).mean())
