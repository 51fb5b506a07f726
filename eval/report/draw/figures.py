"""The figures, each drawn from results.json and, where dots are shown, from the samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from eval.report.draw.style import Drawing, colour, label, log_tokens
from eval.report.measure.load import Run

# Of all runs in a figure: more make no clearer picture and a larger file.
_DOTS = 400
# Lines that can still be told apart in one figure; more get another figure.
_SERIES = 8
_MORE = "More figures"
_COUNTED = {"response": "tokens used", "thinking": "tokens of the thought"}


def drawings(results: dict[str, Any], runs: Sequence[Run], published: dict[str, Any]) -> list[Drawing]:
    """Every figure that the runs have data for."""
    return [
        *_accuracy_over_tokens(results, published),
        *_requested_and_used(results, runs),
        *_error_by_budget(results),
        *_lengths(results),
        *_thinking_ratio(results),
        *_keywords(results),
        *_voting(results),
    ]


def training_drawings(curves: dict[str, dict[str, Any]]) -> list[Drawing]:
    """One figure per training curve, over steps."""
    return [
        Drawing(f"training_{_slug(title)}", f"Training: {title.lower()}", "Every step that was logged.", _steps(curve))
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
            for (model, points), marker in zip(reference, itertools.cycle("ov^sDP"), strict=False):
                tokens, accuracy = zip(*points, strict=True)
                axes.plot(
                    tokens, [a / 100 for a in accuracy], "--" if len(points) > 1 else "", marker=marker, ms=3, lw=0.9,
                    color="#8b949e", label=label(f"{model} (published)", 48),
                )  # fmt: skip
            for index, (run, curve) in enumerate(_curves(results, name)):
                tokens, accuracy = _points(curve["points"], "tokens"), _points(curve["points"], "accuracy")
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
        fold = None if name.startswith("macro:") else _fold(results, name)
        yield Drawing(f"accuracy_tokens_{_slug(name)}", f"Accuracy over tokens: {name}", caption, draw, fold)


def _requested_and_used(results: dict[str, Any], runs: Sequence[Run]) -> Iterator[Drawing]:
    counted = _COUNTED[results["settings"]["count"]]
    samples = {run.name: run.samples for run in runs}
    for benchmark in _benchmarks(results):
        series = [
            (name, cells, _asked(samples[run], benchmark, mode))
            for name, run, mode, cells in _budgeted(results, benchmark)
            if any(cell["metrics"]["utilisation"]["value"] is not None for cell in cells)
        ]
        for number, first in enumerate(range(0, len(series), _SERIES)):
            suffix = f"_{number + 1}" if number else ""
            yield Drawing(
                f"requested_used_{_slug(benchmark)}{suffix}",
                f"Tokens used over tokens asked for: {benchmark}",
                "A dot is a response, a line the means with 95 % intervals; on the dotted line budgets are met.",
                _used_over_asked(series[first : first + _SERIES], counted),
                _fold(results, benchmark),
            )


def _used_over_asked(series: Sequence[tuple[str, list[Any], Any]], counted: str) -> Any:
    def draw(axes: Axes) -> None:
        longest = max(max(frame["counted"].max(), frame["budget"].max()) for _, _, frame in series)
        for index, (name, cells, frame) in enumerate(series):
            shown = frame.sample(min(_DOTS // len(series), len(frame)), random_state=0)
            jitter = np.random.default_rng(0).uniform(-0.012, 0.012, len(shown)) * longest
            axes.scatter(shown["budget"] + jitter, shown["counted"], s=5, alpha=0.3, color=colour(index), lw=0)
            # What was counted is utilisation times the budget; its interval is already there.
            budgets = np.array([cell["budget"] for cell in cells])
            means, errors = _points([cell["metrics"] for cell in cells], "utilisation")
            axes.errorbar(
                budgets, np.array(means) * budgets, yerr=np.array(errors) * budgets, fmt="o-", ms=4, capsize=2, lw=1.8,
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


def _budgeted(results: dict[str, Any], benchmark: str) -> Iterator[tuple[str, str, str, list[Any]]]:
    """Name of the series, run, mode and cells of every run and mode with budgets on a benchmark."""
    for run in results["runs"]:
        for mode in ("exact", "max"):
            cells = [c for c in run["cells"] if c["benchmark"] == benchmark and c["mode"] == mode]
            if cells:
                yield f"{run['name']} ({mode})", run["name"], mode, cells


def _error_by_budget(results: dict[str, Any]) -> Iterator[Drawing]:
    for metric, title, unit in (
        ("mean_abs_error", "Length error by budget", "mean |error| / budget"),
        ("mean_error", "Signed length error by budget", "mean error / budget"),
    ):
        for benchmark in _benchmarks(results):
            series = [
                (name, cells)
                for name, _, _, cells in _budgeted(results, benchmark)
                if any(c["metrics"][metric]["value"] is not None for c in cells)
            ]
            if not series:
                continue

            def draw(axes: Axes, metric: str = metric, unit: str = unit, series: list[Any] = series) -> None:
                for index, (name, cells) in enumerate(series):
                    values = _points([c["metrics"] for c in cells], metric)
                    axes.errorbar(
                        [c["budget"] for c in cells], values[0], yerr=values[1], fmt="o-", ms=4, capsize=2,
                        color=colour(index), label=label(name),
                    )  # fmt: skip
                axes.axhline(0, color="#8b949e", lw=0.8)
                axes.set(xlabel="tokens asked for", ylabel=unit)
                axes.legend()

            yield Drawing(
                f"{metric}_{_slug(benchmark)}",
                f"{title}: {benchmark}",
                "With 95 % intervals; at 0 budgets are kept.",
                draw,
                _fold(results, benchmark),
            )


def _lengths(results: dict[str, Any]) -> Iterator[Drawing]:
    counted = _COUNTED[results["settings"]["count"]]
    for index, run in enumerate(results["runs"]):
        counted_cells = [cell for cell in run["cells"] if cell["lengths"]["counts"]]
        for benchmark in dict.fromkeys(cell["benchmark"] for cell in counted_cells):
            cells = [cell for cell in counted_cells if cell["benchmark"] == benchmark]

            def draw(axes: Axes, cells: list[Any] = cells) -> None:
                for number, cell in enumerate(cells):
                    counts, edges = np.array(cell["lengths"]["counts"]), cell["lengths"]["edges"]
                    name = "no budget" if cell["budget"] is None else f"{cell['mode']} {cell['budget']}"
                    axes.stairs(counts / counts.sum(), edges, color=colour(number), fill=True, alpha=0.35)
                    axes.stairs(counts / counts.sum(), edges, color=colour(number), lw=1.2, label=name)
                    if cell["budget"] is not None:
                        axes.axvline(cell["budget"], color=colour(number), ls=":", lw=1.2)
                axes.set(xlabel=counted, ylabel="share of responses")
                axes.legend()

            yield Drawing(
                f"lengths_{index}_{_slug(run['name'])}_{_slug(benchmark)}",
                f"{run['name']}: lengths, {benchmark}",
                f"Distribution of {counted}, by budget; dotted lines are the budgets.",
                draw,
                _fold(results, benchmark) or _MORE,
            )


def _thinking_ratio(results: dict[str, Any]) -> Iterator[Drawing]:
    series = [
        (f"{run}, {benchmark} ({mode})", cells)
        for benchmark in _benchmarks(results)
        for _, run, mode, cells in _budgeted(results, benchmark)
        if cells[0]["metrics"]["solution_tokens"]["value"] is not None
    ]
    for number, first in enumerate(range(0, len(series), _SERIES)):
        yield _thinking_and_solution(number, series[first : first + _SERIES])


def _thinking_and_solution(number: int, series: Sequence[tuple[str, list[Any]]]) -> Drawing:
    def draw(axes: Axes) -> None:
        for index, (name, cells) in enumerate(series):
            budgets = [c["budget"] for c in cells]
            thinking = _points([c["metrics"] for c in cells], "thinking_tokens")
            solution = _points([c["metrics"] for c in cells], "solution_tokens")
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
            f"keywords_{index}_{_slug(run['name'])}",
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
                    name = "no budget" if cell["budget"] is None else f"{cell['mode']} {cell['budget']}"
                    rows = [row for row in cell["voting"] if row["k"] != 2]  # two samples cannot outvote each other
                    values = _points(rows, "maj")[0]
                    axes.plot([r["tokens"] for r in rows], values, "o-", ms=4, color=colour(number), label=name)
                log_tokens(axes)
                axes.set(xlabel="tokens per problem (k x mean, log scale)", ylabel="accuracy of the vote (maj@k)")
                axes.legend()

            yield Drawing(
                f"voting_{index}_{_slug(run['name'])}_{_slug(benchmark)}",
                f"{run['name']}: vote or think longer, {benchmark}",
                "Each line is one budget; its first point is a single response.",
                draw,
                _fold(results, benchmark) or _MORE,
            )


def _fold(results: dict[str, Any], benchmark: str) -> str | None:
    """What a benchmark's figures are folded under: nothing where there is only this one."""
    return f"Figures: {benchmark}" if len(_benchmarks(results)) > 1 else None


def _curves(results: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(run["name"], curve) for run in results["runs"] for curve in run["curves"] if curve["name"] == name]


def _benchmarks(results: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(cell["benchmark"] for run in results["runs"] for cell in run["cells"]))


def _points(rows: Sequence[dict[str, Any]], key: str) -> tuple[list[float], list[list[float]]]:
    """Values and the distances to both ends of their intervals, as matplotlib takes them."""
    values = [np.nan if row[key]["value"] is None else row[key]["value"] for row in rows]
    below = [v - row[key]["low"] if row[key]["low"] is not None else 0 for v, row in zip(values, rows, strict=True)]
    above = [row[key]["high"] - v if row[key]["high"] is not None else 0 for v, row in zip(values, rows, strict=True)]
    return values, [[max(0.0, b) for b in below], [max(0.0, a) for a in above]]


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_")[:60]
