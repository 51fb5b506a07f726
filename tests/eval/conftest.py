from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from eval.chat import Chat
from l1_verl.budget import Budget
from recipes.tiny.tokenizer import build_tokenizer

Row = dict[str, Any]


def chat_with_spelled_tag() -> Chat:
    """A tokenizer for which ``</think>`` is text like any other."""
    chat = Chat(build_tokenizer(), "tiny")
    chat.end_of_thought = None
    return chat


@pytest.fixture
def row() -> Callable[..., Row]:
    """Makes a benchmark row as data_prep writes it."""

    def make(number: int, budget: Budget | None = None, benchmark: str = "tiny", **changes: Any) -> Row:
        source = benchmark if budget is None else f"{benchmark}/{budget.mode}-{budget.tokens}"
        return {
            "data_source": source,
            "prompt": [{"role": "user", "content": f"What is {number} + 1?"}],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": str(number + 1)},
            "extra_info": {
                "split": "test",
                "index": number,
                "id": f"row-{number}",
                "answer_type": "math",
                "budget": budget.to_dict() if budget else None,
            },
        } | changes

    return make


@pytest.fixture
def graded() -> Callable[..., Row]:
    """Makes a graded sample."""

    def make(problem: int, sample: int = 0, *, used: int = 100, correct: bool = True, **changes: Any) -> Row:
        budget = changes.pop("budget", {"mode": "exact", "tokens": 100})
        benchmark = changes.pop("benchmark", "tiny")
        source = benchmark if budget is None else f"{benchmark}/{budget['mode']}-{budget['tokens']}"
        return {
            "id": f"{source}-{problem}-{sample}",
            "row_id": f"row-{problem}",
            "data_source": source,
            "budget": budget,
            "sample": sample,
            "problem": f"Problem {problem}",
            "ground_truth": "1",
            "answer_type": "math",
            "response": "Wait, 1.\n</think>\n\\boxed{1}",
            "used_tokens": used,
            "thinking_tokens": used - 7,
            "solution_tokens": 7,
            "inserted_tokens": 0,
            "truncated": False,
            "rounds": 1,
            "correct": correct,
            "answer": "1" if correct else "2",
            "status": "ok",
        } | changes

    return make


@pytest.fixture
def jsonl(tmp_path) -> Callable[..., Path]:
    """Writes records as lines of a file."""

    def write(records: Iterable[Row], name: str = "graded.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return write
