"""Training curves from verl's file logger: one ``{"step", "data"}`` per line, several files for a resumed run."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.files import read_lines
from l1_verl.budget import MODES
from l1_verl.cli import InputError

_BAND = re.compile(rf"^lcpo/(?P<mode>{'|'.join(MODES)})/(?P<low>\d+)-(?P<high>\d+)/mean_abs_error$")

#: Curves by title: the metrics drawn in one figure, and their unit. Bands of budgets are found in the data.
CURVES: dict[str, tuple[tuple[str, ...], str]] = {
    "Reward": (("critic/score/mean",), "reward"),
    "Accuracy": (("lcpo/acc",), "share correct"),
    "Length error": (tuple(f"lcpo/{mode}/mean_abs_error" for mode in MODES), "mean |error|, share of budget"),
    "Obedience": (tuple(f"lcpo/{mode}/correlation" for mode in MODES), "correlation of budget and tokens used"),
    "Response length": (("response_length/mean",), "tokens"),
}


def load_training(paths: Sequence[Path]) -> dict[int, dict[str, float]]:
    """Metrics by step; where files overlap, the later file's numbers stand, key by key.

    Raises:
        InputError: a file is missing, or a line was not written by verl's file logger.
    """
    steps: dict[int, dict[str, float]] = {}
    for path in paths:
        for number, line in enumerate(read_lines(path), start=1):
            step, data = line.get("step"), line.get("data")
            if not isinstance(step, int) or not isinstance(data, dict):
                raise InputError(
                    f'{path}, line {number} was not written by verl\'s file logger {{"step": 1, "data": {{...}}}}'
                )
            steps.setdefault(step, {}).update({k: float(v) for k, v in data.items() if _is_number(v)})
    if not steps:
        raise InputError(f"{', '.join(map(str, paths))}: no step was logged")
    return dict(sorted(steps.items()))


def curves(steps: dict[int, dict[str, float]]) -> dict[str, dict[str, Any]]:
    """Per title ``{"unit", "series": {metric: {"steps", "values"}}}``; metrics that were not logged are left out."""
    logged = {metric for data in steps.values() for metric in data}
    wanted = dict(CURVES)
    bands = sorted((m for m in logged if _BAND.match(m)), key=lambda m: (m.split("/")[1], int(_low(m))))
    wanted["Length error by budget"] = (tuple(bands), "mean |error|, share of budget")
    drawn = {}
    for title, (metrics, unit) in wanted.items():
        series = {}
        for metric in metrics:
            points = [
                (step, data[metric]) for step, data in steps.items() if math.isfinite(data.get(metric, math.nan))
            ]
            if points:
                series[metric] = {"steps": [s for s, _ in points], "values": [v for _, v in points]}
        if series:
            drawn[title] = {"unit": unit, "series": series}
    return drawn


def _low(metric: str) -> str:
    match = _BAND.match(metric)
    assert match is not None
    return match["low"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
