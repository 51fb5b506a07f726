"""GPQA-Diamond (198 graduate-level questions with four options; gated on the hub) -> rows with a budget.

A record has ``Question``, ``Correct Answer`` and ``Incorrect Answer 1`` to ``3``. The order of the options is drawn
from --seed and what the record says, so it is the same for every budget and in any order of the file.

    python data_prep/gpqa_to_parquet.py --output gpqa.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

import random

from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, choice_problem, content_id
from l1_verl.data.sources import Record

OPTIONS = ("Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


def to_problem(record: Record, seed: int) -> Problem:
    question, options = record.text("Question"), [record.text(name) for name in OPTIONS]
    order = list(range(len(options)))
    random.Random(f"{seed}/{content_id(question, *options)}").shuffle(order)
    return choice_problem(record.index, question, [options[i] for i in order], correct=order.index(0))


if __name__ == "__main__":
    convert(Benchmark("gpqa", "Idavidrein/gpqa", to_problem, split="train", configs=("gpqa_diamond",)), __doc__)
