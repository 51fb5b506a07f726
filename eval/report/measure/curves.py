"""Accuracy over tokens actually used: slopes, areas, and comparison at equal tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.report.measure.bootstrap import Array, estimate
from eval.report.measure.cells import Cell


@dataclass(frozen=True)
class Curve:
    """Tokens used and accuracy of one run, mode and benchmark (or mean of benchmarks), one point per budget.

    Attributes:
        name: the benchmark, or "macro:GROUP" for the unweighted mean over a group's benchmarks.
        mode: that of the budgets; "zero" for budgets of 0, "none" for none.
        budgets: rising; [None] for a run without budgets.
        tokens: mean tokens used, ``(budgets, resamples + 1)``.
        accuracy: share of right answers, likewise.
    """

    name: str
    mode: str
    budgets: tuple[int | None, ...]
    tokens: Array
    accuracy: Array

    def slope_per_decade(self) -> Array:
        """Least-squares slope of accuracy over log10 tokens: what ten times the tokens buy."""
        x, y = np.log10(np.maximum(self.tokens, 1)), self.accuracy
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        spread = (x * x).sum(axis=0)
        return np.divide((x * y).sum(axis=0), spread, out=np.full_like(spread, np.nan), where=spread > 1e-12)

    def r_squared(self) -> Array:
        """Share of the accuracies' variance that the line explains."""
        x = np.log10(np.maximum(self.tokens, 1))
        x, y = x - x.mean(axis=0), self.accuracy - self.accuracy.mean(axis=0)
        product = (x * x).sum(axis=0) * (y * y).sum(axis=0)
        above = (x * y).sum(axis=0) ** 2
        return np.divide(above, product, out=np.full_like(product, np.nan), where=product > 1e-12)

    def area(self) -> Array:
        """Mean accuracy over the curve's own range of log tokens (area under it / its width)."""
        order = np.argsort(self.tokens, axis=0)
        x = np.log10(np.maximum(np.take_along_axis(self.tokens, order, 0), 1))
        y = np.take_along_axis(self.accuracy, order, 0)
        width = x[-1] - x[0]
        area = (np.diff(x, axis=0) * (y[1:] + y[:-1]) / 2).sum(axis=0)
        return np.divide(area, width, out=np.full_like(width, np.nan), where=width > 1e-12)

    def at(self, tokens: float) -> Array:
        """Accuracy at ``tokens``, linear in log tokens between neighbouring points; NaN outside the curve."""
        values = np.full(self.tokens.shape[1], np.nan)
        for column in range(self.tokens.shape[1]):
            order = np.argsort(self.tokens[:, column])
            x, y = self.tokens[order, column], self.accuracy[order, column]
            if np.isfinite(x).all() and x[0] <= tokens <= x[-1]:
                values[column] = np.interp(np.log(tokens), np.log(np.maximum(x, 1)), y)
        return values

    def to_dict(self) -> dict[str, Any]:
        points = [
            {"budget": budget, "tokens": estimate(self.tokens[i]), "accuracy": estimate(self.accuracy[i])}
            for i, budget in enumerate(self.budgets)
        ]
        facts: dict[str, Any] = {"name": self.name, "mode": self.mode, "points": points}
        if len(self.budgets) > 1:
            facts |= {
                "slope_per_decade": estimate(self.slope_per_decade()),
                "r_squared": estimate(self.r_squared()),
                "area": estimate(self.area()),
            }
        return facts


def curves_of(cells: Sequence[Cell], groups: Mapping[str, Sequence[str]]) -> list[Curve]:
    """One curve per benchmark and mode, and one per group of benchmarks that is complete.

    Where no group is complete and there are several benchmarks, "macro:all" is the mean over those that there are.
    """
    curves: list[Curve] = []
    for mode in dict.fromkeys(cell.mode for cell in cells):
        table = {(cell.benchmark, (cell.budget, cell.asked)): cell for cell in cells if cell.mode == mode}
        benchmarks = list(dict.fromkeys(benchmark for benchmark, _ in table))
        single = {benchmark: _curve(benchmark, mode, table, [benchmark]) for benchmark in benchmarks}
        curves += single.values()
        complete = {name: members for name, members in groups.items() if set(members) <= set(benchmarks)}
        if not complete and len(benchmarks) > 1:
            complete = {"all": benchmarks}
        curves += [_curve(f"macro:{name}", mode, table, members) for name, members in complete.items()]
    return [curve for curve in curves if curve.budgets]


def _curve(
    name: str, mode: str, table: Mapping[tuple[str, tuple[int | None, str]], Cell], members: Sequence[str]
) -> Curve:
    asked = sorted({one for _, one in table}, key=lambda one: (one[0] or 0, one[1]))
    shared = tuple(one for one in asked if all((member, one) in table for member in members))

    def mean(metric: str) -> Array:
        rows = [np.mean([table[member, one].metrics[metric] for member in members], axis=0) for one in shared]
        return np.array(rows)

    return Curve(name, mode, tuple(budget for budget, _ in shared), mean("used_tokens"), mean("accuracy"))


def equal_tokens(curves: Mapping[str, Sequence[Curve]], at: Sequence[int] | None) -> list[dict[str, Any]]:
    """Accuracy of every curve at the same token counts: ``at``, the budgets above 0 in the data, and each single
    point's own.

    A value outside a curve is None: nothing is extrapolated, and no budget is picked per benchmark.
    """
    budgets = {b for many in curves.values() for curve in many for b in curve.budgets if b}
    compared = []
    for name in dict.fromkeys(curve.name for many in curves.values() for curve in many):
        singles = [c for many in curves.values() for c in many if c.name == name and len(c.budgets) == 1]
        own = {float(round(c.tokens[0, 0])) for c in singles if np.isfinite(c.tokens[0, 0])}
        tokens = sorted({float(t) for t in (at or budgets)} | own)
        for run, many in curves.items():
            for curve in many:
                if curve.name != name:
                    continue
                values = [_value_at(curve, t) for t in tokens]
                if any(v["value"] is not None for v in values):
                    compared.append({"name": name, "run": run, "mode": curve.mode, "tokens": tokens, "values": values})
    return compared


def _value_at(curve: Curve, tokens: float) -> dict[str, Any]:
    if len(curve.budgets) == 1:
        own = float(np.rint(curve.tokens[0, 0])) == tokens  # never, where they are unknown
        return dict(estimate(curve.accuracy[0] if own else np.full(2, np.nan)))
    return dict(estimate(curve.at(tokens)))
