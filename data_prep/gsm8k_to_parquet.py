"""GSM8K (1,319 word problems of grade school) -> rows with a budget.

A record is ``{"question": "Janet's ducks lay ...", "answer": "Janet sells ... <<9*2=18>>18 ...\\n#### 18"}``.

    python data_prep/gsm8k_to_parquet.py --output gsm8k.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, math_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    _, mark, answer = record.text("answer").rpartition("####")
    number = answer.strip().replace(",", "")
    if not mark or not number:
        raise ValueError("its answer has no '####' with a number behind")
    return math_problem(record.index, record.text("question"), number)


if __name__ == "__main__":
    convert(Benchmark("gsm8k", "openai/gsm8k", to_problem, configs=("main",)), __doc__)
