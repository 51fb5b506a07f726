"""The tiny profile's parquet files: training problems without a budget, and unseen ones at each evaluation budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from l1_verl.budget import Budget
from l1_verl.data.rows import Problem, math_problem, write_rows
from recipes.tiny.arithmetic import Sum, split

#: Budgets that evaluation asks for, in tokens; training draws from 40 to 128. A working line has four tokens, so a
#: model that keeps multiples of four alone would look too obedient at them: every remainder is here.
EVAL_BUDGETS = (41, 70, 99, 128)

#: Problems that no training sees: 200 to watch a run by, 400 for the figures of the README.
VALIDATION, TEST = 200, 400


def parts(seed: int) -> tuple[list[Sum], list[Sum], list[Sum]]:
    """(training, validation, test): the same three disjoint lists for the same seed."""
    training, held_out = split(seed, VALIDATION + TEST)
    return training, held_out[:VALIDATION], held_out[VALIDATION:]


def write_training(path: Path, sums: list[Sum]) -> None:
    """One row per problem; the data set draws the budgets."""
    write_rows([_problem(i, s).row("tiny", "train") for i, s in enumerate(sums)], path)


def write_benchmark(path: Path, sums: list[Sum], budgets: Sequence[Budget | None]) -> None:
    """Every problem at every budget; ``data_source`` names the budget, for metrics per budget."""
    rows = [
        _problem(i, s).row(f"tiny/{'none' if budget is None else budget.label}", "test", budget)
        for budget in budgets
        for i, s in enumerate(sums)
    ]
    write_rows(rows, path)


def _problem(index: int, sum_: Sum) -> Problem:
    return math_problem(index, sum_.problem, sum_.answer)
