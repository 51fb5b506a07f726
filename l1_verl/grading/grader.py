"""The verdict on one response: extraction, gold answers, and what a comparison's outcome means."""

from __future__ import annotations

import json
import math
import numbers
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from l1_verl.grading.choice import extract_choice, option_letter
from l1_verl.grading.equivalence.compare import compare, no_algebra
from l1_verl.grading.equivalence.prepare import prepare
from l1_verl.grading.equivalence.structure import parse_compound
from l1_verl.grading.extract import last_boxed
from l1_verl.thought import final_text

AnswerType = Literal["math", "choice"]
Status = Literal["ok", "no_answer", "timeout", "gold_unparsable"]

ANSWER_TYPES: tuple[str, ...] = get_args(AnswerType)
STATUSES: tuple[str, ...] = get_args(Status)
OUTCOMES: tuple[str, ...] = ("correct", "wrong", *STATUSES[1:])


@dataclass(frozen=True)
class Grade:
    """The verdict on one response.

    Args:
        correct: the answer equals a gold answer.
        answer: what the response answered, as written; ``None`` where it answered nothing.
        status: "ok" (compared), "no_answer", "timeout" (the comparison hit a limit of time, memory or recursion), or
            "gold_unparsable" (no gold answer can be read, so an answer other than its exact text cannot be judged).
    """

    correct: bool
    answer: str | None
    status: Status

    @property
    def outcome(self) -> str:
        """One word for a table: "correct" or "wrong" where the answer was compared, else the status."""
        if self.status != "ok":
            return self.status
        return "correct" if self.correct else "wrong"


def gold_answers(gold: Any) -> list[str]:
    r"""The gold answers of a row: one, or several any of which counts.

    A string that is a JSON list of strings means several; ``[5, 10]`` is one answer, an interval. Whole floats lose
    their ``.0``.

    Raises:
        ValueError: no gold, or one that is neither text, number nor a list of these.

    Example:
        >>> gold_answers(142.0), gold_answers('["0.01", "0.02"]'), gold_answers("[5,10]")
        (['142'], ['0.01', '0.02'], ['[5,10]'])
    """
    if hasattr(gold, "tolist"):  # numpy scalars and arrays, as parquet gives them
        gold = gold.tolist()
    if isinstance(gold, list | tuple):
        golds = [answer for item in gold for answer in gold_answers(item)]
        if not golds:
            raise ValueError(f"gold answer is {gold!r}; a list must hold at least one answer")
        return golds
    if isinstance(gold, numbers.Real) and not isinstance(gold, bool):
        if isinstance(gold, int):
            return [str(gold)]
        value = float(gold)
        if not math.isfinite(value):
            raise ValueError(f"gold answer is {gold!r}; it must be finite")
        return [str(int(value)) if value.is_integer() else repr(value)]
    if not isinstance(gold, str):
        raise ValueError(f"gold answer is {gold!r} of type {type(gold).__name__}; it must be text, a number or a list")
    if not gold.strip():
        raise ValueError(f"gold answer is {gold!r}; it must not be empty")
    return _json_strings(gold) or [gold.strip()]


def _json_strings(gold: str) -> list[str] | None:
    if not gold.lstrip().startswith('["'):
        return None
    try:
        items = json.loads(gold)
    except json.JSONDecodeError:
        return None
    strings = [item.strip() for item in items if isinstance(item, str) and item.strip()]
    return strings if len(strings) == len(items) else None


def check_gold(gold: Any, answer_type: str = "math") -> None:
    """Refuses a row that can never be graded; meant for the moment data is loaded. The caller adds the row's id.

    Raises:
        ValueError: no gold, a gold of a wrong type, an unknown answer type, or an option that is not a letter A to J.

    Example:
        >>> check_gold("K", "choice")
        Traceback (most recent call last):
        ValueError: gold answer is 'K'; an option must be a letter from A to J
    """
    _checked(gold, answer_type)


def _checked(gold: Any, answer_type: str) -> list[str]:
    if answer_type not in ANSWER_TYPES:
        raise ValueError(f"answer type is {answer_type!r}; it must be one of {', '.join(ANSWER_TYPES)}")
    golds = gold_answers(gold)
    for answer in golds:
        if answer_type == "choice" and option_letter(answer) is None:
            raise ValueError(f"gold answer is {answer!r}; an option must be a letter from A to J")
    return golds


def first_pass(
    response: str, gold: Any, answer_type: str, *, require_think_end: bool
) -> tuple[Grade | None, str | None, tuple[str, ...]]:
    """The grade as far as text alone decides it; else ``None`` with the answer and the golds that need algebra."""
    golds = _checked(gold, answer_type)
    text = final_text(response, require_think_end=require_think_end)
    if text is None:
        return Grade(False, None, "no_answer"), None, ()
    if answer_type == "choice":
        letter = extract_choice(text)
        correct = letter is not None and letter in {option_letter(option) for option in golds}
        return Grade(correct, letter, "ok" if letter else "no_answer"), letter, ()
    answer = last_boxed(text)
    if answer is None or not answer.strip():
        return Grade(False, None, "no_answer"), None, ()
    prepared = prepare(answer)
    verdicts = {gold: compare(prepared, _prepare_gold(gold), no_algebra) for gold in golds}
    if True in verdicts.values():
        return Grade(True, answer, "ok"), answer, ()
    undecided = tuple(gold for gold, same in verdicts.items() if same is None)
    return (None if undecided else Grade(False, answer, "ok")), answer, undecided


@lru_cache(maxsize=8192)
def _prepare_gold(gold: str) -> str:
    return prepare(gold)


def verdict(answer: str, golds: tuple[str, ...]) -> tuple[bool, Status]:
    """Compares with algebra: correct and status, "gold_unparsable" where not one gold could be read."""
    from l1_verl.grading.equivalence.algebra import (  # sympy: a second's import that many runs never need
        Unparsable,
        same_expression,
    )

    prepared = prepare(answer)
    unparsable = 0
    for gold in golds:
        try:
            if compare(prepared, prepare(gold), same_expression):
                return True, "ok"
        except Unparsable:
            unparsable += 1
    return False, "gold_unparsable" if unparsable == len(golds) else "ok"


def is_gradable(gold: Any, answer_type: str = "math") -> bool:
    """``grading.is_gradable`` without limits; call it where it may be killed."""
    check_gold(gold, answer_type)
    if answer_type == "choice":
        return True
    golds = gold_answers(gold)
    return all(map(_meets_itself, golds)) and any(_is_readable(prepare(answer)) for answer in golds)


def _meets_itself(gold: str) -> bool:
    done, answer, undecided = first_pass(f"\\boxed{{{gold}}}", gold, "math", require_think_end=False)
    return done.correct if done is not None else verdict(str(answer), undecided)[0]


def _is_readable(gold: str, depth: int = 0) -> bool:
    from l1_verl.grading.equivalence.algebra import is_expression

    if compare(gold, "0", no_algebra) is not None and parse_compound(gold) is None:
        return True
    compound = parse_compound(gold)
    if compound is not None and depth < 4:
        return all(_is_readable(item, depth + 1) for item in compound.items)
    return is_expression(gold)
