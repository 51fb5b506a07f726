"""Tables, once: as rows for the page and as markdown for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eval.report.draw.board import board
from eval.report.draw.table import Table, format_estimate, number

_ADHERENCE = (
    ("accuracy", "accuracy", "percent"),
    ("used_tokens", "mean used", "tokens"),
    ("mean_abs_error", "mean abs. error", "percent"),
    ("within_10", "within 10 %", "percent"),
    ("within_20", "within 20 %", "percent"),
    ("mean_error", "signed error", "percent"),
    ("over_budget", "over budget", "percent"),
)
_OVERVIEW = (
    ("accuracy", "accuracy", "percent"),
    ("used_tokens", "mean used", "tokens"),
    ("mean_abs_error", "mean abs. error", "percent"),
    ("over_budget", "over budget", "percent"),
    ("utilisation", "utilisation", "percent"),
)
_COMPARED = ("accuracy", "used_tokens", "mean_abs_error")
_UNKNOWN = {"value": None, "low": None, "high": None}
# Only where several budgets are looked at together.
_DIAL = (("correlation", "correlation", "number"), ("slope", "tokens per token asked", "number"))
_MORE = (
    ("soft_violation", "> 500 over", "percent"),
    ("utilisation", "utilisation", "percent"),
    ("mean_abs_error_tokens", "mean abs. error", "tokens"),
    ("met", "met", "percent"),
    ("rmse", "RMSE", "tokens"),
    ("relative_rmse", "RMSE / budget", "percent"),
    ("truncated", "truncated", "percent"),
    ("no_answer", "no answer", "percent"),
    ("grade_timeout", "grading timed out", "percent"),
    ("thinking_tokens", "thinking", "tokens"),
    ("solution_tokens", "solution", "tokens"),
    ("thinking_ratio", "thinking : solution", "number"),
)


def tables(results: dict[str, Any], published: dict[str, Any]) -> list[Table]:
    """Every table that the runs have data for."""
    runs = results["runs"]
    found = [
        _overview(results),
        _cells("By benchmark", results, "pooled", (*_ADHERENCE, *_DIAL)),
        _cells("By budget", results, "cells", _ADHERENCE),
        _cells("By budget: limits, truncation, thinking and solution", results, "cells", _MORE),
        _length_errors(runs, published["length_errors"]),
        _curves(results),
        board(results, published),
        _voting(runs),
        _keywords(runs),
        _labelled(runs),
        _token_sources(runs),
        _rules(runs),
        *_published(results, published),
    ]
    return [table for table in found if table.rows]


def _overview(results: dict[str, Any]) -> Table:
    rows: list[list[str]] = []
    for row in results["overview"]:
        cells = [row["run"], row["mode"], f"{len(row['benchmarks'])}", f"{row['n']:,}"]
        for name, _, kind in _OVERVIEW:
            cells.append(format_estimate(row["metrics"][name], kind))
            if name in _COMPARED:
                found = (row["differences"] or {}).get(name, _UNKNOWN)
                cells.append(format_estimate(found, kind, signed=True))
        rows.append(cells)
    note = "Means over benchmarks, each weighing the same, all budgets together; 95 % intervals."
    if len(rows) > 1:
        note += (
            f" A difference is to the first row ({rows[0][0]}, {rows[0][1]}), on the benchmarks and budgets that "
            "both have, with the interval of the paired difference."
        )
    heads = ["run", "budgets", "benchmarks", "n"]
    for name, head, _ in _OVERVIEW:
        heads += [head, "difference"] if name in _COMPARED else [head]
    if len(rows) == 1:
        keep = [index for index, head in enumerate(heads) if head != "difference"]
        heads, rows = [heads[i] for i in keep], [[row[i] for i in keep] for row in rows]
    return Table("Runs", note, heads, rows)


def _cells(title: str, results: dict[str, Any], part: str, metrics: Sequence[tuple[str, str, str]]) -> Table:
    runs = results["runs"]
    rows = []
    keys = dict.fromkeys((c["benchmark"], c["asked"]) for run in runs for c in _with_unbudgeted(run, part))
    for benchmark, asked in keys:
        for run in runs:
            for cell in _with_unbudgeted(run, part):
                if (cell["benchmark"], cell["asked"]) == (benchmark, asked):
                    values = [format_estimate(cell["metrics"][name], kind) for name, _, kind in metrics]
                    if part == "pooled":
                        share = cell.get("monotone")
                        values.append("–" if share is None else number(share, "percent"))
                    rows.append([benchmark, asked, run["name"], f"{cell['n']:,}", *values])
    note = "Value and 95 % interval (bootstrap clustered by problem)."
    if results["settings"]["count"] == "thinking":
        note += " Budgets are held against the tokens of the thought."
    if part == "pooled":
        note += " All budgets together; signed errors of both directions cancel, absolute ones do not."
        note += " The last column is the share of problems."
    heads = ["benchmark", "budget", "run", "n", *(head for _, head, _ in metrics)]
    return Table(title, note, [*heads, "longer with every budget"] if part == "pooled" else heads, rows)


def _with_unbudgeted(run: dict[str, Any], part: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = list(run[part])
    if part == "pooled":
        cells += [cell for cell in run["cells"] if cell["mode"] == "none"]
    return cells


def _length_errors(runs: Sequence[dict[str, Any]], published: dict[str, Any]) -> Table:
    rows: list[list[str]] = []
    groups: dict[str, Any] = {}
    for run in runs:
        for row in run["length_errors"]:
            groups[row["group"]] = None
            values = [row["metrics"][name] for name in ("mean_error", "relative_rmse", "mean_abs_error")]
            cells = [format_estimate(value, "percent") for value in values]
            rows.append([row["group"], f"{row['mode']} all", run["name"], *cells])
    for group in groups:
        for model, (mean, rmse) in published["models"].get(group, {}).items():
            rows.append([group, "exact all", f"{model} (published)", f"{mean} %", f"{rmse} %", "–"])
    rows.sort(key=lambda row: list(groups).index(row[0]))
    note = (
        "In percent of the budget, over all budgets; every benchmark of a group weighs the same. Published: Table 2."
    )
    heads = ["benchmarks", "budget", "run", "signed error", "RMSE", "mean abs. error"]
    return Table("Length error over groups of benchmarks", note, heads, rows)


def _curves(results: dict[str, Any]) -> Table:
    rows = [
        [
            curve["name"],
            run["name"],
            curve["mode"],
            format_estimate(curve["slope_per_decade"], "number"),
            format_estimate(curve["r_squared"], "number"),
            format_estimate(curve["area"], "percent"),
        ]
        for run in results["runs"]
        for curve in run["curves"]
        if "slope_per_decade" in curve
    ]
    note = "Accuracy over log10 of the mean tokens used: least-squares slope, its R², and the curve's mean accuracy."
    heads = ["benchmark", "run", "mode", "slope per decade", "R²", "area (mean accuracy)"]
    return Table("What tokens buy", note, heads, rows)


def _voting(runs: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for run in runs:
        for cell in run["cells"]:
            for row in cell["voting"]:
                values = [format_estimate(row[name], "percent") for name in ("avg", "pass", "maj")]
                rows.append(
                    [cell["benchmark"], cell["asked"], run["name"], str(row["k"]), _tokens(row["tokens"]), *values]
                )
    heads = ["benchmark", "budget", "run", "k", "tokens", "avg@k", "pass@k", "maj@k"]
    return Table("Several samples per problem", "Average, chance that one is right, and majority vote.", heads, rows)


def _keywords(runs: Sequence[dict[str, Any]]) -> Table:
    groups = list(dict.fromkeys(g for run in runs for cell in run["cells"] for g in cell["keywords"]["groups"]))
    rows = []
    for run in runs:
        for cell in run["cells"]:
            rates = cell["keywords"]["groups"]
            if any(rate["value"] for rate in rates.values()):
                shown = [format_estimate(rates[group], "number") for group in groups]
                rows.append([cell["benchmark"], cell["asked"], run["name"], *shown])
    return Table("Keywords", "Occurrences per 1,000 tokens.", ["benchmark", "budget", "run", *groups], rows)


def _tokens(tokens: float | None) -> str:
    return "–" if tokens is None else f"{tokens:,.0f}"


def _labelled(runs: Sequence[dict[str, Any]]) -> Table:
    rows = [
        [
            row["benchmark"],
            run["name"],
            f"{row['n']:,}",
            *(format_estimate(row[name], "percent") for name in ("labelled_accuracy", "accuracy", "agreement")),
            f"{row['only_label_right']:,}",
            f"{row['only_ours_right']:,}",
        ]
        for run in runs
        for row in run["labelled"]
    ]
    heads = ["benchmark", "run", "n", "accuracy by labels", "accuracy", "agreement", "right by label only"]
    note = "Converted files that say themselves what is right: their labels against our grades."
    return Table("Agreement with the labels of the file", note, [*heads, "right by us only"], rows)


def _token_sources(runs: Sequence[dict[str, Any]]) -> Table:
    words = {"file": "by the file", "recounted": "re-counted by a tokenizer", "unknown": "unknown"}
    rows = [
        [run["name"], *(f"{run['token_sources'].get(source, 0):,}" for source in words)]
        for run in runs
        if run["token_sources"]
    ]
    note = "Samples of converted files. Re-counted tokens are those of the text, without EOS."
    return Table("Who counted the tokens", note, ["run", *words.values()], rows)


def _rules(runs: Sequence[dict[str, Any]]) -> Table:
    """By which rules each run was graded, where they are known."""
    known = [run for run in runs if run["grading"]]
    names = list(dict.fromkeys(name for run in known for name in run["grading"]))
    rows = [[run["name"], *(str(run["grading"].get(name, "–")) for name in names)] for run in known]
    note = "Version of the grader, seconds for one comparison, and whether an answer counts only after </think>."
    if different_rules(runs):
        note += " These runs were graded by different rules: their accuracies do not compare."
    return Table("How it was graded", note, ["run", *(name.replace("_", " ") for name in names)], rows)


def different_rules(runs: Sequence[dict[str, Any]]) -> bool:
    """Whether two runs were graded by rules that are known to differ."""
    known = [run["grading"] for run in runs if run["grading"]]
    return any(rules != known[0] for rules in known)


def _published(results: dict[str, Any], published: dict[str, Any]) -> list[Table]:
    """Published numbers, only beside measurements of the same benchmarks and always marked."""
    names = {curve["name"] for run in results["runs"] for curve in run["curves"]}
    rows = [
        [
            name,
            curve["model"],
            "none" if budget is None else f"{curve['mode']} {budget}",
            f"{tokens:,}",
            f"{accuracy} %",
        ]
        for curve in published["curves"]
        for name, points in curve["benchmarks"].items()
        if name in names
        for budget, (tokens, accuracy) in zip(curve["budgets"], points, strict=True)
    ]
    heads = ["benchmark", "model", "budget", "tokens used", "accuracy"]
    return [Table("Published by the paper's authors (not measured here)", published["note"], heads, rows)]
