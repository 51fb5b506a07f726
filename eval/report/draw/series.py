"""What the figures share: series of results, values with their intervals, and how a figure is named and folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from l1_verl.budget import MODES

#: Lines that can still be told apart in one figure; more get another figure.
SERIES = 8
#: Words for what is counted.
COUNTED = {"response": "tokens used", "thinking": "tokens of the thought"}


def budgeted(results: dict[str, Any], benchmark: str) -> Iterator[tuple[str, str, str, list[Any]]]:
    """Name of the series, run, mode and cells of every run and mode with budgets on a benchmark."""
    for run in results["runs"]:
        for mode in MODES:
            cells = [c for c in run["cells"] if c["benchmark"] == benchmark and c["mode"] == mode]
            if cells:
                yield f"{run['name']} ({mode})", run["name"], mode, cells


def fold(results: dict[str, Any], benchmark: str) -> str | None:
    """What a benchmark's figures are folded under: nothing where there is only this one."""
    return f"Figures: {benchmark}" if len(benchmarks(results)) > 1 else None


def benchmarks(results: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(cell["benchmark"] for run in results["runs"] for cell in run["cells"]))


def points(rows: Sequence[dict[str, Any]], key: str) -> tuple[list[float], list[list[float]]]:
    """Values and the distances to both ends of their intervals, as matplotlib takes them."""
    values = [np.nan if row[key]["value"] is None else row[key]["value"] for row in rows]
    below = [v - row[key]["low"] if row[key]["low"] is not None else 0 for v, row in zip(values, rows, strict=True)]
    above = [row[key]["high"] - v if row[key]["high"] is not None else 0 for v, row in zip(values, rows, strict=True)]
    return values, [[max(0.0, b) for b in below], [max(0.0, a) for a in above]]


def slug(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_")[:60]
