"""AIME 2025 I and II (30 problems, answers are whole numbers from 0 to 999) -> rows with a budget.

A record is ``{"problem" or "question": "Find the sum ...", "answer": "70" or 70.0}``; parts I and II may be two files.

    python data_prep/aime2025_to_parquet.py --output aime2025.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import whole_number
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    return math_problem(record.index, record.text("problem", "question"), whole_number(record.answers("answer")[0]))


if __name__ == "__main__":
    parts = ("AIME2025-I", "AIME2025-II")
    convert(Benchmark("aime2025", "opencompass/AIME2025", to_problem, configs=parts), __doc__)
