"""MATH-500 (500 problems, answers in LaTeX) -> rows with a budget.

A record is ``{"problem": "Convert the point ...", "answer": "\\left( 3, \\frac{\\pi}{2} \\right)", ...}``.

    python data_prep/math500_to_parquet.py --output math500.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import ground_truth
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    return math_problem(record.index, record.text("problem"), ground_truth(record.answers("answer")))


if __name__ == "__main__":
    convert(Benchmark("math500", "HuggingFaceH4/MATH-500", to_problem), __doc__)
