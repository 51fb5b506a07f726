"""What a form finds in a row: responses as they stand there, with what the file says about them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from l1_verl.budget import Budget, Mode, budget_in
from l1_verl.thought import THINK_END

Row = dict[str, Any]

_RIGHT = {"true", "1", "1.0", "correct", "yes", "right"}
_WRONG = {"false", "0", "0.0", "-1", "-1.0", "incorrect", "no", "wrong"}
#: The ends of a response that a limit made, in the words of servers and harnesses.
_LIMITS = {"length", "max_tokens", "model_length", "max_output_tokens", "incomplete", "true"}


@dataclass(frozen=True, slots=True)
class Answered:
    """One response. Fields hold what the file has; ``records`` checks and converts it.

    Attributes:
        response: the text, thought included.
        gold: the answer, several that each count, or a solution that ends in it.
        problem: what was asked.
        prompt: what the model was given, where that is more: the budget's sentence stands here.
        problem_id: what the file calls the problem.
        benchmark: where the problem is from.
        budget: tokens, ``{"mode", "tokens"}``, or None.
        mode: how the budget is meant, where the file says so.
        used: tokens of the response.
        thinking: those of them in the thought.
        truncated: True, False or a server's word for how the response ended.
        label: what the file holds for right and wrong.
        answer_type: "math" or "choice" where the form knows.
        options: the texts of a question's options.
    """

    response: Any
    gold: Any
    problem: Any = None
    prompt: Any = None
    problem_id: Any = None
    benchmark: Any = None
    budget: Any = None
    mode: Any = None
    used: Any = None
    thinking: Any = None
    truncated: Any = None
    label: Any = None
    answer_type: Any = None
    options: Any = None


@dataclass(frozen=True)
class Form:
    """A layout of files.

    Attributes:
        name: what ``--form`` calls it.
        about: whose layout it is, in a few words.
        recognises: whether a row, the first one of a file, is of this layout.
        read: the responses of a row; raises ValueError for a row that has none.
        variant: of a layout that tells one response several times, what it is and which telling this is: only those
            of the kind that comes first are taken.
    """

    name: str
    about: str
    recognises: Callable[[Row], bool]
    read: Callable[[Row], Iterator[Answered]]
    variant: Callable[[Row], tuple[Any, Any]] | None = None


def with_thought(thought: Any, text: Any) -> Any:
    """A response of a server that hands out the thought apart, as one text."""
    if isinstance(thought, str) and thought.strip() and (text is None or isinstance(text, str)):
        return f"<think>\n{thought}\n{THINK_END}\n\n{text or ''}"
    return text


def label_of(value: Any) -> bool | None:
    """Right or wrong in the spellings of files; None for anything else, such as a score between.

    Example:
        >>> label_of(1.0), label_of("False"), label_of(0.3), label_of(-1)
        (True, False, None, False)
    """
    word = str(value).strip().lower()
    return True if word in _RIGHT else False if word in _WRONG else None


def tokens_of(value: Any, what: str) -> int | None:
    """A count of tokens: a whole number >= 0, its text, the length of a list of tokens; None and NaN are unknown.

    Raises:
        ValueError: it is something else.

    Example:
        >>> tokens_of("500", "tokens"), tokens_of([5, 6, 7], "tokens"), tokens_of(float("nan"), "tokens")
        (500, 3, None)
    """
    if isinstance(value, list):
        return len(value)
    if isinstance(value, str) and re.fullmatch(r"\s*\d+(\.0*)?\s*", value):
        value = float(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer() or value < 0:
        raise ValueError(f"{what} is {value!r:.60}; it must be a whole number >= 0")
    return int(value)


def truncated_of(value: Any) -> bool | None:
    """Whether a limit ended the response; None where the file does not say."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return bool(value) if isinstance(value, bool | int | float) else str(value).strip().lower() in _LIMITS


def budget_of(value: Any, mode: Any, text: str) -> Budget | None:
    """The budget of a response: from its field, else from the words of its prompt.

    L1's own files write a most of 512 as -512, and no budget as -1. A number whose kind neither the file nor the
    prompt tells is taken as exact.

    Raises:
        ValueError: the field, or the mode, is none that a budget can have.
    """
    if mode == "none":
        return None
    if isinstance(value, dict):
        return Budget.from_dict(value)
    if (isinstance(value, float) and math.isnan(value)) or value in (None, "", "none", -1):
        return budget_in(text)
    number = float(value) if isinstance(value, str) and re.fullmatch(r"\s*-?\d+(\.0*)?\s*", value) else value
    whole = isinstance(number, int | float) and not isinstance(number, bool) and float(number).is_integer()
    if not whole:
        raise ValueError(f"budget is {value!r:.60}; it must be a whole number of tokens >= 0")
    tokens = abs(int(number))
    said = budget_in(text, tokens)
    if said is not None and said.tokens == tokens and mode in (None, said.mode) and number >= 0:
        return said
    kind: Mode = mode or ("max" if number < 0 or (said is not None and said.mode == "max") else "exact")
    return Budget(kind, tokens)
