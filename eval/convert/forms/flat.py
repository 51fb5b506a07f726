"""Any row with a response and a gold answer: where each field stands, by dotted paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from eval.convert.answered import Answered, Form, Row
from l1_verl.data.paths import find, find_all

Paths = tuple[str, ...]


@dataclass(frozen=True)
class Fields:
    """Where a layout has what: for each field the paths that are tried in order.

    ``response`` may lead to several texts, by ``*`` or because a list stands there; each is a sample, and other
    fields with as many values go with them one by one. A gold with several values has several answers that each count.
    """

    response: Paths
    gold: Paths
    problem: Paths = ()
    prompt: Paths = ()
    problem_id: Paths = ()
    benchmark: Paths = ()
    budget: Paths = ()
    mode: Paths = ()
    used: Paths = ()
    thinking: Paths = ()
    truncated: Paths = ()
    label: Paths = ()
    answer_type: Paths = ()
    options: Paths = ()

    def read(self, row: Row) -> Iterator[Answered]:
        """Raises ValueError for a row without a response."""
        path = next((path for path in self.response if find_all(row, path)), None)
        if path is None:
            raise ValueError(
                f"it has no response at {' or '.join(self.response[:4])}; its fields are {', '.join(row) or 'none'}"
            )
        responses = find_all(row, path)
        # "id" may count samples and not problems: it is asked only where the problem itself is not there.
        named = None if find(row, *self.problem) is not None else find(row, "id", "idx", "index", "uid")
        whole = {name: find(row, *getattr(self, name)) for name in _WHOLE}
        for number, response in enumerate(responses):
            each = {name: _nth(row, getattr(self, name), number, len(responses)) for name in _EACH}
            found = Answered(response=response, **whole, **each)
            yield found if found.problem_id is not None else replace(found, problem_id=named)


_WHOLE = ("gold", "problem", "prompt", "problem_id", "benchmark", "answer_type", "options")
_EACH = ("budget", "mode", "used", "thinking", "truncated", "label")


def _nth(row: Row, paths: Paths, number: int, of: int) -> Any:
    """The value for one of several responses: its own, or the one that the row has for all."""
    for path in paths:
        values = find_all(row, path)
        if len(values) == of > 1 or "*" in path:
            return values[number] if number < len(values) else None
        value = find(row, path)
        if isinstance(value, list) and len(value) == of == 1:
            value = value[0]
        if value is not None:
            return value
    return None


#: Names that files use, the clear ones before those that may mean something else.
COMMON = Fields(
    response=(
        "response", "responses", "output", "outputs", "generation", "generations", "completion", "completions",
        "model_response", "model_output", "full_model_response", "generated_text", "generated_solution", "prediction",
        "predictions", "text", "response_text", "raw_output", "code", "resps",
    ),
    gold=(
        "ground_truth", "gold", "expected_answer", "reference_answer", "correct_answer", "gold_answer",
        "reward_model.ground_truth", "expected", "target", "gts", "gt", "answer", "label_answer", "solution",
    ),
    problem=("problem", "question", "prompt", "query", "input", "instruction", "messages"),
    prompt=("rendered_prompt", "full_prompt", "prompt"),
    problem_id=("row_id", "problem_id", "question_id", "unique_id"),
    benchmark=("benchmark", "dataset", "data_source", "task", "task_name"),
    budget=(
        "budget", "budget_tokens", "token_budget", "thinking_budget", "target_tokens", "target_length",
        "extra_info.budget", "reward_model.num_tokens", "num_tokens",
    ),
    mode=("mode", "budget_mode"),
    used=(
        "used_tokens", "total_tokens", "completion_tokens", "output_tokens", "num_generated_tokens",
        "generated_tokens", "response_tokens", "response_length", "token_lengths", "num_output_tokens",
        "usage.completion_tokens", "usage.output_tokens", "n_tokens", "token_count", "tokens",
    ),
    thinking=("thinking_tokens", "reasoning_tokens", "think_tokens", "thinking_length"),
    truncated=("truncated", "finish_reason", "finish_reasons", "stop_reason"),
    label=("correct", "is_correct", "label", "acc", "accuracy", "score", "scores", "reward", "exact_match"),
    answer_type=("answer_type", "extra_info.answer_type"),
    options=("options", "choices"),
)  # fmt: skip


def _read(row: Row) -> Iterator[Answered]:
    for found in COMMON.read(row):
        # A list of tokens may hold the prompt's as well: who knows that it does not says --tokens.
        yield replace(found, used=None) if isinstance(found.used, list) else found


def flat(paths: dict[str, str]) -> Form:
    """The form whose fields stand where ``paths`` says, and elsewhere where files usually have them."""
    if not paths:
        return FLAT
    return replace(FLAT, read=replace(COMMON, **{name: (path,) for name, path in paths.items()}).read)


def overridden(form: Form, paths: dict[str, str], constants: dict[str, Any]) -> Form:
    """``form`` with some fields taken from other paths, and some the same for all rows."""
    chosen = replace(Fields(response=(), gold=()), **{name: (path,) for name, path in paths.items()})

    def read(row: Row) -> Iterator[Answered]:
        answered = list(form.read(row))
        for number, found in enumerate(answered):
            values = {name: find(row, *getattr(chosen, name)) for name in _WHOLE if name in paths}
            for name in set(_EACH) & set(paths):
                values[name] = _nth(row, getattr(chosen, name), number, len(answered))
            yield replace(found, **values | constants)

    return replace(form, read=read) if paths or constants else form


FLAT = Form("flat", "rows with a response and a gold answer under any names", lambda row: True, _read)
