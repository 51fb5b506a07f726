"""Minerva (272 problems of university science courses) -> rows with a budget.

A record is ``{"problem" or "question": "If the Bohr energy ...", "answer": ["9.6\\n"] or "9.6", ...}``. Answers in a
list are spellings of one quantity, each of which counts.

    python data_prep/minerva_to_parquet.py --output minerva.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import ground_truth
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    return math_problem(record.index, record.text("problem", "question"), ground_truth(record.answers("answer")))


if __name__ == "__main__":
    convert(Benchmark("minerva", "math-ai/minervamath", to_problem), __doc__)
