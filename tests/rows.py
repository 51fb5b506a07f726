"""Rows that tests are made of."""

from __future__ import annotations

from typing import Any

from data_prep.rows import math_problem
from l1_verl.budget import Budget


def row(index: int, split: str = "train", budget: Budget | None = None) -> dict[str, Any]:
    return math_problem(index, f"What is {index} + 1?", str(index + 1)).row("sums", split, budget)
