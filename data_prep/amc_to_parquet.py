"""AMC 12 of 2022 and 2023 (83 problems, numeric answers) -> rows with a budget.

A record is ``{"problem": "What is the value of ...", "answer": 142.0, ...}``; 142.0 becomes "142".

    python data_prep/amc_to_parquet.py --output amc.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import ground_truth
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    return math_problem(record.index, record.text("problem"), ground_truth([record.get("answer")]))


if __name__ == "__main__":
    convert(Benchmark("amc", "AI-MO/aimo-validation-amc", to_problem, split="train"), __doc__)
