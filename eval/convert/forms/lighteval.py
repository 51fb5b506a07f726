"""LightEval's details_*.parquet, in both layouts that it has had.

A row of the newer one has structs ``doc`` (query, choices, gold_index, task_name), ``model_response`` (text,
output_tokens) and ``metric``; the older one has ``example``, ``gold``, ``predictions``, ``cont_tokens`` and
``metrics`` beside each other, and in its first files lists stand as texts of Python.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from eval.convert.answered import Answered, Form, Row, label_of, with_thought
from l1_verl.data.paths import find, has

_LETTERS = "ABCDEFGHIJ"


def _read(row: Row) -> Iterator[Answered]:
    yield from (_now(row) if has(row, "doc", "model_response") else _before(row))


def _now(row: Row) -> Iterator[Answered]:
    doc, response = row["doc"], row["model_response"]
    texts = _list(response.get("text"))
    if not texts:
        raise ValueError("its model_response has no text; a task of log-likelihoods has no responses to grade")
    thoughts, tokens = _list(response.get("reasonings")), _list(response.get("output_tokens"))
    gold, options = _gold(_list(doc.get("choices")), _list(doc.get("gold_index")))
    for number, text in enumerate(texts):
        yield Answered(
            response=with_thought(thoughts[number] if number < len(thoughts) else None, text),
            gold=gold,
            problem=doc.get("query"),
            prompt=response.get("input") or doc.get("query"),
            benchmark=_task(doc.get("task_name")),
            used=_count(tokens, number, len(texts)),
            label=_label(row.get("metric"), len(texts)),
            options=options,
        )


def _before(row: Row) -> Iterator[Answered]:
    texts = _list(row["predictions"])
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError("its predictions hold no text; a task of log-likelihoods has no responses to grade")
    golds = _list(row.get("gold"))
    gold, options = _gold(_list(row.get("choices")), _list(row.get("gold_index")))
    tokens = _list(row.get("cont_tokens"))
    for number, text in enumerate(texts):
        yield Answered(
            response=text,
            gold=golds[0] if len(golds) == 1 else golds or gold,
            problem=find(row, "example", "full_prompt"),
            prompt=row.get("full_prompt"),
            used=_count(tokens, number, len(texts)),
            label=_label(row.get("metrics"), len(texts)),
            options=options,
        )


def _list(value: Any) -> list[Any]:
    """A list, one that was written as a text of Python, or a single value."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return [value]
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _gold(choices: list[Any], indices: list[Any]) -> tuple[Any, list[Any] | None]:
    """The right one of several options by its letter; of a task with a single choice that choice is the answer."""
    right = [int(index) for index in indices if 0 <= int(index) < len(choices)]
    golds = [choices[index] for index in right]
    letters = [str(choice).strip().strip("().") for choice in choices]
    if len(choices) > 1 and letters == list(_LETTERS[: len(choices)]):
        return (golds[0] if len(golds) == 1 else golds), choices
    if len(choices) > max(1, len(golds)):
        return [_LETTERS[index] for index in right if index < len(_LETTERS)], choices
    return (golds[0] if len(golds) == 1 else golds or None), None


def _task(name: Any) -> Any:
    """``lighteval|aime24|0`` and ``aime24|0`` are aime24 without examples."""
    parts = [part for part in str(name or "").split("|") if part]
    if len(parts) > 1 and parts[-1].isdecimal():
        parts = parts[:-1]
    return parts[-1] if parts else None


def _count(tokens: list[Any], number: int, of: int) -> int | None:
    return len(tokens[number]) if len(tokens) == of and isinstance(tokens[number], list) and tokens[number] else None


def _label(metrics: Any, of: int) -> Any:
    """The first metric that says right or wrong; over several responses it is a mean, and no label."""
    values = metrics.values() if isinstance(metrics, dict) else ()
    return next((value for value in values if label_of(value) is not None), None) if of == 1 else None


FORM = Form(
    "lighteval",
    "LightEval's details_*.parquet",
    lambda row: has(row, "doc.query", "model_response") or has(row, "full_prompt", "predictions"),
    _read,
)
