"""Tokens used over tokens asked for: the figure that shows at once whether budgets are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from eval.report.draw.series import COUNTED, SERIES, benchmarks, budgeted, fold, points, slug
from eval.report.draw.style import Drawing, colour, label
from eval.report.measure.load import Run

# Of all runs in a figure: more make no clearer picture and a larger file.
_DOTS = 400


def used_over_asked(results: dict[str, Any], runs: Sequence[Run]) -> Iterator[Drawing]:
    """One figure for each benchmark that was asked under budgets, with all runs in it."""
    counted = COUNTED[results["settings"]["count"]]
    samples = {run.name: run.samples for run in runs}
    for benchmark in benchmarks(results):
        series = [
            (name, cells, _asked(samples[run], benchmark, mode))
            for name, run, mode, cells in budgeted(results, benchmark)
            if any(cell["metrics"]["counted_tokens"]["value"] is not None for cell in cells)
        ]
        for number, first in enumerate(range(0, len(series), SERIES)):
            suffix = f"_{number + 1}" if number else ""
            yield Drawing(
                f"requested_used_{slug(benchmark)}{suffix}",
                f"Tokens used over tokens asked for: {benchmark}",
                "A dot is a response, a line the means with 95 % intervals; on the dotted line budgets are met.",
                _drawn(series[first : first + SERIES], counted),
                fold(results, benchmark),
            )


def _drawn(series: Sequence[tuple[str, list[Any], Any]], counted: str) -> Any:
    def draw(axes: Axes) -> None:
        longest = max(max(frame["counted"].max(), frame["budget"].max()) for _, _, frame in series)
        for index, (name, cells, frame) in enumerate(series):
            shown = frame.sample(min(_DOTS // len(series), len(frame)), random_state=0)
            jitter = np.random.default_rng(0).uniform(-0.012, 0.012, len(shown)) * longest
            axes.scatter(shown["budget"] + jitter, shown["counted"], s=5, alpha=0.3, color=colour(index), lw=0)
            means, errors = points([cell["metrics"] for cell in cells], "counted_tokens")
            axes.errorbar(
                [cell["budget"] for cell in cells], means, yerr=errors, fmt="o-", ms=4, capsize=2, lw=1.8,
                color=colour(index), label=label(name),
            )  # fmt: skip
        top = 1.05 * longest
        axes.plot([0, top], [0, top], ":", color="#8b949e", lw=1.2)
        axes.set(xlabel="tokens asked for", ylabel=counted, xlim=(0, top), ylim=(0, top))
        axes.legend(loc="upper left")

    return draw


def _asked(samples: Any, benchmark: str, mode: str) -> Any:
    """The samples of one benchmark and mode whose tokens are known."""
    return samples[(samples["benchmark"] == benchmark) & (samples["mode"] == mode) & samples["counted"].notna()]
