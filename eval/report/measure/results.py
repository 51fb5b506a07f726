"""Everything the report says, as one plain structure: results.json. Tables, figures and the page are drawn from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.report.measure.agreement import labelled, token_sources
from eval.report.measure.bootstrap import Array, Estimate, estimate, share
from eval.report.measure.cells import SHARES, Cell, Resampler, cells_of, macro_length_errors, pooled_cells
from eval.report.measure.curves import curves_of, equal_tokens
from eval.report.measure.keywords import Keywords
from eval.report.measure.load import Run
from eval.report.measure.overview import Series, overview, series_of
from eval.report.measure.voting import voting

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Settings:
    """Args:
    resamples: of the bootstrap, >= 100.
    seed: of the bootstrap.
    at_tokens: token counts at which runs are compared; None for the budgets in the data.
    """

    resamples: int = 1000
    seed: int = 0
    at_tokens: Sequence[int] | None = None


def results(runs: Sequence[Run], keywords: Keywords, published: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Measures every run; the schema is eval/report/schema.json, described in docs/evaluate.md.

    Raises:
        ValueError: the runs were loaded with different counts.
    """
    if not runs:
        return _document([], [], [], settings, "response")
    if len({run.count for run in runs}) > 1:
        raise ValueError(f"runs count {', '.join(run.count for run in runs)}; load them all with the same count")
    resampler = Resampler(list(runs), settings.resamples, settings.seed)
    measured = []
    all_curves = {}
    series: list[Series] = []
    for run in runs:
        cells, pooled = list(cells_of(run, resampler)), list(pooled_cells(run, resampler))
        curves = curves_of(cells, published["groups"])
        all_curves[run.name] = curves
        series += series_of(run.name, cells, pooled)
        measured.append(
            {
                "name": run.name,
                "file": run.path.name,
                "config": run.config,
                "grading": run.grading,
                "n": len(run.samples),
                "problems": int(run.samples.groupby("benchmark", observed=True)["problem"].nunique().sum()),
                "cells": [_cell(cell, run, keywords, resampler) for cell in cells],
                "pooled": [_pooled(cell, run) for cell in pooled],
                "length_errors": [
                    {"group": group, "mode": mode, "metrics": {name: estimate(v) for name, v in errors.items()}}
                    for group, mode, errors in macro_length_errors(pooled, published["length_errors"]["groups"])
                ],
                "curves": [curve.to_dict() for curve in curves],
                "labelled": labelled(run, resampler),
                "token_sources": token_sources(run),
            }
        )
    return _document(overview(series), measured, equal_tokens(all_curves, settings.at_tokens), settings, runs[0].count)


def _document(
    rows: list[dict[str, Any]],
    runs: list[dict[str, Any]],
    compared: list[dict[str, Any]],
    settings: Settings,
    count: str,
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "settings": {
            "resamples": settings.resamples,
            "seed": settings.seed,
            "interval": "95 % percentile bootstrap, clustered by problem; Wilson's for shares of 0 and 100 %",
            "count": count,
        },
        "overview": rows,
        "runs": runs,
        "equal_tokens": compared,
    }


def _facts(cell: Cell) -> dict[str, Any]:
    return {
        "benchmark": cell.benchmark,
        "mode": cell.mode,
        "budget": cell.budget,
        "asked": cell.asked,
        "n": cell.n,
        "problems": cell.problems,
        "metrics": _estimates(cell.metrics, cell.problems),
    }


def _estimates(metrics: Mapping[str, Array], problems: int) -> dict[str, Estimate]:
    return {
        name: share(values, problems) if name in SHARES else estimate(values, problems)
        for name, values in metrics.items()
    }


def _cell(cell: Cell, run: Run, keywords: Keywords, resampler: Resampler) -> dict[str, Any]:
    return _facts(cell) | {
        "lengths": _histogram(run.samples["counted"].to_numpy()[cell.rows]),
        "keywords": _keyword_rates(cell, run, keywords, resampler),
        "voting": voting(cell, run.samples.loc[cell.rows], resampler),
    }


def _pooled(cell: Cell, run: Run) -> dict[str, Any]:
    """Over all budgets of a mode; ``monotone`` is the share of problems that get longer with every larger budget."""
    group = run.samples.loc[cell.rows]
    means = group.groupby(["problem", "budget"], observed=True)["counted"].mean().unstack()
    monotone = None
    if means.shape[1] > 1:
        complete = means.dropna()
        monotone = float((np.diff(complete.to_numpy(), axis=1) > 0).all(axis=1).mean()) if len(complete) else None
    return _facts(cell) | {"monotone": monotone}


def _histogram(counted: np.ndarray) -> dict[str, list[float]]:
    counted = counted[np.isfinite(counted)]  # converted files may not tell the tokens
    if counted.size == 0:
        return {"counts": [], "edges": []}
    counts, edges = np.histogram(counted, bins=min(40, max(5, int(np.sqrt(counted.size)))))
    return {"counts": counts.tolist(), "edges": [round(float(edge), 1) for edge in edges]}


def _keyword_rates(cell: Cell, run: Run, keywords: Keywords, resampler: Resampler) -> dict[str, Any]:
    """Occurrences per 1,000 tokens, by group and by keyword."""
    samples = run.samples.loc[cell.rows]
    codes = resampler.codes(cell.benchmark, samples["problem"])
    tokens = resampler.sums(cell.benchmark, codes, samples["used"].to_numpy())
    counts = np.where(samples["used"].notna().to_numpy()[:, None], run.keywords[cell.rows], 0)

    def rate(columns: np.ndarray) -> dict[str, Any]:
        found = counts[:, columns].sum(axis=1).astype(np.float64)
        sums = resampler.sums(cell.benchmark, codes, found)
        return dict(estimate(1000 * np.divide(sums, tokens, out=np.full_like(sums, np.nan), where=tokens > 0)))

    groups = np.array(keywords.groups)
    total = max(1.0, float(samples["used"].sum()))
    return {
        "groups": {group: rate(np.flatnonzero(groups == group)) for group in dict.fromkeys(keywords.groups)},
        "words": {w: round(1000 * float(counts[:, i].sum()) / total, 4) for i, w in enumerate(keywords.words)},
    }
