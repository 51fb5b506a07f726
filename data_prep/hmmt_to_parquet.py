"""HMMT February 2025 (30 problems of the Harvard-MIT tournament) -> rows with a budget.

A record is MathArena's ``{"problem_idx": 1, "problem": "Compute ...", "answer": "103", "problem_type": [...]}``.

    python data_prep/hmmt_to_parquet.py --output hmmt.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import ground_truth
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    return math_problem(record.index, record.text("problem", "question"), ground_truth(record.items("answer")))


if __name__ == "__main__":
    convert(Benchmark("hmmt", "MathArena/hmmt_feb_2025", to_problem, split="train"), __doc__)
