"""Problems out of records of any data set, by the names of their fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from l1_verl.data.answers import clean_answer, final_answer, ground_truth
from l1_verl.data.paths import find
from l1_verl.data.rows import CHOICE_INSTRUCTION, LETTERS, Problem, choice_problem, math_problem
from l1_verl.data.sources import Record

_LETTERED = re.compile(r"\(?\s*([A-J])\s*[).:]\s*", re.ASCII)
_ONE_LETTER = re.compile(r"\(?\s*([A-J])\s*\)?\s*[.:]?", re.ASCII)
# A gold of more characters than this, with a box in it, is a solution.
_LONGEST_ANSWER = 200


@dataclass(frozen=True)
class ProblemFields:
    """Where records have what: for each, dotted paths that are tried in order.

    Args:
        problem: the question, or a conversation whose last message it is.
        answer: the answer, a letter or position where there are options, or a solution that ends in it.
        options: a list of texts, an object from letters to texts, or the paths of the single options.
        id: what the data set calls the problem; without it, a hash of problem and answer.
        context: a text that stands before the question.
    """

    problem: Sequence[str] = (
        "problem",
        "question",
        "Problem",
        "Question",
        "query",
        "prompt",
        "input",
        "instruction",
    )
    answer: Sequence[str] = (
        "answer",
        "final_answer",
        "expected_answer",
        "ground_truth",
        "reward_model.ground_truth",
        "correct_answer",
        "answerKey",
        "Answer",
        "correct",
        "correct_option",
        "label",
        "gold",
        "gt",
        "target",
        "solution",
        "Solution",
        "rationale",
        "output",
    )
    options: Sequence[str] = ("options", "choices", "Options")
    id: Sequence[str] = ()
    context: Sequence[str] = ("passage", "context")  # fmt: skip

    def to_problem(self, record: Record) -> Problem:
        """The problem of a record.

        Raises:
            ValueError: it has none, or a blank answer, or an answer that is none of its options.
        """
        question = self._question(record)
        answer = find(record.values, *self.answer)
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            there = ", ".join(record.values) or "none"
            raise ValueError(
                f"its answer is blank, or at none of {', '.join(self.answer[:3])}, ...; its fields are {there}"
            )
        options = self._options(record)
        if options:
            problem = choice_problem(record.index, question, options, _position(answer, options, self._labels(record)))
        else:
            problem = _open_problem(record.index, question, answer)
        own = find(record.values, *self.id) if self.id else None
        if self.id and own is None:
            raise ValueError(f"it has no id at {' or '.join(self.id)}")
        return problem if own is None else replace(problem, id=str(own))

    def _question(self, record: Record) -> str:
        value = find(record.values, *self.problem)
        if isinstance(value, list) and value and isinstance(value[-1], dict):
            value = value[-1].get("content")
        if not isinstance(value, str) or not value.strip():
            there = ", ".join(record.values) or "none"
            raise ValueError(f"it has no text at {', '.join(self.problem[:3])}; its fields are {there}")
        before = find(record.values, *self.context)
        return f"{before.strip()}\n\n{value.strip()}" if isinstance(before, str) and before.strip() else value.strip()

    def _options(self, record: Record) -> list[str]:
        found = [value for path in self.options if (value := find(record.values, path)) is not None]
        value = found[0] if len(found) == 1 else found
        if isinstance(value, dict):
            value = value.get("text") or [value[letter] for letter in LETTERS if letter in value]
        if isinstance(value, str):
            value = _split(value)
        texts = [item.get("text") or item.get("content") if isinstance(item, dict) else item for item in value]
        if len(texts) < 2:
            return []
        if not all(isinstance(text, str | int | float) for text in texts):
            raise ValueError(f"its options are {value!r:.60}; they must be texts")
        return _without_letters([str(text) for text in texts])

    def _labels(self, record: Record) -> list[str]:
        """What the record itself calls its options, where it says: ["1", "2", "3", "4"]."""
        value = find(record.values, *(f"{path}.label" for path in self.options))
        return [str(label) for label in value] if isinstance(value, list) else []


def _open_problem(index: int, question: str, answer: Any) -> Problem:
    """A problem without options beside it: a formula, or a letter of options that stand in the question."""
    answers = [_answer(item) for item in (answer if isinstance(answer, list) else [answer])]
    gold = ground_truth(answers)
    letter = _ONE_LETTER.fullmatch(gold)
    listed = [option for option in LETTERS if re.search(rf"(?:^|[\s(])\(?{option}\s*[).:]", question)]
    if letter and len(listed) > 1 and letter[1] in listed:
        instruction = CHOICE_INSTRUCTION.format(letters=", ".join(listed))
        return Problem(index, question if _boxes(question) else f"{question}\n\n{instruction}", letter[1], "choice")
    return Problem(index, question, gold) if _boxes(question) else math_problem(index, question, gold)


def _boxes(question: str) -> bool:
    """Whether the question itself says how to answer."""
    return r"\boxed{" in question


def _answer(value: Any) -> Any:
    """A field's answer; of a solution its last box, and of GSM8K's what follows ####."""
    if not isinstance(value, str):
        return value
    several = value.count("boxed") > 1 and len(value) <= _LONGEST_ANSWER
    answer = value if several else final_answer(value)
    # 1,800 is a number with its thousands apart, where (1,800) or 1, 800 would be two.
    return answer.replace(",", "") if re.fullmatch(r"-?\$?\d{1,3}(,\d{3})+(\.\d+)?", answer.strip()) else answer


def _position(answer: Any, options: Sequence[str], labels: Sequence[str]) -> int:
    """Which option is right: by letter, by the record's own label, by position from 0, or by its text."""
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(options):
        return answer
    text = str(final_answer(answer)).strip()
    if text in labels:
        return labels.index(text)
    letter = _ONE_LETTER.fullmatch(text)
    if letter and LETTERS.index(letter[1]) < len(options):
        return LETTERS.index(letter[1])
    same = [number for number, option in enumerate(options) if clean_answer(option) == clean_answer(text)]
    if len(same) == 1:
        return same[0]
    if text.isdecimal() and int(text) < len(options):
        return int(text)
    raise ValueError(f"its answer is {answer!r:.60}, which is none of its {len(options)} options")


def _split(text: str) -> list[str]:
    """Options that stand in one text: ``A) 1 B) 2``, ``(A) 1 (B) 2``."""
    marks = list(re.finditer(r"(?:^|\s)" + _LETTERED.pattern, text))
    kept = [mark for number, mark in enumerate(marks) if mark[1] == LETTERS[number : number + 1]]
    ends = [mark.start() for mark in kept[1:]] + [len(text)]
    return [text[mark.end() : end].strip() for mark, end in zip(kept, ends, strict=True)]


def _without_letters(options: list[str]) -> list[str]:
    """Options without their own letters, where each has the one that is its."""
    marks = [_LETTERED.match(option.strip()) for option in options]
    if not all(mark and mark[1] == letter for mark, letter in zip(marks, LETTERS, strict=False)):
        return options
    return [option.strip()[mark.end() :] for option, mark in zip(options, marks, strict=True) if mark]
