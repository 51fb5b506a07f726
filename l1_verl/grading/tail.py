"""Decodes of a response only what is graded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from l1_verl.grading.extract import THINK_END

# Longer than nearly every final part, far shorter than most thinking.
_TAIL_TOKENS = 512


def decode_tail(tokenizer: Any, token_ids: Sequence[int]) -> str:
    r"""The text of a response from its last ``</think>`` on; the whole text of a response without one.

    Where the tokenizer has ``</think>`` as one token, the last of them is found among the ids. Elsewhere a bounded
    tail is decoded, and the whole only where ``</think>`` is not in it. Special tokens are left out, but ``</think>``
    stays visible even where it is one.

    Args:
        tokenizer: a Hugging Face tokenizer.
        token_ids: the response's tokens without padding: a list, an array or a tensor.
    """
    ids = token_ids.tolist() if hasattr(token_ids, "tolist") else list(token_ids)
    think_end = _think_end_id(tokenizer)
    if think_end is not None:
        if think_end in ids:
            last = len(ids) - ids[::-1].index(think_end)
            return THINK_END + tokenizer.decode(ids[last:], skip_special_tokens=True)
    elif len(ids) > _TAIL_TOKENS:
        text = tokenizer.decode(ids[-_TAIL_TOKENS:], skip_special_tokens=True)
        if THINK_END in text:
            return text
    return tokenizer.decode(ids, skip_special_tokens=True)


def _think_end_id(tokenizer: Any) -> int | None:
    found = tokenizer.convert_tokens_to_ids(THINK_END)
    # A tokenizer without the token answers with its unknown token, or with None.
    return found if found is not None and tokenizer.convert_ids_to_tokens(found) == THINK_END else None
