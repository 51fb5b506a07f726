"""Every sample of a report, packed for the page: facts of all of them, texts of some."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd

from eval.report.measure.load import Run

#: Facts of a sample, in the order in which the page reads them.
COLUMNS = (
    "asked", "budget", "target", "sample", "counted", "thinking", "correct", "status", "truncated", "answer", "gold",
    "id",
)  # fmt: skip


def packed(runs: Sequence[Run]) -> str:
    """gzip over JSON, in base64: ``{"runs", "benchmarks", "problems", "texts", "samples"}``.

    ``samples`` holds a list a column, ``run``, ``benchmark`` and ``problem`` by number. ``problems`` are
    ``[id, text]``, the text null where none of its samples is kept; ``texts`` are responses by run and sample.
    """
    frame = pd.concat([run.samples.assign(run=number) for number, run in enumerate(runs)], ignore_index=True)
    benchmark_codes, benchmarks = pd.factorize(frame["benchmark"].astype(str))
    keys = frame["benchmark"].astype(str) + "\n" + frame["problem"].astype(str)
    problem_codes, problems = pd.factorize(keys)
    examples = [sample for run in runs for sample in run.examples]
    asked = {f"{s['data_source'].split('/')[0]}\n{s['row_id']}": s["problem"] for s in examples}
    content = {
        "runs": [run.name for run in runs],
        "benchmarks": list(benchmarks),
        "problems": [[key.partition("\n")[2], asked.get(key)] for key in problems],
        "texts": {f"{number} {s['id']}": s["response"] for number, run in enumerate(runs) for s in run.examples},
        "samples": {
            "run": frame["run"].tolist(),
            "benchmark": benchmark_codes.tolist(),
            "problem": problem_codes.tolist(),
            **{name: _plain(frame[name]) for name in COLUMNS},
        },
    }
    return base64.b64encode(gzip.compress(orjson.dumps(content), mtime=0)).decode()


def _plain(column: pd.Series) -> list[Any]:
    """The values as JSON has them: whole numbers without a point, null for NaN."""
    if column.dtype == np.float64:
        return [None if np.isnan(value) else int(value) for value in column]
    return [None if value is None else value for value in column.tolist()]
