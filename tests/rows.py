"""Rows that tests are made of."""

from __future__ import annotations

from typing import Any

from l1_verl.budget import Budget
from l1_verl.data.rows import math_problem


def row(index: int, split: str = "train", budget: Budget | None = None) -> dict[str, Any]:
    return math_problem(index, f"What is {index} + 1?", str(index + 1)).row("sums", split, budget)
