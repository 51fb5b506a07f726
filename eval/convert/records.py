"""Samples, as eval.generate writes them, out of what a form found."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

from eval.convert.answered import (
    Answered,
    budget_of,
    label_of,
    tokens_of,
    truncated_of,
)
from eval.files import storable
from l1_verl.budget import MODES, Mode, read_budget, without_budget
from l1_verl.data.answers import final_answer
from l1_verl.files import content_hash
from l1_verl.grading import check_gold
from l1_verl.grading.grader import ANSWER_TYPES, gold_answers

_LETTER = re.compile(r"\(?([A-J])\)?[.:]?", re.ASCII)
_OPTION = r"(?:^|[\s(])\(?{}\s*[).:]"
# eval.generate's data sources end in the budget; other files' names may hold slashes, which the report cuts at.
_BUDGET_PART = re.compile(r"/(?:none|(exact|max)-(\d+)|range-(\d+-\d+)|level-[^\W\d_][\w-]*)$")


@dataclass
class Samples:
    """Makes samples, and numbers those of a problem and budget in the order of the file.

    Args:
        fallback: the benchmark where a row does not name one.
        benchmark: that of all samples, or None to take the rows' own.
        answer_type: that of all samples, or None to tell it by gold and problem.
    """

    fallback: str
    benchmark: str | None = None
    answer_type: str | None = None
    _taken: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def sample(self, found: Answered, row: int) -> dict[str, Any]:
        """The line of samples.jsonl for a response; ``token_source`` says who counted its tokens.

        Args:
            found: the response.
            row: the number of its row, which stands for a problem that the file neither names nor tells.

        Raises:
            ValueError: it cannot be graded, or a field holds what it cannot mean.
        """
        problem = text_of(found.problem)
        named, said = _parted(found.benchmark if isinstance(found.benchmark, str) else "")
        budget = budget_of(
            said if found.budget is None else found.budget, _mode(found.mode), text_of(found.prompt) or problem
        )
        problem = without_budget(problem).strip()
        gold = _gold(found)
        told = found.answer_type if found.answer_type in ANSWER_TYPES else None
        answer_type = self.answer_type or told or _answer_type(gold, problem, found.options)
        check_gold(gold, answer_type)
        benchmark = self.benchmark or named or self.fallback
        row_id = text_of(found.problem_id) or content_hash([problem, gold] if problem else [row])
        key = (benchmark, row_id, budget)
        number = self._taken[key]
        record = {
            "id": content_hash([benchmark, row_id, None if budget is None else budget.to_dict(), number]),
            "row_id": row_id,
            "data_source": f"{benchmark}/{'none' if budget is None else budget.label}",
            "budget": None if budget is None else budget.to_dict(),
            "sample": number,
            "problem": problem,
            "ground_truth": gold,
            "answer_type": answer_type,
            "response": _response(found.response),
            **_tokens(found),
            "inserted_tokens": 0,
            "truncated": truncated_of(found.truncated),
            "rounds": 1,
            "label": label_of(found.label),
        }
        self._taken[key] += 1  # not before: a row that cannot be used takes no number
        return record


def _tokens(found: Answered) -> dict[str, Any]:
    used, thinking = tokens_of(found.used, "tokens used"), tokens_of(found.thinking, "tokens of the thought")
    if used is not None and thinking is not None and thinking > used:
        raise ValueError(f"the thought has {thinking} tokens and the response {used}; it must have at least as many")
    return {
        "used_tokens": used,
        "thinking_tokens": thinking,
        "solution_tokens": None if used is None or thinking is None else used - thinking,
        "token_source": None if used is None else "file",
    }


def _parted(data_source: str) -> tuple[str, dict[str, Any] | None]:
    """Benchmark and budget of a name such as ``aime2025/exact-512``; what a level stands for is not in it."""
    part = _BUDGET_PART.search(data_source)
    name = _BUDGET_PART.sub("", data_source).strip("/").replace("/", "_")
    if part is None or not (part[1] or part[3]):
        return name, None
    budget = read_budget(part[3] or part[2], cast(Mode, part[1] or "exact"))
    return name, None if budget is None else budget.to_dict()


def _response(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it has no response" if value is None else f"its response is {value!r:.60}; it must be text")
    return storable(value)


def text_of(value: Any) -> str:
    """What is shown and compared: text as it is, conversations by their last message, other values as JSON."""
    if isinstance(value, list) and value and isinstance(value[-1], dict) and "content" in value[-1]:
        users = [message for message in value if message.get("role", "user") == "user"]
        return text_of((users or value)[-1]["content"])
    if value is None:
        return ""
    return storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


class Missing(ValueError):
    """A row lacks a field that nothing can be done without."""


def _mode(value: Any) -> Any:
    mode = text_of(value).strip().lower() or None
    if mode not in (*MODES, "none", None):
        raise ValueError(f"mode is {value!r:.60}; it must be one of {', '.join(MODES)}, none")
    return mode


def _gold(found: Answered) -> str:
    """The gold as rows carry it: one answer as it is, several that each count as a JSON list of strings."""
    gold = found.gold
    if gold is None:
        raise Missing("it has no gold answer (--gold names its field, --data the rows that were asked)")
    if isinstance(gold, list):
        gold = [final_answer(item) for item in gold]
    options = found.options
    if isinstance(gold, int) and not isinstance(gold, bool) and options and 0 <= gold < len(options):
        gold = "ABCDEFGHIJ"[gold]
    answers = [storable(answer) for answer in gold_answers(final_answer(gold))]
    return answers[0] if len(answers) == 1 else json.dumps(answers, ensure_ascii=False)


def _answer_type(gold: str, problem: str, options: Any) -> str:
    """A letter that the question lists options for is a choice; where no question is there, any letter A to J."""
    letter = _LETTER.fullmatch(gold.strip())
    if letter is None:
        return "math"
    listed = all(re.search(_OPTION.format(option), problem) for option in {"A", "B", letter[1]})
    return "choice" if options or listed or not problem else "math"
