"""Responses put together with the benchmark rows that they answer, where the file itself does not say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eval.convert.answered import Answered
from eval.convert.records import text_of
from l1_verl.budget import without_budget
from l1_verl.cli import InputError
from l1_verl.data.tables import RowFile
from l1_verl.grading.grader import gold_answers
from l1_verl.row import RowFacts, read_row


class Asked:
    """The rows that a model was asked, by their id and by their question.

    Args:
        paths: files of rows, as data_prep or another verl project writes them.

    Raises:
        InputError: a file cannot be read, or holds a row that could not be asked.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._by_id: dict[str, RowFacts] = {}
        self._by_question: dict[str, RowFacts] = {}
        self._by_gold: defaultdict[str, list[tuple[str, RowFacts]]] = defaultdict(list)
        for path in paths:
            for number, row in enumerate(RowFile(path)):
                try:
                    self._add(read_row(row))
                except (ValueError, AttributeError) as error:
                    raise InputError(f"--data {path}: row {number} (from 0): {error}") from None

    def _add(self, facts: RowFacts) -> None:
        question = str(facts.messages[-1]["content"]).strip()
        if self._by_question.setdefault(question, facts) is facts:
            self._by_id[facts.id] = facts
            self._by_gold[_key(facts.ground_truth)].append((question, facts))

    def known(self, found: Answered) -> Answered:
        """``found`` with the row's id, question, benchmark and answer, where there is such a row."""
        asked = without_budget(text_of(found.prompt) or text_of(found.problem)).strip()
        facts = (
            self._by_id.get(text_of(found.problem_id)) or self._by_question.get(asked) or self._inside(asked, found)
        )
        if facts is None:
            return found
        return replace(
            found,
            gold=facts.ground_truth,
            problem=facts.messages[-1]["content"],
            prompt=found.prompt if found.prompt is not None else found.problem,
            problem_id=facts.id,
            benchmark=facts.data_source.split("/")[0],
            answer_type=facts.answer_type,
        )

    def _inside(self, asked: str, found: Answered) -> RowFacts | None:
        """The row whose question stands in a prompt among a chat template's words, as in verl's dumps."""
        if found.gold is None:
            return None
        rows = self._by_gold.get(_key(found.gold), ())
        fitting = [(question, facts) for question, facts in rows if question in asked]
        return max(fitting, key=lambda row: len(row[0]))[1] if fitting else None


def _key(gold: object) -> str:
    try:
        return "\n".join(gold_answers(gold))
    except ValueError:
        return ""
