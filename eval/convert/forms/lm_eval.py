"""lm-evaluation-harness: samples_*.jsonl of --log_samples.

A line has ``doc`` (the data set's record), ``target``, ``arguments``, ``resps`` ([[text, more texts of --repeats]]),
``filter`` and the metrics by name. A task with several filters writes each response once for every filter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from eval.convert.answered import Answered, Form, Row, label_of
from l1_verl.data.paths import find, find_all, has

_METRICS = ("exact_match", "acc", "math_verify", "exact_match_original", "pass@1", "score")
_OPTIONS = ("doc.choices.text", "doc.choices", "doc.options")


def _read(row: Row) -> Iterator[Answered]:
    doc = row.get("doc") if isinstance(row.get("doc"), dict) else {}
    responses = find_all(row, "resps") or find_all(row, "filtered_resps")
    if not responses or not all(isinstance(response, str) for response in responses) or _likelihoods(row):
        raise ValueError("its resps hold no text; a task of log-likelihoods has no responses to grade")
    # The target of a few-shot task may be a whole solution, where the record has the answer itself.
    gold = find(row, "doc.reward_model.ground_truth", "target", "doc.answer", "doc.gold", "doc.solution")
    label = next((row[name] for name in (*(row.get("metrics") or ()), *_METRICS) if name in row), None)
    for response in responses:
        yield Answered(
            response=response,
            gold=gold,
            problem=find(doc, "problem", "question", "Question", "query", "prompt", "input") or _prompt(row),
            prompt=_prompt(row),
            problem_id=find(row, "doc.extra_info.id", "doc_hash", "doc_id"),
            benchmark=find(row, "doc.data_source", "task_name", "task"),
            budget=find(row, "doc.extra_info.budget"),
            label=label if len(responses) == 1 and label_of(label) is not None else None,
            answer_type=find(row, "doc.extra_info.answer_type"),
            options=find(row, *_OPTIONS),
        )


def _likelihoods(row: Row) -> bool:
    """Each choice asked for by its likelihood: pairs of a number and whether it was the greedy one."""
    first = find(row, "resps.0.0")
    return isinstance(first, list) and len(first) == 2 and str(first[1]) in ("True", "False")


def _prompt(row: Row) -> Any:
    """The last message, or the text, that the model was given."""
    prompt = find(row, "arguments.0.0", "arguments.gen_args_0.arg_0")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]  # a conversation, as a text of JSON
    if isinstance(prompt, str) and prompt.startswith("["):
        try:
            return json.loads(prompt)
        except json.JSONDecodeError:
            return prompt
    return prompt


def variant(row: Row) -> tuple[Any, Any]:
    """The record that a response belongs to, and the filter that this row tells it under."""
    return (row.get("doc_id"), row.get("doc_hash")), row.get("filter")


FORM = Form(
    "lm-eval",
    "lm-evaluation-harness's samples_*.jsonl (--log_samples)",
    lambda row: has(row, "doc", "target") and (has(row, "resps") or has(row, "filtered_resps")),
    _read,
    variant=variant,
)
