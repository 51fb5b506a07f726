"""The figures, each drawn from results.json and, where dots are shown, from the samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from eval.report.draw.obedience import used_over_asked
from eval.report.draw.series import COUNTED, SERIES, benchmarks, budgeted, fold, points, slug
from eval.report.draw.style import Drawing, colour, label, log_tokens
from eval.report.measure.load import Run

_MORE = "More figures"


def drawings(results: dict[str, Any], runs: Sequence[Run], published: dict[str, Any]) -> list[Drawing]:
    """Every figure that the runs have data for."""
    return [
        *_accuracy_over_tokens(results, published),
        *used_over_asked(results, runs),
        *_error_by_budget(results),
        *_lengths(results),
        *_thinking_ratio(results),
        *_keywords(results),
        *_voting(results),
    ]


def training_drawings(curves: dict[str, dict[str, Any]]) -> list[Drawing]:
    """One figure per training curve, over steps."""
    return [
        Drawing(f"training_{slug(title)}", f"Training: {title.lower()}", "Every step that was logged.", _steps(curve))
        for title, curve in curves.items()
    ]


def _steps(curve: dict[str, Any]) -> Any:
    def draw(axes: Axes) -> None:
        for index, (metric, series) in enumerate(curve["series"].items()):
            name = metric.removeprefix("lcpo/").removesuffix("/mean_abs_error")
            axes.plot(series["steps"], series["values"], color=colour(index), lw=1.6, label=label(name))
        axes.set(xlabel="step", ylabel=curve["unit"])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()

    return draw


def _accuracy_over_tokens(results: dict[str, Any], published: dict[str, Any]) -> Iterator[Drawing]:
    # Converted files may tell no tokens; what cannot be placed is not drawn.
    placed = [c for run in results["runs"] for c in run["curves"] if c["points"][0]["tokens"]["value"] is not None]
    names = dict.fromkeys(curve["name"] for curve in placed)
    for name in names:
        reference = [(c["model"], c["benchmarks"][name]) for c in published["curves"] if name in c["benchmarks"]]

        def draw(axes: Axes, name: str = name, reference: list[Any] = reference) -> None:
            for (model, printed), marker in zip(reference, itertools.cycle("ov^sDP"), strict=False):
                tokens, accuracy = zip(*printed, strict=True)
                axes.plot(
                    tokens, [a / 100 for a in accuracy], "--" if len(printed) > 1 else "", marker=marker, ms=3, lw=0.9,
                    color="#8b949e", label=label(f"{model} (published)", 48),
                )  # fmt: skip
            for index, (run, curve) in enumerate(_curves(results, name)):
                tokens, accuracy = points(curve["points"], "tokens"), points(curve["points"], "accuracy")
                text = run if curve["mode"] == "none" else f"{run} ({curve['mode']})"
                axes.errorbar(
                    tokens[0], accuracy[0], yerr=accuracy[1], xerr=tokens[1], fmt="o-", ms=4, lw=1.6, capsize=2,
                    color=colour(index), label=label(text),
                )  # fmt: skip
            log_tokens(axes)
            axes.set(xlabel="tokens used (mean, log scale)", ylabel="accuracy", ylim=(0, None))
            if reference:
                axes.figure.legend(loc="outside lower center", ncols=2, fontsize=7)
            else:
                axes.legend()

        caption = "Mean over samples at each budget, with 95 % intervals."
        if name.startswith("macro:"):
            caption += " Unweighted mean over the benchmarks of the group."
        if reference:
            caption += " Grey: numbers published by the paper's authors, not measured here."
        folded = None if name.startswith("macro:") else fold(results, name)
        yield Drawing(f"accuracy_tokens_{slug(name)}", f"Accuracy over tokens: {name}", caption, draw, folded)


def _error_by_budget(results: dict[str, Any]) -> Iterator[Drawing]:
    for metric, title, unit in (
        ("mean_abs_error", "Length error by budget", "mean |error| / budget"),
        ("mean_error", "Signed length error by budget", "mean error / budget"),
    ):
        for benchmark in benchmarks(results):
            series = [
                (name, cells)
                for name, _, _, cells in budgeted(results, benchmark)
                if any(c["metrics"][metric]["value"] is not None for c in cells)
            ]
            if not series:
                continue

            def draw(axes: Axes, metric: str = metric, unit: str = unit, series: list[Any] = series) -> None:
                for index, (name, cells) in enumerate(series):
                    values = points([c["metrics"] for c in cells], metric)
                    axes.errorbar(
                        [c["budget"] for c in cells], values[0], yerr=values[1], fmt="o-", ms=4, capsize=2,
                        color=colour(index), label=label(name),
                    )  # fmt: skip
                axes.axhline(0, color="#8b949e", lw=0.8)
                axes.set(xlabel="tokens asked for", ylabel=unit)
                axes.legend()

            yield Drawing(
                f"{metric}_{slug(benchmark)}",
                f"{title}: {benchmark}",
                "With 95 % intervals; at 0 budgets are kept.",
                draw,
                fold(results, benchmark),
            )


def _lengths(results: dict[str, Any]) -> Iterator[Drawing]:
    counted = COUNTED[results["settings"]["count"]]
    for index, run in enumerate(results["runs"]):
        counted_cells = [cell for cell in run["cells"] if cell["lengths"]["counts"]]
        for benchmark in dict.fromkeys(cell["benchmark"] for cell in counted_cells):
            cells = [cell for cell in counted_cells if cell["benchmark"] == benchmark]

            def draw(axes: Axes, cells: list[Any] = cells) -> None:
                for number, cell in enumerate(cells):
                    counts, edges = np.array(cell["lengths"]["counts"]), cell["lengths"]["edges"]
                    name = "no budget" if cell["budget"] is None else cell["asked"]
                    axes.stairs(counts / counts.sum(), edges, color=colour(number), fill=True, alpha=0.35)
                    axes.stairs(counts / counts.sum(), edges, color=colour(number), lw=1.2, label=name)
                    if cell["budget"] is not None:
                        axes.axvline(cell["budget"], color=colour(number), ls=":", lw=1.2)
                axes.set(xlabel=counted, ylabel="share of responses")
                axes.legend()

            yield Drawing(
                f"lengths_{index}_{slug(run['name'])}_{slug(benchmark)}",
                f"{run['name']}: lengths, {benchmark}",
                f"Distribution of {counted}, by budget; dotted lines are the budgets.",
                draw,
                fold(results, benchmark) or _MORE,
            )


def _thinking_ratio(results: dict[str, Any]) -> Iterator[Drawing]:
    series = [
        (f"{run}, {benchmark} ({mode})", cells)
        for benchmark in benchmarks(results)
        for _, run, mode, cells in budgeted(results, benchmark)
        if cells[0]["metrics"]["solution_tokens"]["value"] is not None
    ]
    for number, first in enumerate(range(0, len(series), SERIES)):
        yield _thinking_and_solution(number, series[first : first + SERIES])


def _thinking_and_solution(number: int, series: Sequence[tuple[str, list[Any]]]) -> Drawing:
    def draw(axes: Axes) -> None:
        for index, (name, cells) in enumerate(series):
            budgets = [c["budget"] for c in cells]
            thinking = points([c["metrics"] for c in cells], "thinking_tokens")
            solution = points([c["metrics"] for c in cells], "solution_tokens")
            axes.plot(budgets, thinking[0], "o-", ms=4, color=colour(index), label=label(name))
            axes.plot(budgets, solution[0], "s:", ms=4, color=colour(index))
        axes.set(xlabel="tokens asked for", ylabel="tokens")
        axes.legend()

    suffix = f"_{number + 1}" if number else ""
    return Drawing(
        f"thinking_solution{suffix}", "Thinking and solution", "Solid: thinking; dotted: solution.", draw, _MORE
    )


def _keywords(results: dict[str, Any]) -> Iterator[Drawing]:
    for index, run in enumerate(results["runs"]):
        cells = [c for c in run["cells"] if c["budget"] is not None]
        if not any(v["value"] for c in cells for v in c["keywords"]["groups"].values()):
            continue

        def draw(axes: Axes, cells: list[Any] = cells) -> None:
            budgets = sorted({c["budget"] for c in cells})
            groups = list(cells[0]["keywords"]["groups"])
            for number, group in enumerate(groups):
                rates = [
                    np.mean([c["keywords"]["groups"][group]["value"] or 0 for c in cells if c["budget"] == b])
                    for b in budgets
                ]
                axes.plot(budgets, rates, "o-", ms=4, color=colour(number), label=label(group))
            axes.set(xlabel="tokens asked for", ylabel="occurrences per 1,000 tokens", ylim=(0, None))
            axes.legend()

        yield Drawing(
            f"keywords_{index}_{slug(run['name'])}",
            f"{run['name']}: keywords",
            "Mean over benchmarks; the words are in results.json.",
            draw,
            _MORE,
        )


def _voting(results: dict[str, Any]) -> Iterator[Drawing]:
    for index, run in enumerate(results["runs"]):
        voted = [c for c in run["cells"] if c["voting"] and c["voting"][-1]["k"] > 2]
        voted = [cell for cell in voted if cell["voting"][-1]["tokens"] is not None]
        for benchmark in dict.fromkeys(c["benchmark"] for c in voted):
            cells = [c for c in voted if c["benchmark"] == benchmark]

            def draw(axes: Axes, cells: list[Any] = cells) -> None:
                for number, cell in enumerate(cells):
                    name = "no budget" if cell["budget"] is None else cell["asked"]
                    rows = [row for row in cell["voting"] if row["k"] != 2]  # two samples cannot outvote each other
                    values = points(rows, "maj")[0]
                    axes.plot([r["tokens"] for r in rows], values, "o-", ms=4, color=colour(number), label=name)
                log_tokens(axes)
                axes.set(xlabel="tokens per problem (k x mean, log scale)", ylabel="accuracy of the vote (maj@k)")
                axes.legend()

            yield Drawing(
                f"voting_{index}_{slug(run['name'])}_{slug(benchmark)}",
                f"{run['name']}: vote or think longer, {benchmark}",
                "Each line is one budget; its first point is a single response.",
                draw,
                fold(results, benchmark) or _MORE,
            )


def _curves(results: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(run["name"], curve) for run in results["runs"] for curve in run["curves"] if curve["name"] == name]
