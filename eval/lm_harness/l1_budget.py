"""What l1_budget.yaml asks for: rows of data_prep, their budget's sentence, and l1_verl's grading."""

from __future__ import annotations

import atexit
from functools import cache
from typing import Any

import datasets

from l1_verl.budget import Budget, with_budget
from l1_verl.grading import GradingPool


def load(data: str | None = None, **_: Any) -> dict[str, datasets.Dataset]:
    """The rows of the parquet file that ``--metadata '{"data": "FILE.parquet"}'`` names."""
    if data is None:
        raise ValueError("""l1_budget needs its data: --metadata '{"data": "FILE.parquet"}', written by data_prep""")
    return {"test": datasets.Dataset.from_parquet(data)}


def question(row: dict[str, Any]) -> str:
    """The problem with its budget's sentence."""
    return with_budget(row["prompt"], Budget.from_dict(row["extra_info"]["budget"]))[-1]["content"]


def answer(row: dict[str, Any]) -> str:
    return str(row["reward_model"]["ground_truth"])


def judge(row: dict[str, Any], responses: list[str]) -> dict[str, float]:
    [verdict] = _pool().grade_many([responses[0]], [answer(row)], [row["extra_info"]["answer_type"]])
    return {"acc": float(verdict.correct), "no_answer": float(verdict.status == "no_answer")}


@cache
def _pool() -> GradingPool:
    """One for all rows, from the first on: what a model wrote can keep a comparison busy for ever."""
    pool = GradingPool()
    atexit.register(pool.close)
    return pool
