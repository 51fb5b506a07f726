"""The files of L1's authors: the comparison on their site, and the parquet that main_generation.py writes.

The site's json has ``responses``, an object from "METHOD,BUDGET" ("LCPO-Exact,512") to text, is_correct and tokens.
The parquet has verl's columns, ``responses`` and ``token_lengths`` with one item a sample; ``reward_model.num_tokens``
is the budget, negative where it is a most and -1 for none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eval.convert.answered import Answered, Form, Row
from l1_verl.data.paths import find, find_all, has


def _site(row: Row) -> Iterator[Answered]:
    for method, response in row["responses"].items():
        name, _, tokens = method.rpartition(",")
        asks = tokens.strip().isdecimal()
        yield Answered(
            response=response.get("text") if isinstance(response, dict) else response,
            gold=row.get("correct_answer"),
            problem=row.get("problem"),
            problem_id=row.get("id"),
            # Methods are runs of their own; a report of one file keeps them apart by benchmark.
            benchmark=f"{row.get('dataset') or 'l1'}_{name or method}",
            budget=int(tokens) if asks else None,
            mode=("max" if "max" in name.lower() else "exact") if asks else "none",
            used=find(response, "tokens"),
            label=find(response, "is_correct"),
        )


def _parquet(row: Row) -> Iterator[Answered]:
    responses = find_all(row, "responses")
    if not responses:
        raise ValueError("it has no responses")
    lengths = find_all(row, "token_lengths")
    for number, response in enumerate(responses):
        yield Answered(
            response=response,
            gold=find(row, "reward_model.ground_truth"),
            problem=row.get("prompt"),
            problem_id=find(row, "extra_info.id"),
            benchmark=row.get("data_source"),
            budget=find(row, "extra_info.budget", "reward_model.num_tokens"),
            used=lengths[number] if len(lengths) == len(responses) else None,
            answer_type=find(row, "extra_info.answer_type"),
        )


def _methods(row: Row) -> bool:
    answers: Any = row.get("responses")
    return isinstance(answers, dict) and bool(answers) and all(has(answer, "text") for answer in answers.values())


SITE = Form("l1-site", "the comparison data of L1's site: responses by method and budget", _methods, _site)
PARQUET = Form(
    "l1",
    "verl's rows with responses, as L1's main_generation.py and verl's main_generation write them",
    lambda row: has(row, "responses", "reward_model.ground_truth", "prompt"),
    _parquet,
)
