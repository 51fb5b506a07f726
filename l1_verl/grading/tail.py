"""Decodes of a response only what is graded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from l1_verl.grading.extract import THINK_END

# Longer than nearly every final part, far shorter than most thinking.
_TAIL_TOKENS = 512


def decode_tail(tokenizer: Any, token_ids: Sequence[int] | np.ndarray) -> str:
    r"""The text of a response from its last ``</think>`` on; the whole text of a response without one.

    Where the tokenizer has ``</think>`` as one token, the last of them is found among the ids. Elsewhere a bounded
    tail is decoded, and the whole only where ``</think>`` is not in it. Special tokens are left out, but ``</think>``
    stays visible even where it is one.

    Args:
        tokenizer: a Hugging Face tokenizer.
        token_ids: the response's tokens without padding: a list, an array or a tensor.
    """
    ids = np.asarray(token_ids, dtype=np.int64)
    think_end = think_end_id(tokenizer)
    if think_end is not None:
        found = np.flatnonzero(ids == think_end)
        if found.size:
            return THINK_END + _decode(tokenizer, ids[found[-1] + 1 :])
    elif len(ids) > _TAIL_TOKENS:
        text = _decode(tokenizer, ids[-_TAIL_TOKENS:])
        if THINK_END in text:
            return text
    return _decode(tokenizer, ids)


def _decode(tokenizer: Any, ids: np.ndarray) -> str:
    # As an array: of a list, transformers looks at the type of every token.
    return tokenizer.decode(ids, skip_special_tokens=True)


@lru_cache(maxsize=8)
def think_end_id(tokenizer: Any) -> int | None:
    """The token ``</think>``, or ``None`` where the tokenizer has no one token for it."""
    found = tokenizer.convert_tokens_to_ids(THINK_END)
    # A tokenizer without the token answers with its unknown token, or with None.
    return found if found is not None and tokenizer.convert_ids_to_tokens(found) == THINK_END else None
