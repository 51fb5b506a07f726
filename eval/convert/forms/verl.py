"""verl's dumps of rollouts and validations (trainer.rollout_data_dir, trainer.validation_data_dir).

A line is ``{"input", "output", "gts", "score", "step"}`` and, in a validation, what the reward manager adds. Ours adds
the budget, the tokens and correctness; texts are decoded without special tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from eval.convert.answered import Answered, Form, Row
from l1_verl.budget import MODES
from l1_verl.data.paths import find, has


def _read(row: Row) -> Iterator[Answered]:
    if row.get("output") is None or row.get("gts") is None:
        raise ValueError(f"it has no {'output' if row.get('output') is None else 'gts'}")
    # used_tokens is what was held against the budget: with count=thinking the thought alone.
    used = _known(find(row, "response_tokens", "used_tokens"))
    solution = _known(row.get("solution_tokens"))
    yield Answered(
        response=row["output"],
        gold=row["gts"],
        problem=row["input"],
        benchmark=row.get("data_source"),
        budget=_known(row.get("budget_tokens")),
        mode=_mode(row),
        used=used,
        thinking=None if used is None or solution is None else used - solution,
        truncated=row.get("truncated"),
        # acc is correctness; a score may be shaped by length.
        label=find(row, "acc", "score"),
    )


def _mode(row: Row) -> str | None:
    """How LCPORewardManager understood the budget; None where it did not say, and the prompt's words tell."""
    if "budget_tokens" in row and _known(row["budget_tokens"]) is None:
        return "none"
    mode = _known(row.get("budget_mode", row.get("budget_is_max")))
    return None if mode is None else MODES[int(mode)]


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


FORM = Form(
    "verl",
    "dumps of verl's trainer.validation_data_dir and rollout_data_dir",
    lambda row: has(row, "input", "output", "gts"),
    _read,
)
