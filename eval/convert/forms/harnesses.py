"""Harnesses for mathematics whose rows are flat: Qwen2.5-Math's (and Math-Eval, LIMO, ...) and NeMo-Skills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from eval.convert.answered import Answered, Form, Row, with_thought
from eval.convert.forms.flat import COMMON
from l1_verl.data.paths import find, has

_QWEN_MATH = replace(
    COMMON,
    response=("code",),
    gold=("gt",),
    problem=("question", "problem"),
    prompt=("prompt",),
    label=("score",),
    used=("num_tokens", "token_lengths", "completion_tokens"),
    budget=("budget", "token_budget"),
    options=("options", "choices"),
)
_NEMO_SKILLS = replace(
    COMMON,
    response=("generation",),
    gold=("expected_answer",),
    problem=("problem", "question"),
    label=("symbolic_correct", "is_correct", "judge_correct", "llm_correct", "any_correct"),
    used=("num_generated_tokens",),
    truncated=("finish_reason", "stop_reason"),
)


def _nemo_skills(row: Row) -> Iterator[Answered]:
    """With a reasoning parser, the thought stands apart from the generation."""
    for found in _NEMO_SKILLS.read(row):
        yield replace(found, response=with_thought(find(row, "reasoning_content"), found.response))


QWEN_MATH = Form(
    "qwen-math",
    "outputs of the Qwen2.5-Math harness: code, gt, pred, score",
    lambda row: has(row, "code", "gt") and isinstance(row["code"], list),
    _QWEN_MATH.read,
)
NEMO_SKILLS = Form(
    "nemo-skills",
    "NeMo-Skills' output-rs*.jsonl: generation, expected_answer",
    lambda row: has(row, "generation", "expected_answer"),
    _nemo_skills,
)
