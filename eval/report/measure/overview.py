"""One row per run: means over its benchmarks, and how far it is from the first run on what both were asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.report.measure.bootstrap import Array, Estimate, estimate, share
from eval.report.measure.cells import Cell

_METRICS = ("accuracy", "used_tokens", "mean_abs_error", "over_budget", "utilisation")
_COMPARED = ("accuracy", "used_tokens", "mean_abs_error", "over_budget")
_SHARES = ("accuracy", "over_budget")


@dataclass(frozen=True)
class Series:
    """What a run was asked in one mode.

    Attributes:
        run: its name.
        mode: that of the budgets; "zero" for budgets of 0, "none" for none.
        pooled: one cell a benchmark, all budgets together.
        cells: one cell a benchmark and budget.
    """

    run: str
    mode: str
    pooled: Sequence[Cell]
    cells: Sequence[Cell]


def series_of(run: str, cells: Sequence[Cell], pooled: Sequence[Cell]) -> Iterator[Series]:
    """One series for each mode of a run."""
    for mode in dict.fromkeys(cell.mode for cell in cells):
        own = [cell for cell in cells if cell.mode == mode]
        yield Series(run, mode, own if mode == "none" else [c for c in pooled if c.mode == mode], own)


def overview(series: Sequence[Series]) -> list[dict[str, Any]]:
    """The rows of the overview, in the order of ``series``.

    A mean is over benchmarks, each weighing the same. A difference to the first series is over the benchmarks and
    budgets that both have, whatever their modes; the resamples are the same for both, so that it is paired.
    """
    return [_row(one, series[0]) for one in series]


def _row(one: Series, first: Series) -> dict[str, Any]:
    problems = sum(cell.problems for cell in one.pooled)
    means = {name: np.mean([cell.metrics[name] for cell in one.pooled], axis=0) for name in _METRICS}
    return {
        "run": one.run,
        "mode": one.mode,
        "benchmarks": [cell.benchmark for cell in one.pooled],
        "n": sum(cell.n for cell in one.pooled),
        "metrics": {
            name: share(values, problems) if name in _SHARES else estimate(values) for name, values in means.items()
        },
        "differences": None if one is first else _differences(one, first),
    }


def _key(cell: Cell) -> tuple[str, int | str | None]:
    """What two runs were asked alike: the same number, exact or max; the same range or level."""
    return cell.benchmark, cell.asked if cell.mode in ("range", "level") else cell.budget


def _differences(one: Series, first: Series) -> dict[str, Estimate] | None:
    """One minus first, None where they share nothing."""
    other = {_key(cell): cell for cell in first.cells}
    pairs: dict[str, list[tuple[Mapping[str, Array], Mapping[str, Array]]]] = {}
    for cell in one.cells:
        if (match := other.get(_key(cell))) is not None:
            pairs.setdefault(cell.benchmark, []).append((cell.metrics, match.metrics))
    if not pairs:
        return None

    def difference(name: str) -> Array:
        by_benchmark = [np.mean([a[name] - b[name] for a, b in found], axis=0) for found in pairs.values()]
        return np.asarray(np.mean(by_benchmark, axis=0))

    return {name: estimate(difference(name)) for name in _COMPARED}
