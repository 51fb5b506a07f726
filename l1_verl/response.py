"""A response in tokens: where its thought ends, and how long it could have become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from l1_verl.grading.extract import THINK_END
from l1_verl.grading.tail import think_end_id

#: Where an agent loop says, in verl's ``extra_fields``, how many tokens this response could have had at most.
LIMIT = "lcpo_limit"


def thinking_tokens(token_ids: Sequence[int] | np.ndarray, think_end: int) -> int:
    """Tokens of a response up to and with its first ``</think>``; all of them where there is none.

    The first, since a rollout can watch over no other: whoever goes on thinking after it spends the solution's tokens.

    Args:
        token_ids: the response's tokens without padding.
        think_end: the token ``</think>``, see :func:`require_think_end_id`.

    Example:
        >>> thinking_tokens([5, 6, 9, 7], think_end=9)
        3
    """
    found = np.flatnonzero(np.asarray(token_ids) == think_end)
    return int(found[0]) + 1 if found.size else len(token_ids)


def require_think_end_id(tokenizer: Any) -> int:
    """The token ``</think>`` of a tokenizer that budgets of thinking alone can be used with.

    Raises:
        ValueError: the tokenizer has no one token for ``</think>``, so that no rollout could stop there.
    """
    found = think_end_id(tokenizer)
    if found is None:
        pieces = tokenizer.tokenize(THINK_END)
        raise ValueError(
            f"reward.reward_kwargs.count is 'thinking', but the tokenizer has {THINK_END} as {len(pieces)} tokens "
            f"({' '.join(pieces)}) instead of one; use count=response, or a model whose tokenizer has it as one"
        )
    return found
