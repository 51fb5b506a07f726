"""LSAT analytical reasoning (AGIEval's lsat-ar: 230 questions with five options) -> rows with a budget.

A record is AGIEval's ``{"passage": ..., "question": ..., "options": ["(A)Mon. ...", ...], "label": "C"}`` or the hub's
``{"query": "<passage>Q: <question> Answer Choices: (A)...", "choices": ["(A)Mon. ...", ...], "gold": [2]}``; both give
the same rows.

    python data_prep/lsat_to_parquet.py --output lsat.parquet --budgets 512 1024 --mode exact
"""

from __future__ import annotations

import re

from l1_verl.data.convert import Benchmark, convert
from l1_verl.data.rows import Problem, choice_problem
from l1_verl.data.sources import Record


def to_problem(record: Record, _seed: int) -> Problem:
    if "query" in record.values:
        passage, question = split_query(record.text("query"))
    else:
        passage, question = record.text("passage"), record.text("question")
    options = [re.sub(r"^\([A-E]\)", "", option) for option in record.texts("options", "choices")]
    correct = record.option(len(options), "label", "gold")
    return choice_problem(record.index, f"{passage.strip()}\n\n{question.strip()}", options, correct)


def split_query(query: str) -> tuple[str, str]:
    """The passage and the question of ``<passage>Q: <question> Answer Choices: ...``.

    Raises:
        ValueError: the marks are not there.
    """
    passage, mark, rest = query.rpartition("Q: ")
    question, end, _ = rest.partition(" Answer Choices:")
    if not mark or not end:
        raise ValueError("query has no 'Q: ' followed by ' Answer Choices:'")
    return passage, question


if __name__ == "__main__":
    convert(Benchmark("lsat", "dmayhem93/agieval-lsat-ar", to_problem), __doc__)
