"""The tiny profile's parquet files: training problems without a budget, and unseen ones at each evaluation budget."""

from __future__ import annotations

from pathlib import Path

from data_prep.rows import math_problem, write_rows
from l1_verl.budget import Budget, Mode
from recipes.tiny.arithmetic import Sum

#: Budgets that evaluation asks for, in tokens; training draws from 40 to 128. A working line has four tokens, so a
#: model that keeps multiples of four alone would look too obedient at them: every remainder is here.
EVAL_BUDGETS = (41, 70, 99, 128)


def write_training(path: Path, sums: list[Sum]) -> None:
    """One row per problem; the data set draws the budgets."""
    write_rows([_problem(i, s).row("tiny", "train") for i, s in enumerate(sums)], path)


def write_benchmark(path: Path, sums: list[Sum], mode: Mode) -> None:
    """Every problem at every evaluation budget; ``data_source`` names the budget, for metrics per budget."""
    rows = [
        _problem(i, s).row(f"tiny/{mode}-{tokens}", "test", Budget(mode, tokens))
        for tokens in EVAL_BUDGETS
        for i, s in enumerate(sums)
    ]
    write_rows(rows, path)


def _problem(index: int, sum_: Sum):
    return math_problem(index, sum_.problem, sum_.answer)
