"""Tokens of responses whose file does not tell them, by a tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from l1_verl.cli import InputError
from l1_verl.thought import THINK_END

_BATCH = 256


def load_tokenizer(name: str) -> Any:
    """A tokenizer by folder or hub id.

    Raises:
        InputError: there is none.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise InputError(f"no tokenizer at {name}: {str(error).splitlines()[0]}") from None


def recounted(samples: Iterable[dict[str, Any]], tokenizer: Any) -> Iterator[dict[str, Any]]:
    """The samples in order; where tokens are not known they are those of the text, marked ``"recounted"``.

    A text does not say whether EOS followed it, so that EOS is not counted. The thought is the text up to and with its
    first ``</think>``; the thought of a text without one is not known.
    """
    samples = iter(samples)
    while batch := list(islice(samples, _BATCH)):
        unknown = [sample for sample in batch if sample["used_tokens"] is None]
        texts = [sample["response"] for sample in unknown]
        thoughts = [text[: text.find(THINK_END) + len(THINK_END)] if THINK_END in text else "" for text in texts]
        counts = _counts([*texts, *thoughts], tokenizer)
        for sample, used, thinking, thought in zip(unknown, counts, counts[len(texts) :], thoughts, strict=False):
            known = thinking if thought else None
            sample |= {
                "used_tokens": used,
                "thinking_tokens": known,
                "solution_tokens": None if known is None else max(0, used - known),
                "token_source": "recounted",
            }
        yield from batch


def _counts(texts: list[str], tokenizer: Any) -> list[int]:
    return [len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]] if texts else []
