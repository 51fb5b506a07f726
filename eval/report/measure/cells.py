"""A cell: the samples of one run on one benchmark under one budget, and every measure of it with its replicates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from eval.report.measure.bootstrap import Array, weights
from eval.report.measure.load import Run
from l1_verl.adherence import aggregates

# Means of columns. They and the aggregates of adherence are functions of sums over the samples of a problem, so that a
# resample of problems is one row of a matrix product.
_MEANS = {
    "accuracy": "correct",
    "used_tokens": "used",
    "thinking_tokens": "thinking",
    "solution_tokens": "solution",
    "counted_tokens": "counted",
    "truncated": "truncated",
    "no_answer": "no_answer",
    "grade_timeout": "grade_timeout",
}


#: Metrics that are shares of samples.
SHARES = frozenset(
    (
        "accuracy",
        "met",
        "within_10",
        "within_20",
        "over_budget",
        "soft_violation",
        "truncated",
        "no_answer",
        "grade_timeout",
    )
)


@dataclass(frozen=True)
class Cell:
    """Samples of one benchmark under one budget, or under all of a mode's budgets (``budget`` None, ``mode`` set).

    Attributes:
        benchmark: its name.
        mode: that of the budgets; "zero" for budgets of 0, "none" for none.
        budget: tokens, of a range its upper end; or None.
        asked: the budget in words: "exact 512", "range 200-400", "level low", "none", or "max all" for all of a mode.
        n: samples.
        problems: problems.
        rows: positions in the run's samples.
        metrics: replicates by name, ``(resamples + 1,)`` each; NaN where there is nothing to measure.
    """

    benchmark: str
    mode: str
    budget: int | None
    asked: str
    n: int
    problems: int
    rows: np.ndarray
    metrics: Mapping[str, Array]


class Resampler:
    """The same resamples of a benchmark's problems for every budget and run, so that differences are paired."""

    def __init__(self, runs: list[Run], resamples: int, seed: int) -> None:
        pairs = pd.concat([run.samples[["benchmark", "problem"]].astype(str) for run in runs]).drop_duplicates()
        self._codes: dict[str, pd.Series] = {}
        self._weights: dict[str, Array] = {}
        for number, (benchmark, group) in enumerate(pairs.groupby("benchmark", observed=True)):
            problems = sorted(group["problem"])
            self._codes[str(benchmark)] = pd.Series(range(len(problems)), index=problems)
            self._weights[str(benchmark)] = weights(len(problems), resamples, seed + number)

    def weights(self, benchmark: str) -> Array:
        return self._weights[benchmark]

    def codes(self, benchmark: str, problems: pd.Series) -> np.ndarray:
        """Column of each sample's problem in ``weights``."""
        return self._codes[benchmark].reindex(problems.astype(str)).to_numpy()

    def sums(self, benchmark: str, codes: np.ndarray, values: np.ndarray) -> Array:
        """Resampled sums of ``values`` over samples, NaN left out."""
        per_problem = np.bincount(codes, weights=np.nan_to_num(values), minlength=self.weights(benchmark).shape[1])
        return self.weights(benchmark) @ per_problem

    def mean(self, benchmark: str, codes: np.ndarray, values: np.ndarray) -> Array:
        """Resampled mean of ``values`` over the samples that have one."""
        return divide(self.sums(benchmark, codes, values), self.sums(benchmark, codes, ~np.isnan(values) * 1.0))


def divide(above: Array, below: Array) -> Array:
    """above / below, NaN where below is 0."""
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0)


def cells_of(run: Run, resampler: Resampler) -> Iterator[Cell]:
    """One cell for each benchmark, mode and budget of a run, in that order."""
    for (benchmark, mode), group in run.samples.groupby(["benchmark", "mode"], observed=True, sort=True):
        if mode == "none":
            yield _cell(group, str(benchmark), str(mode), None, "none", resampler)
            continue
        for (budget, asked), alike in group.groupby(["budget", "asked"], observed=True):
            yield _cell(alike, str(benchmark), str(mode), int(budget), str(asked), resampler)


def pooled_cells(run: Run, resampler: Resampler) -> Iterator[Cell]:
    """One cell for each benchmark and mode with budgets, over all of them: where correlation and slope live."""
    budgeted = run.samples[run.samples["mode"] != "none"]
    for (benchmark, mode), group in budgeted.groupby(["benchmark", "mode"], observed=True, sort=True):
        yield _cell(group, str(benchmark), str(mode), None, f"{mode} all", resampler)


def macro_length_errors(
    cells: Sequence[Cell], groups: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str, dict[str, Array]]]:
    """Name, mode and length errors of each group of benchmarks that is complete, as L1's Table 2 groups them.

    With e = (n_y - n_gold) / n_gold of a sample: ``mean_error`` is mean(e), ``mean_abs_error`` mean(|e|) and
    ``relative_rmse`` sqrt(mean(e^2)), each mean over all budgets of a mode, every benchmark weighing the same. Table 2
    (arXiv 2503.04697) prints the first and the last; how it weighs its benchmarks it does not say.

    Args:
        cells: those of ``pooled_cells``.
        groups: benchmarks by the name of their group.
    """
    for mode in dict.fromkeys(cell.mode for cell in cells):
        table = {cell.benchmark: cell.metrics for cell in cells if cell.mode == mode}
        for name, members in groups.items():
            if set(members) <= table.keys():
                metrics = [table[member] for member in members]
                errors = {key: np.mean([m[key] for m in metrics], axis=0) for key in ("mean_error", "mean_abs_error")}
                errors["relative_rmse"] = np.sqrt(np.mean([m["relative_rmse"] ** 2 for m in metrics], axis=0))
                yield name, mode, errors


def _cell(
    group: pd.DataFrame, benchmark: str, mode: str, budget: int | None, asked: str, resampler: Resampler
) -> Cell:
    codes = resampler.codes(benchmark, group["problem"])

    def mean(values: Array) -> Array:
        return resampler.mean(benchmark, codes, values)

    # A server may count the thoughts of some responses only; a mean over those would be none of the cell.
    uncounted = {"thinking", "solution"} if group["thinking"].isna().any() else set()
    values = group.assign(**dict.fromkeys(uncounted, np.nan))
    metrics = {name: mean(values[column].to_numpy()) for name, column in _MEANS.items()}
    metrics |= aggregates(group["counted"], group["target"], mean)
    if mode == "range":  # what counts for the budget there depends on the tokens used
        metrics |= dict.fromkeys(("correlation", "slope"), metrics["correlation"] * np.nan)
    metrics["thinking_ratio"] = divide(metrics["thinking_tokens"], metrics["solution_tokens"])
    return Cell(
        benchmark, mode, budget, asked, len(group), group["problem"].nunique(), group.index.to_numpy(), metrics
    )
