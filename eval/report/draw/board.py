"""The board: runs and published models at equal tokens, with how often each broke its budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from eval.report.draw.table import Table, format_estimate


def board(results: dict[str, Any], published: dict[str, Any]) -> Table:
    """Models and strategies at equal tokens, each with how often it broke its budget."""
    compared = results["equal_tokens"]
    tokens = sorted({t for row in compared for t in row["tokens"]})
    over = {(row["run"], row["mode"]): row["metrics"]["over_budget"] for row in results["overview"]}
    rows = []
    for name in dict.fromkeys(row["name"] for row in compared):
        for row in compared:
            if row["name"] == name:
                at = dict(zip(row["tokens"], row["values"], strict=True))
                cells = [format_estimate(at[t], "percent") if t in at else "–" for t in tokens]
                broken = format_estimate(over[row["run"], row["mode"]], "percent")
                rows.append([name, row["run"], row["mode"], broken, *cells])
        for curve in published["curves"]:
            values = [_published_at(curve["benchmarks"].get(name, []), t) for t in tokens]
            if any(value is not None for value in values):
                shown = ["–" if value is None else f"{value:.1f} %" for value in values]
                rows.append([name, f"{curve['model']} (published)", curve["mode"], "–", *shown])
    note = (
        "Accuracy at equal mean tokens, interpolated in log tokens; a dash lies outside the curve. No budget is "
        "picked per benchmark. Over budget: the share over all benchmarks. Published: the paper's numbers, not ours."
    )
    heads = ["benchmark", "run", "mode", "over budget", *(f"{t:,.0f}" for t in tokens)]
    return Table("Board: at equal tokens", note, heads, rows)


def _published_at(points: Sequence[Sequence[float]], tokens: float) -> float | None:
    """Accuracy of a published curve, linear in log tokens between its points."""
    curve = sorted((float(x), float(y)) for x, y in points)
    if not curve or not curve[0][0] <= tokens <= curve[-1][0]:
        return None
    return float(np.interp(np.log(tokens), np.log([x for x, _ in curve]), [y for _, y in curve]))
