"""What a row of verl's parquet says, this project's or another's: one reading for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from l1_verl.budget import Budget, budget_in
from l1_verl.data.rows import content_id
from l1_verl.grading import check_gold


@dataclass(frozen=True)
class RowFacts:
    """Attributes:
    id: the row's ``extra_info.id``, or a hash of its question where it has none.
    data_source: where it comes from.
    messages: the conversation, without a budget's sentence at its end.
    budget: ``extra_info.budget``, or what the last message ends with, or None.
    ground_truth: the answer, as the row carries it.
    answer_type: "math" where the row does not say.
    """

    id: str
    data_source: str
    messages: tuple[dict[str, Any], ...]
    budget: Budget | None
    ground_truth: Any
    answer_type: str


def read_row(row: Mapping[str, Any]) -> RowFacts:
    """The facts of a row.

    Raises:
        ValueError: it has no source, no user's message at the end, an invalid budget, or an answer that nothing can
            be graded by.
    """
    if not row.get("data_source"):
        raise ValueError(f"data_source is {row.get('data_source')!r}; it must name where the row comes from")
    messages = row.get("prompt")
    if not isinstance(messages, list | tuple) or not messages or not isinstance(messages[-1], Mapping):
        raise ValueError(f"prompt is {messages!r:.80}; it must be a list of messages")
    last = messages[-1]
    if last.get("role") != "user" or not isinstance(last.get("content"), str):
        raise ValueError(f"the last message is {last!r:.80}; it must be the user's, as text")
    extra = row.get("extra_info") or {}
    told = Budget.from_dict(extra.get("budget"))
    question, said = split_budget(last["content"], told)
    gold = (row.get("reward_model") or {}).get("ground_truth")
    answer_type = extra.get("answer_type") or "math"
    check_gold(gold, answer_type)
    return RowFacts(
        row_id(row),
        row["data_source"],
        (
            *({"role": m["role"], "content": m["content"]} for m in messages[:-1]),
            {"role": "user", "content": question},
        ),
        told if told is not None else said,
        gold,
        answer_type,
    )


def row_id(row: Mapping[str, Any]) -> str:
    """The row's own id; any other row is known by what it asks, whatever the budget."""
    own = (row.get("extra_info") or {}).get("id")
    if own is not None and own != "":
        return str(own)
    try:
        told = Budget.from_dict(row["extra_info"].get("budget")) if row.get("extra_info") else None
        return content_id(split_budget(row["prompt"][-1]["content"], told)[0])
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        return "without id"


def split_budget(content: str, told: Budget | None = None) -> tuple[str, Budget | None]:
    """A message without the budget's sentence at its end, and that budget.

    Args:
        content: the message.
        told: what the row says its budget is; needed for a level, whose words do not say its tokens.

    Example:
        >>> text, budget = split_budget("What is 1+1? Think for 512 tokens.")
        >>> text, budget == Budget("exact", 512)
        ('What is 1+1?', True)
    """
    text, budget = content.rstrip(), budget_in(content, None if told is None else told.tokens)
    if budget is None or not text.endswith(budget.sentence):
        return content, None
    return text.removesuffix(budget.sentence).rstrip(), budget
