"""Where a converted file has labels of its own: how often our grades say the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from eval.report.measure.bootstrap import estimate
from eval.report.measure.cells import Resampler
from eval.report.measure.load import Run


def labelled(run: Run, resampler: Resampler) -> list[dict[str, Any]]:
    """For each benchmark with labels: how many, the accuracy by them and by us, and how often both agree."""
    known = run.samples[run.samples["label"].notna()]
    return [_row(str(name), group, resampler) for name, group in known.groupby("benchmark", observed=True)]


def token_sources(run: Run) -> dict[str, int]:
    """Samples by who counted their tokens; empty where all were counted by the engine that made them."""
    sources = run.samples["token_source"].dropna()
    if sources.empty and run.samples["used"].notna().all():
        return {}
    unknown = int(run.samples["used"].isna().sum())
    counts = {str(name): int(n) for name, n in sources.value_counts().items()}
    return counts | {"unknown": unknown} if unknown else counts


def _row(benchmark: str, group: pd.DataFrame, resampler: Resampler) -> dict[str, Any]:
    codes = resampler.codes(benchmark, group["problem"])
    ours, theirs = group["correct"].to_numpy(np.float64), group["label"].to_numpy(np.float64)
    means = {"accuracy": ours, "labelled_accuracy": theirs, "agreement": (ours == theirs).astype(np.float64)}
    return {
        "benchmark": benchmark,
        "n": len(group),
        **{name: estimate(resampler.mean(benchmark, codes, values)) for name, values in means.items()},
        "only_ours_right": int(((ours == 1) & (theirs == 0)).sum()),
        "only_label_right": int(((ours == 0) & (theirs == 1)).sum()),
    }
