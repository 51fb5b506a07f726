"""OlympiadBench (675 text-only English mathematics problems with final answers) -> rows with a budget.

A record is ``{"problem" or "question": "Xenia and Sergey ...", "answer" or "final_answer": ["2"], "context": null}``.
Where a problem has several answers, they stand in one string and are all asked for.

    python data_prep/olympiad_bench_to_parquet.py --output olympiad_bench.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.answers import ground_truth
from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    question = record.text("problem", "question")
    if record.values.get("context"):
        question = f"{record.text('context').strip()}\n{question}"
    return math_problem(record.index, question, ground_truth(record.items("answer", "final_answer")))


if __name__ == "__main__":
    configs = ("OE_TO_maths_en_COMP",)
    convert(Benchmark("olympiad_bench", "Hothan/OlympiadBench", to_problem, split="train", configs=configs), __doc__)
