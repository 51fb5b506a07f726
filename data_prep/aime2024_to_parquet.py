"""AIME 2024 (30 problems, answers are whole numbers from 0 to 999) -> rows with a budget.

A record is ``{"problem": "Every morning Aya goes ...", "answer": "025", ...}``; "025" becomes "25".

    python data_prep/aime2024_to_parquet.py --output aime2024.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import whole_number
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    return math_problem(
        record.index, record.text("problem", "Problem"), whole_number(record.answers("answer", "Answer")[0])
    )


if __name__ == "__main__":
    convert(Benchmark("aime2024", "HuggingFaceH4/aime_2024", to_problem, split="train"), __doc__)
