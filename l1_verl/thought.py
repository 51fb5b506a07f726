"""The thought of a response: where it ends, how many tokens it has, and what of the response is read.

A thought is what stands before ``</think>``. Of several, the first ends the thought that a budget counts, since a
rollout can only watch for the first; the last begins the part that is graded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np

from l1_verl.budget import Budget

THINK_START, THINK_END = "<think>", "</think>"

#: Which tokens are held against a budget: all of the response, or those of the thought.
Count = Literal["response", "thinking"]

#: Key of verl's ``extra_fields``: how many tokens the agent loop allowed this response at most.
LIMIT = "lcpo_limit"

# Tokens at the end of a prompt among which a template opens, or closes, a thought.
PROMPT_END = 8

# Longer than nearly every final part, far shorter than most thoughts.
_TAIL_TOKENS = 512


@lru_cache(maxsize=8)
def think_end_id(tokenizer: Any) -> int | None:
    """The token ``</think>``, or ``None`` where the tokenizer spells it with several."""
    found = tokenizer.convert_tokens_to_ids(THINK_END)
    # A tokenizer without the token answers with its unknown token, or with None.
    return found if found is not None and tokenizer.convert_ids_to_tokens(found) == THINK_END else None


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


def closed_by(prompt_ids: Sequence[int] | np.ndarray, think_end: int) -> bool:
    """Whether a prompt ends with a closed thought, as Qwen3's does with ``enable_thinking=false``: none follows.

    Args:
        prompt_ids: the prompt's tokens, with no padding behind them.
        think_end: the token ``</think>``.

    Example:
        >>> closed_by([5, 8, 9], think_end=9), closed_by([9, *range(10, 18)], think_end=9)
        (True, False)
    """
    return bool(np.any(np.asarray(prompt_ids[-PROMPT_END:]) == think_end))


class Closing(NamedTuple):
    """How a prompt is changed so that it closes the thought.

    Attributes:
        dropped: tokens taken from its end.
        added: tokens put there then; none where the thought cannot be closed.
    """

    dropped: int
    added: tuple[int, ...]


def close_prompt(tokenizer: Any, prompt_ids: Sequence[int], **arguments: Any) -> list[int]:
    """A prompt that has closed the thought; as it is where it has already, or nothing can close it.

    Args:
        tokenizer: a Hugging Face tokenizer with a chat template.
        prompt_ids: the prompt's tokens, with no padding.
        arguments: of the template, which the prompt was rendered with.
    """
    think_end = think_end_id(tokenizer)
    if think_end is None or closed_by(prompt_ids, think_end):
        return list(prompt_ids)
    change = closing(tokenizer, **arguments)
    return [*prompt_ids[: len(prompt_ids) - change.dropped], *change.added]


@lru_cache(maxsize=8)
def closing(tokenizer: Any, **arguments: Any) -> Closing:
    """How a prompt of this tokenizer's template closes the thought at once.

    As the template does with ``enable_thinking=false``, where it knows that (Qwen3); with ``</think>``, where it opens
    the thought (DeepSeek-R1). A model without either is left to its prompt's words.

    Args:
        tokenizer: a Hugging Face tokenizer with a chat template.
        arguments: of the template.
    """
    think_end = think_end_id(tokenizer)
    if think_end is None:
        return Closing(0, ())
    probe = [{"role": "user", "content": "?"}]
    usual, closed = (prompt_tokens(tokenizer, probe, **arguments | more) for more in ({}, {"enable_thinking": False}))
    if closed_by(usual, think_end):
        return Closing(0, ())
    if closed_by(closed, think_end):
        same = next((i for i, (a, b) in enumerate(zip(usual, closed, strict=False)) if a != b), len(usual))
        return Closing(len(usual) - same, tuple(closed[same:]))
    return Closing(0, (think_end,) if opened_by(tokenizer, usual) else ())


def opened_by(tokenizer: Any, prompt_ids: Sequence[int]) -> bool:
    """Whether a prompt ends with an opened thought, as DeepSeek-R1's does."""
    return str(tokenizer.decode(list(prompt_ids[-PROMPT_END:]))).rstrip().endswith(THINK_START)


def prompt_tokens(tokenizer: Any, messages: Sequence[Mapping[str, Any]], **arguments: Any) -> list[int]:
    """The tokens of a conversation, up to where the model begins to answer.

    Args:
        tokenizer: a Hugging Face tokenizer with a chat template.
        messages: the conversation.
        arguments: of the template.
    """
    rendered = tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=True, **arguments)
    return list(rendered["input_ids"] if hasattr(rendered, "keys") else rendered)


def counted_tokens(response: int, thinking: int | None, *, count: Count, budget: Budget | None) -> int:
    """n_y: the tokens of a response that are held against its budget.

    Args:
        response: all its tokens.
        thinking: those of its thought, see :func:`thinking_tokens`; None where nobody knows, then all count.
        count: "response" or "thinking".
        budget: the budget. Under 0, which asks for no thought, the thought alone counts, without its ``</think>``.

    Example:
        >>> counted_tokens(612, 500, count="response", budget=Budget("exact", 512))
        612
        >>> counted_tokens(90, 1, count="response", budget=Budget("exact", 0))
        0
    """
    if thinking is None:
        return response
    if budget is not None and budget.tokens == 0:
        return max(0, thinking - 1)
    return thinking if count == "thinking" else response


def thinking_tokens(token_ids: Sequence[int] | np.ndarray, think_end: int, *, closed: bool = False) -> int:
    """Tokens of a response up to and with its first ``</think>``; without one all of them, or none if ``closed``.

    Args:
        token_ids: the response's tokens without padding.
        think_end: the token ``</think>``, see :func:`require_think_end_id`.
        closed: whether the prompt has closed the thought already, see :func:`closed_by`.

    Example:
        >>> thinking_tokens([5, 6, 9, 7], think_end=9), thinking_tokens([5, 6], think_end=9, closed=True)
        (3, 0)
    """
    found = np.flatnonzero(np.asarray(token_ids) == think_end)
    if found.size:
        return int(found[0]) + 1
    return 0 if closed else len(token_ids)


def final_text(response: str, *, require_think_end: bool = False) -> str | None:
    """The part of a response that is graded: what follows its last ``</think>``.

    Args:
        response: the model's text.
        require_think_end: a response without ``</think>`` has no final part (``None``); otherwise it is all final.

    Example:
        >>> final_text("<think>1?</think>It is 2")
        'It is 2'
    """
    _, found, tail = response.rpartition(THINK_END)
    return None if require_think_end and not found else tail


def decode(tokenizer: Any, token_ids: Sequence[int] | np.ndarray) -> str:
    """The text of tokens without EOS and other control tokens, but with every ``</think>``.

    Args:
        tokenizer: a Hugging Face tokenizer.
        token_ids: tokens without padding: a list, an array or a tensor.
    """
    # As an array: of a list, transformers looks at the type of every token.
    ids = np.asarray(token_ids, dtype=np.int64)
    hidden = _hidden(tokenizer)
    if hidden is None:
        return str(tokenizer.decode(ids, skip_special_tokens=True))
    return str(tokenizer.decode(ids[~np.isin(ids, hidden)]))


@lru_cache(maxsize=8)
def _hidden(tokenizer: Any) -> np.ndarray | None:
    """The control tokens to leave out where ``</think>`` is one of them; else None: the tokenizer can do it."""
    think_end = think_end_id(tokenizer)
    if think_end is None or tokenizer.decode([think_end], skip_special_tokens=True):
        return None
    added = {token for token, content in tokenizer.added_tokens_decoder.items() if content.special}
    return np.array(sorted({*tokenizer.all_special_ids, *added} - {think_end}), dtype=np.int64)


def decode_tail(tokenizer: Any, token_ids: Sequence[int] | np.ndarray) -> str:
    """As :func:`decode`, from the last ``</think>`` on: all that grading reads of a long response.

    Where ``</think>`` is one token, the last of them is found among the ids. Elsewhere a bounded tail is decoded, and
    the whole only where ``</think>`` is not in it.
    """
    ids = np.asarray(token_ids, dtype=np.int64)
    think_end = think_end_id(tokenizer)
    if think_end is not None:
        found = np.flatnonzero(ids == think_end)
        return decode(tokenizer, ids[found[-1] :] if found.size else ids)
    if len(ids) > _TAIL_TOKENS:
        text = decode(tokenizer, ids[-_TAIL_TOKENS:])
        if THINK_END in text:
            return text
    return decode(tokenizer, ids)
