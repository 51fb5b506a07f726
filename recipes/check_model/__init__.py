"""Checks whether a model can be trained and served under thinking budgets, before anything is loaded or started.

Only the tokenizer and the configuration are read, never the weights, so that it takes seconds::

    python -m recipes.check_model deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B
    python -m recipes.check_model outputs/tiny/base --prompt-length 64 --response-length 160 --json

:mod:`recipes.preflight` makes the same checks before a recipe starts Ray.
"""

from __future__ import annotations

from collections.abc import Callable

from recipes.check_model import prompt, shape, tokens
from recipes.check_model.checkpoint import Checkpoint
from recipes.check_model.finding import Finding, Need

CHECKS: tuple[Callable[[Checkpoint, Need], Finding], ...] = (
    tokens.tokenizer_ids,
    tokens.round_trip,
    tokens.end_of_turn,
    tokens.padding,
    prompt.template,
    prompt.builder,
    prompt.opens_thought,
    tokens.closes_thought,
    prompt.wording,
    shape.context,
    shape.tensor_parallel,
    shape.embedding_rows,
)


def check_model(checkpoint: Checkpoint, need: Need) -> list[Finding]:
    """What every check finds, in the order of :data:`CHECKS`."""
    return [check(checkpoint, need) for check in CHECKS]
